"""Load by wrk or by Locust, each a program of its own, and what it saw.

Closed: so many connections, each with one request under way. Open: arrivals at a fixed rate, whatever the answers
take; a request's latency counts from when it was due.
"""

import itertools
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.kept import Kept
from harness.servers import free_port
from tools.process import our_cpus
from tools.terminal import Problem

HERE = Path(__file__).parent
GENERATORS = ("wrk", "locust")
PATIENCE = 30
"""Seconds that wrk waits for an answer, and by which a generator may run longer than it was asked to."""

WORKERS_WAIT = 60
"""Seconds that locust waits for its workers on other machines, before each load."""

LONGEST = 600
"""Seconds within which wrk must have sent the requests that it was asked for."""

LATENCY_SAMPLES = {"p50": 10, "p95": 40, "p99": 200}
"""Requests without which a percentile is not shown: two of them lie beyond it."""


class LoadFailed(Exception):
    """The generator did not run to its end."""


@dataclass(frozen=True)
class Shape:
    """What load is made: ``connections`` in a closed loop, or ``rate`` arrivals a second in an open one."""

    connections: int = 0
    rate: float = 0.0

    def __str__(self) -> str:
        return f"{self.rate:g}/s" if self.rate else str(self.connections)


@dataclass(frozen=True)
class Load:
    """What a generator saw: answers of status 2xx, errors (other answers, and none), seconds, latencies in seconds.

    ``first_p50`` and ``first_p95`` are until the first byte of the body, None where that was not asked for.
    """

    good: int
    errors: int
    seconds: float
    p50: float | None
    p95: float | None
    p99: float | None
    first_p50: float | None = None
    first_p95: float | None = None

    @property
    def throughput(self) -> float:
        """Requests a second that were answered with 2xx: errors are fast and must not count."""
        return self.good / self.seconds


@dataclass(frozen=True)
class Generator:
    """Which program makes load, with which settings.

    ``requests``: so many, however long they take; ``close``: each request on a connection of its own; ``leave``: the
    milliseconds after which a client closes its connection, an error, if no byte has come, 0 if it waits.
    """

    name: str
    cpus: frozenset[int]
    folder: Path
    processes: int = 1
    remote_workers: int = 0
    bind: str = "127.0.0.1"
    close: bool = False
    requests: int = 0
    leave: int = 0

    def load(
        self, host: str, path: str, shape: Shape, seconds: int, cookie: str = "", first_byte: bool = False
    ) -> Load:
        """Make load for some seconds, each request with a cookie; Locust alone tells of a first byte, and leaves.

        Raises LoadFailed with the generator's last words.
        """
        if self.name == "wrk" and not (shape.rate or first_byte or self.leave):
            return self._wrk(host, path, shape, seconds, cookie)
        if self.requests and shape.rate:
            seconds = math.ceil(self.requests / shape.rate)
        options = [*(["--cookie", cookie] if cookie else []), *(["--first-byte"] if first_byte else [])]
        return self._locust(host, path, shape, seconds, options)

    def _wrk(self, host: str, path: str, shape: Shape, seconds: int, cookie: str) -> Load:
        seconds = LONGEST if self.requests else seconds
        threads = 1 if self.requests else min(len(self.cpus), shape.connections)  # each would count its own
        options = {"--threads": threads, "--connections": shape.connections, "--duration": f"{seconds}s"}
        options |= {"--timeout": f"{PATIENCE}s", "--script": HERE / "wrk.lua"}
        words = [str(word) for option in options.items() for word in option]
        words += ["--header", "Connection: close"] if self.close else []
        words += ["--header", f"Cookie: {cookie}"] if cookie else []
        command = ["wrk", *words, host + path, "--", str(self.requests)]
        saw = json.loads(self._run(command, seconds).read_text().splitlines()[-1])
        if saw["requests"] < self.requests:
            raise LoadFailed(f"wrk had {saw['requests']} of {self.requests} requests in {LONGEST} seconds")
        good = saw["requests"] - saw["bad"]
        return Load(good, saw["bad"] + saw["broken"], saw["seconds"], *_latencies(good, saw))

    def _locust(self, host: str, path: str, shape: Shape, seconds: int, options: Sequence[str]) -> Load:
        users = self.processes + self.remote_workers if shape.rate else shape.connections
        answer = self.folder / "locust"
        words = ["--headless", "--skip-log", "--only-summary", "--locustfile", str(HERE / "locustfile.py")]
        words += ["--users", str(users), "--spawn-rate", str(max(users, 100)), "--run-time", f"{seconds}s"]
        words += ["--json-file", str(answer), "--exit-code-on-error", "0", *self._distributed()]
        words += ["--host", host, "--path", path, "--arrivals", str(shape.rate), "--sources", str(users)]
        words += ["--leave", str(self.leave), *(["--close"] if self.close else []), *options]
        self._run([sys.executable, "-m", "locust", *words], seconds + (WORKERS_WAIT if self.remote_workers else 0))
        return _of_locust(json.loads(answer.with_suffix(".json").read_text()))

    def _distributed(self) -> Sequence[str]:
        if self.remote_workers:
            expected = ["--expect-workers", str(self.remote_workers), "--expect-workers-max-wait", str(WORKERS_WAIT)]
            return ["--master", "--master-bind-host", self.bind, *expected]
        if self.processes == 1:
            return []
        port = str(free_port())
        place = ["--master-bind-host", self.bind, "--master-bind-port", port, "--master-port", port]
        return ["--processes", str(self.processes), "--expect-workers", str(self.processes), *place]

    def _run(self, command: Sequence[str], seconds: int) -> Path:
        """Run a program on the generator's CPUs and return its output."""
        log = self.folder / "generator.log"
        with Kept(command, log, cpus=set(self.cpus)) as program:
            try:
                status = program.wait(seconds + PATIENCE)
            except subprocess.TimeoutExpired as problem:
                raise LoadFailed(f"{command[0]} does not end: {program.last_words()}") from problem
            if status:
                raise LoadFailed(f"{command[0]} ended with status {status}: {program.last_words()}")
        return log


