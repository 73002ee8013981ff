"""Machine instructions of one served request: by the CPU's own counter where it may be read, by callgrind otherwise."""

import http.client
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

from harness.instructions import InstructionCounter
from harness.kept import Kept
from harness.servers import ServerFailed
from tools.served.experiment import PATIENCE, Experiment, ServedCell, tree, verify, wait_until_idle
from tools.terminal import NoCounter

REQUESTS = 20
"""Requests that callgrind counts, after as many that it does not."""

SWITCHED = 60.0
"""Seconds in which valgrind takes a command."""


class ServerCounter:
    """The CPU's counter, of all processes and threads of a server, under the load of a second."""

    name = "perf_event_open"

    def under(self, folder: Path) -> Sequence[str]:
        """Return the start of the command that runs a server; what it writes goes to ``folder``."""
        return ()

    def per_request(self, experiment: Experiment, server: Kept, address: str, cell: ServedCell) -> float:
        """Return the instructions of one request.

        Raises Unavailable, ServerFailed, and LoadFailed or NoCounter where they are not counted.
        """
        counted = experiment.loaded(server, address, cell).instructions
        if counted is None:
            raise NoCounter("no instructions: the keeper of the server may not open the CPU's counter")
        return counted


class ServerCallgrind(ServerCounter):
    """valgrind's simulation, some fifty times slower: of requests one after the other on one connection.

    It counts while vgdb, which valgrind has for that, has told each process of the server to. Told from outside, it
    skips the start of the server, which is a hundred times the requests, and needs nothing of the server's. A worker
    that was forked takes commands only with --trace-children.
    """

    name = "callgrind"

    def under(self, folder: Path) -> Sequence[str]:
        places = [f"--callgrind-out-file={folder}/callgrind.%p", f"--vgdb-prefix={self._prefix(folder)}"]
        return ["valgrind", "--tool=callgrind", "--trace-children=yes", "--instr-atstart=no", *places]

    def per_request(self, experiment: Experiment, server: Kept, address: str, cell: ServedCell) -> float:
        verify(address, cell)
        wait_until_idle(server)
        path = cell.page.path(cell.view)
        ask(address, path, REQUESTS)
        processes = [process.pid for process in tree(server.pid)[1:]]
        for pid in processes:
            self._tell(experiment.folder, pid, "instrumentation on")
        ask(address, path, REQUESTS)
        return sum(self._counted(experiment.folder, pid) for pid in processes) / REQUESTS

    def _counted(self, folder: Path, pid: int) -> int:
        """Stop counting, and return the instructions of a process."""
        self._tell(folder, pid, "instrumentation off", "dump")
        (dump,) = folder.glob(f"callgrind.{pid}.*")
        return int(re.findall(r"^totals: (\d+)", dump.read_text(), re.MULTILINE)[0])

    def _tell(self, folder: Path, pid: int, *commands: str) -> None:
        words = [word for command in commands for word in ("-c", *command.split())]
        vgdb = ["vgdb", f"--vgdb-prefix={self._prefix(folder)}", f"--pid={pid}", *words]
        try:
            subprocess.run(vgdb, capture_output=True, check=True, timeout=SWITCHED)
        except (subprocess.SubprocessError, OSError) as problem:
            raise NoCounter(f"no instructions: valgrind takes no commands: {problem}") from problem

    def _prefix(self, folder: Path) -> Path:
        return folder / "vgdb"


def counter() -> ServerCounter:
    """Return what counts instructions here. Raises NoCounter, with the reason and the remedy, where nothing does."""
    try:
        InstructionCounter().close()
    except OSError as problem:
        if shutil.which("valgrind") and shutil.which("vgdb"):
            return ServerCallgrind()
        raise NoCounter(f"no instructions: {problem}; allow perf_event_open or install valgrind") from problem
    return ServerCounter()


def ask(address: str, path: str, times: int) -> None:
    """Ask so many times, one after the other, on one connection where the server keeps it. Raises ServerFailed."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=PATIENCE)
    with closing(connection):
        for _ in range(times):
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException) as problem:
                raise ServerFailed(f"no answer: {problem}") from problem
            if response.status != HTTPStatus.OK:
                raise ServerFailed(f"answered {response.status}")
