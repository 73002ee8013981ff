"""Measures one cell: a server, a page, its view, a load. A fresh server for each: a backlog outlives its load."""

import contextlib
import http.client
import math
import os
import re
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from benchproject.served.visitor import HEADER, NAME
from harness import servers
from harness.kept import Kept
from harness.servers import ServerFailed
from tools.process import measured_environment
from tools.served.load import Generator, Load, LoadFailed, Shape
from tools.served.pages import MIDDLEWARE, Page
from tools.served.postgresql import Database
from tools.served.settings import Settings
from tools.site.grouping import groups

PYTHON = str(Path(sys.prefix, "served", "bin", "python"))
"""The Python of the servers' environment, which the Makefile sets up."""

PATIENCE = 10.0
"""Seconds that an answer may take while nothing else is asked."""

SLOW = 5.0
"""Seconds beyond what a page must take; longer is reported as slow."""

IDLE = 0.01
"""Seconds of CPU, the kernel's tick, that processes may take in a tenth of a second and yet be idle."""

WARM_UP = 0.5
"""Seconds of requests, one after the other, before the load."""

LIMIT = 0.8
"""Beyond this part of what the generator reaches, a cell shows the generator's limit rather than the server's."""

PAUSE = 0.2
"""Seconds between the end of one cell and the start of the next."""


DEBUGGING = ("PYTHONASYNCIODEBUG", "FORUM_DEBUG")
"""The variables by which users slow down what is served, to see what that costs."""

BARE = ("granian-asgi", "none", "benchproject.served.bare:application")
"""The server of the bare callable, which is fast enough to let the generator be the limit."""


class Unavailable(Exception):
    """What the project, on this Django, cannot do: n/a."""


@dataclass(frozen=True)
class ServedCell:
    """A server, a page, its view, and the load."""

    server: str
    page: Page
    view: str
    shape: Shape

    def __str__(self) -> str:
        return f"{self.page} {self.server} {self.view}"


class Usage(NamedTuple):
    """What processes have used so far: seconds of CPU, instructions in user space, nan where not counted."""

    seconds: float
    cpu: float
    instructions: float
    database_cpu: float
    machine_cpu: float
    tool_cpu: float


class ServedAnswer(NamedTuple):
    """What a server answered: to whom, as it says, and after how many seconds its body began, and was whole."""

    status: int
    body: bytes
    user: str
    first: float
    seconds: float