def _of_locust(rows: Sequence[Mapping[str, Any]]) -> Load:
    if not rows:
        raise LoadFailed('locust sent no request: give it longer, OPTIONS="--seconds 5"')
    by_name = {row["name"]: row for row in rows}
    row = by_name["get"]
    requests, bad = row["num_requests"], row["num_failures"]
    seconds = row["last_request_timestamp"] - row["start_time"]
    first = _latencies_of(by_name["first byte"])[:2] if "first byte" in by_name else []
    return Load(requests - bad, bad, seconds, *_latencies_of(row), *first)


def _latencies_of(row: Mapping[str, Any]) -> list[float | None]:
    times = sorted((float(milliseconds), count) for milliseconds, count in row["response_times"].items())
    percentiles = {name: _percentile(times, int(name[1:]) / 100) for name in LATENCY_SAMPLES}
    return _latencies(row["num_requests"] - row["num_failures"], percentiles)


def _percentile(times: Sequence[tuple[float, int]], part: float) -> float:
    """Return the time in seconds within which this part of a histogram of milliseconds lies."""
    wanted = part * sum(count for _, count in times)
    so_far = itertools.accumulate(count for _, count in times)
    return next(milliseconds for (milliseconds, _), count in zip(times, so_far, strict=True) if count >= wanted) / 1000


def _latencies(good: int, percentiles: Mapping[str, float]) -> list[float | None]:
    return [percentiles[name] if good >= least else None for name, least in LATENCY_SAMPLES.items()]


def check(name: str) -> None:
    """Raise Problem where a generator is not installed or not known."""
    if name not in GENERATORS:
        raise Problem(f"no generator {name}: there are {', '.join(GENERATORS)}")
    if name == "wrk" and not shutil.which("wrk"):
        raise Problem("wrk is not installed: apt-get install wrk, or GENERATOR=locust")


def cpus() -> tuple[frozenset[int], frozenset[int]]:
    """Return the CPUs of the servers and those of the generator: the last one, or all where there is only one."""
    ours = our_cpus()
    return (frozenset(ours[:-1]), frozenset(ours[-1:])) if len(ours) > 1 else (frozenset(ours), frozenset(ours))