@dataclass
class ServedResult:
    """What one cell did: figures for each request, or ``failed`` or ``unavailable`` with the reason.

    Seconds, bytes and instructions; ``memory`` is there after the load, and ``grown`` is what of it was not before.
    ``others`` is the part of the machine that neither servers nor load took, ``bare`` the requests a second of a bare
    callable under the same load, before and after. ``workers`` are those of the server.
    """

    cell: ServedCell
    load: Load | None = None
    workers: int = 0
    cpu: float | None = None
    instructions: float | None = None
    database_cpu: float | None = None
    memory: int | None = None
    peak_memory: int | None = None
    grown: int | None = None
    database_connections: int | None = None
    others: float | None = None
    bare: float | None = None
    limited: bool = False
    failed: str = ""
    unavailable: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON holds it: the cell's names, then the figures, with load's beside them."""
        figures = asdict(self)
        cell, load = figures.pop("cell"), figures.pop("load") or {}
        names = {"page": str(self.cell.page), "middleware": self.cell.page.middleware}
        names |= {name: cell[name] for name in ("server", "view")}
        throughput = {"throughput": self.load.throughput} if self.load else {}
        return {**names, **cell["shape"], **load, **throughput, **figures}


@dataclass
class Experiment:
    """What all cells share: where Django lies, and what loads it.

    ``under`` is the start of the command that runs a server, such as valgrind's.
    """

    settings: Settings
    environment: Mapping[str, str]
    generator: Generator
    server_cpus: frozenset[int]
    folder: Path
    database: Database | None = None
    ceiling: float | None = None
    under: Sequence[str] = ()

    def measure(self, cell: ServedCell) -> ServedResult:
        """Start the cell's server, verify its answer, warm it up and load it. What goes wrong is in the result."""

        def measured() -> ServedResult:
            with self.served(cell.server, cell.page.middleware) as (server, address), self._bare(cell.shape) as bare:
                before = bare()
                result = self.loaded(server, address, cell)
                result.bare = statistics.mean([before, bare()]) if self.settings.bare else None
            time.sleep(PAUSE)
            return result

        return replace(attempt(cell, measured), workers=self.settings.workers)

    def verify(self, server: str, pages: Sequence[Page], views: Sequence[str]) -> list[ServedResult]:
        """Start a server behind each middleware and ask for each page once; return what is wrong, and no figures."""
        cells = [ServedCell(server, page, view, Shape(1)) for page in pages for view in views]
        behind = groups(cells, lambda cell: cell.page.middleware)
        return [result for middleware, own in behind.items() for result in self._verify(server, middleware, own)]

    def _verify(self, server: str, middleware: str, cells: Sequence[ServedCell]) -> list[ServedResult]:
        try:
            with self.served(server, middleware) as (_, address):
                return [attempt(cell, partial(verify, address, cell)) for cell in cells]
        except ServerFailed as problem:
            return [ServedResult(cell, failed=str(problem)) for cell in cells]

    @contextlib.contextmanager
    def served(
        self, name: str, middleware: str = "none", application: str | None = None
    ) -> Iterator[tuple[Kept | None, str]]:
        """Yield a server with its address, or the address of the machine that HOST names."""
        if self.settings.host:
            yield None, self.settings.host
            return
        environment = {**self.environment, "DJANGO_SETTINGS_MODULE": MIDDLEWARE[middleware]}
        options: dict[str, Any] = {"workers": self.settings.workers, "threads": self.settings.threads}
        options |= {"under": [*without_others(environment), *self.under]}
        options |= {"application": application, "python": PYTHON}
        with servers.served(name, self.folder / "server.log", environment, **options) as (server, port):
            pin(server, self.server_cpus)  # not before, or its workers would start one after the other
            yield server, f"http://127.0.0.1:{port}"

    @contextlib.contextmanager
    def _bare(self, shape: Shape) -> Iterator[Callable[[], float]]:
        """Yield what loads a bare callable, half as long as a cell, for its requests a second; 0 if not asked for."""
        if not self.settings.bare:
            yield float
            return
        with self.served(*BARE) as (_, address):
            seconds = max(1, self.settings.seconds // 2)
            yield lambda: self.generator.load(address, "/", shape, seconds).throughput

    def measure_ceiling(self) -> None:
        """Measure the requests a second that the generator reaches where nothing but a bare callable answers."""
        with self.served(*BARE) as (_, address):
            self.ceiling = self.generator.load(address, "/", Shape(64), self.settings.seconds).throughput

    def loaded(self, server: Kept | None, address: str, cell: ServedCell) -> ServedResult:
        """Verify a server's answer, warm it up and load it. Raises Unavailable, ServerFailed, LoadFailed."""
        verify(address, cell)
        path = cell.page.path(cell.view)
        if server:
            wait_until_idle(server)
        end = time.monotonic() + WARM_UP
        while time.monotonic() < end:
            get(address, path, cell.page.cookie)
        there = reset_peaks(server) if server else 0
        with self._watching_connections(cell.page) as held:
            before = self._usage(server)
            load = self.generator.load(
                address, path, cell.shape, self.settings.seconds, cell.page.cookie, cell.page.is_stream
            )
            after = self._usage(server)
        result = ServedResult(cell, load, database_connections=max(held) if held else None)
        result.limited = bool(self.ceiling and max(load.throughput, cell.shape.rate) >= LIMIT * self.ceiling)
        if server and before and after:
            result.memory, result.peak_memory = memory_of(server), peak_memory_of(server)
            result.grown = result.memory - there
            self._share_out(after, before, result)
        return result

    def _share_out(self, after: Usage, before: Usage, result: ServedResult) -> None:
        """Put into a result what was used meanwhile, by request."""
        assert result.load
        requests = max(1, result.load.good + result.load.errors)
        used = Usage(*[late - early for late, early in zip(after, before, strict=True)])
        result.cpu = used.cpu / requests
        result.database_cpu = used.database_cpu / requests if self.database else None
        result.instructions = None if math.isnan(used.instructions) else used.instructions / requests
        others = used.machine_cpu - used.cpu - used.database_cpu - used.tool_cpu
        result.others = max(0.0, others / used.seconds / (os.cpu_count() or 1))

    def _usage(self, server: Kept | None) -> Usage | None:
        if server is None:
            return None
        if server.ended is not None:
            raise ServerFailed(f"ended under load with status {server.ended}: {server.last_words()}")
        times = psutil.cpu_times()
        machine = sum(times) - times.idle - getattr(times, "iowait", 0.0)
        own = os.times()
        database = cpu_of(self.database.pid) if self.database and self.database.pid else 0.0
        instructions = server.instructions()
        instructions = math.nan if instructions is None else instructions
        return Usage(time.monotonic(), cpu_of(server.pid), instructions, database, machine, sum(own[:4]))

    @contextlib.contextmanager
    def _watching_connections(self, page: Page) -> Iterator[list[int]]:
        """Ask PostgreSQL ten times a second how many connections it has."""
        held: list[int] = []
        database, done = self.database, threading.Event()
        if database is None or not page.needs_postgresql:
            yield held
            return

        def watch() -> None:
            while not done.wait(0.1):
                held.append(database.connections())

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield held
        finally:
            done.set()
            thread.join()


def attempt(cell: ServedCell, measured: Callable[[], ServedResult | None]) -> ServedResult:
    """Return what a cell did, or why it did not."""
    try:
        return measured() or ServedResult(cell)
    except Unavailable as problem:
        return ServedResult(cell, unavailable=str(problem))
    except (ServerFailed, LoadFailed) as problem:
        return ServedResult(cell, failed=str(problem))


def verify(address: str, cell: ServedCell) -> None:
    """Prove one answer: its status, its bytes, whose it is, that it took as long as its waits do, and came in parts.

    Raises Unavailable for what cannot be on this Django, ServerFailed for everything else.
    """
    page, path = cell.page, cell.page.path(cell.view)
    try:
        judge(page, servers.SERVERS[cell.server].interface, get(address, path, page.cookie))
        if page.cookie and (status := get(address, path).status) != HTTPStatus.FORBIDDEN:
            raise ServerFailed(f"answered {status} without a session")
    except ServerFailed as problem:
        raise ServerFailed(f"{page}: {problem}") from problem


def get(address: str, path: str, cookie: str = "") -> ServedAnswer:
    """Return the answer to one GET. Raises ServerFailed where there is none."""
    with contextlib.closing(http.client.HTTPConnection(address.removeprefix("http://"), timeout=PATIENCE)) as server:
        began = time.monotonic()
        try:
            server.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            response = server.getresponse()
            body = response.read(1)
            first = time.monotonic() - began
            body += response.read()
        except TimeoutError as problem:
            raise ServerFailed(f"no answer within {PATIENCE:g} seconds") from problem
        except (OSError, http.client.HTTPException) as problem:
            raise ServerFailed(f"no answer: {problem}") from problem
        return ServedAnswer(response.status, body, response.getheader(HEADER, ""), first, time.monotonic() - began)


def judge(page: Page, interface: str, answer: ServedAnswer) -> None:
    """Raise Unavailable or ServerFailed unless an answer is right."""
    if answer.status == HTTPStatus.NOT_IMPLEMENTED:
        raise Unavailable(answer.body.decode(errors="replace"))
    if answer.status != HTTPStatus.OK:
        raise ServerFailed(f"answered {answer.status}")
    if answer.body != page.body:
        raise ServerFailed(f"wrong answer: {answer.body[:60]!r}")
    if page.cookie and answer.user != NAME:
        raise ServerFailed(f"answered for {answer.user or 'nobody'}, not for {NAME}")
    if answer.seconds < page.seconds:
        raise ServerFailed(f"answered after {answer.seconds * 1000:.0f} ms, before its waits can be over")
    if page.comes_in_parts(interface) and answer.seconds - answer.first < page.seconds / 2:
        raise ServerFailed(f"came at once after {answer.seconds * 1000:.0f} ms, not in parts")
    if answer.seconds > page.seconds + SLOW:
        raise ServerFailed(f"answers slowly: {answer.seconds:.1f} s")


def without_others(own: Mapping[str, str]) -> list[str]:
    """Return the start of a command that has no other variables than its own, and those that measured code may see."""
    seen = {*own, *measured_environment(), *DEBUGGING, "PYTHONPATH"}  # the last is the keeper's
    return ["env", *[f"--unset={name}" for name in os.environ if name not in seen]]


def wait_until_idle(server: Kept) -> None:
    """Wait until all its workers have started: the first one that has answers for all. Raises ServerFailed."""
    deadline = time.monotonic() + servers.READY_SECONDS
    while time.monotonic() < deadline:
        before = cpu_of(server.pid)
        time.sleep(0.1)
        if cpu_of(server.pid) - before <= IDLE:
            return
    raise ServerFailed(f"not idle within {servers.READY_SECONDS:g} seconds without a request")


def pin(server: Kept, cpus: frozenset[int]) -> None:
    """Keep all threads of a server, and those that they will start, on some CPUs."""
    for process in tree(server.pid):
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            for thread in process.threads():
                os.sched_setaffinity(thread.id, cpus)


def cpu_of(pid: int) -> float:
    """Return the seconds of CPU of a process and all that it started, those which have ended too."""
    seconds = 0.0
    for process in tree(pid):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended, and is in its parent's sum
            seconds += sum(process.cpu_times()[:4])
    return seconds


def memory_of(server: Kept) -> int:
    """Return the bytes of memory of a server's processes; what they share counts once."""
    return sum(process.memory_full_info().pss for process in tree(server.pid)[1:])


def reset_peaks(server: Kept) -> int:
    """Have the peak of each process start anew, at what it has now; return the bytes as memory_of does."""
    for process in tree(server.pid)[1:]:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # proc(5): resets VmHWM
    return memory_of(server)


def peak_memory_of(server: Kept) -> int:
    """Return the sum of the peaks of a server's processes, in bytes.

    The kernel keeps each one's (VmHWM), so that no peak falls between two samples, and nothing samples under load. The
    sum is at most too high: the peaks may be of different moments, and what processes share counts in each.
    """
    peak = 0
    for process in tree(server.pid)[1:]:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak += 1024 * int(re.findall(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)[0])
    return peak


def tree(pid: int) -> list[psutil.Process]:
    """Return a keeper's process, then all that it started; nothing where it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        keeper = psutil.Process(pid)
        return [keeper, *keeper.children(recursive=True)]
    return []
