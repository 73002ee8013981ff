"""Sync or async for my view? What was measured of pages that only wait, and what the model says of it and beyond it."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.servers import SERVERS
from tools.site.grouping import groups
from tools.site.model import throughput
from tools.site.runs import Row, ServedRun, median

Waited = tuple[int, Row]
"""A cell of a page that only waits, after its milliseconds."""

WAITING = re.compile(r"hello|wait-(\d+)ms")
"""The pages that do nothing but wait, so that a visitor's own view can be held against them."""

REPEATS = 0.14
"""The least part by which rates must differ to be told apart, whatever their own repeats and other runs say."""

ASKED_WAITS = (0, 5, 10, 20, 50, 100, 200)
ASKED_WORKERS = (1, 2, 4, 8, 16)
"""Milliseconds and workers that a visitor may choose where they were not measured: the model answers alone."""


class Choice(NamedTuple):
    """What serves a view that waits so many milliseconds, and how much: measured, in which run, and by the model.

    ``repeats`` is the part by which the rate may differ when it is measured again.
    """

    wait: int
    connections: int
    workers: int
    server: str
    view: str
    measured: float | None
    p95: float | None
    modelled: float | None
    run: str
    repeats: float


def choices(runs: Sequence[ServedRun]) -> list[Choice]:
    """Return what a visitor may choose, what serves more first."""
    found = [each for run in comparable(runs) for each in choices_of(run)]
    told = map(told_once, groups(found, lambda each: each[:5]).values())
    return sorted(told, key=lambda each: (*each[:3], -(each.measured or each.modelled or 0)))


def told_once(same: Sequence[Choice]) -> Choice:
    """Return what the first run says that measured it, and by what part it differs from what others measured."""
    measured = [each for each in same if each.measured]
    rates = [each.measured or 0 for each in measured] or [1]
    first = next(iter(measured), same[0])
    return first._replace(repeats=max(first.repeats, max(rates) / min(rates) - 1))


def comparable(runs: Sequence[ServedRun]) -> list[ServedRun]:
    """Return the runs that say how a view is served as sites do it, by the Django that most was measured of."""
    usual = [run for run in runs if not any(run.settings[name] for name in ("environment", "close", "leave"))]
    djangos = Counter(run.settings["versions"]["Django"] for run in usual for _ in run.rows)
    most = [django for django, _ in djangos.most_common(1)]
    return [run for run in usual if run.settings["versions"]["Django"] in most]


def choices_of(run: ServedRun) -> Iterator[Choice]:
    """Yield what one run measured of pages that only wait, and what the model says of it and beyond it."""
    cells = waiting(run)
    for (server, view), own in groups(cells, lambda each: (each[1]["server"], each[1]["view"])).items():
        service = service_of(own)
        measured = {(wait, cell["connections"], cell["workers"]): cell for wait, cell in own}
        asked = itertools.product(
            sorted({*ASKED_WAITS, *(wait for wait, _, _ in measured)}),
            sorted({connections for _, connections, _ in measured}),
            sorted({*ASKED_WORKERS, *(workers for _, _, workers in measured)}),
        )
        for place in asked:
            cell = measured.get(place, {})
            rate = modelled(run.settings, server, service, *place) if service and server in SERVERS else None
            figures = cell.get("throughput"), cell.get("p95"), rate
            repeats = max(REPEATS, cell.get("variation") or 0)
            yield Choice(*place, server, view, *figures, run.name if cell else "", repeats)


def modelled(settings: Row, server: str, service: float, wait: int, connections: int, workers: int) -> float:
    """Return the requests a second that the model says, of a server whose request takes ``service`` seconds of CPU.

    A worker takes one CPU at most.
    """
    return throughput(*side_of(settings, server, service, connections, workers), wait / 1000)


def side_of(settings: Row, server: str, service: float, connections: int, workers: int) -> tuple[int, float]:
    """Return how many requests a server has under way, and the seconds between two that its CPUs end.

    Under ASGI as many are under way as there are connections, under WSGI as many as workers have threads.
    """
    known = SERVERS[server]
    threads = settings["threads"] if "{threads}" in known.command else 1
    at_once = connections if known.interface == "ASGI" else min(connections, workers * threads)
    cpus = min(workers, settings.get("server_cpus") or max(1, settings["cpus"] - 1))
    return at_once, service / cpus


def service_of(cells: Sequence[Waited]) -> float | None:
    """Return the seconds of CPU of a request that waits as shortly as was measured."""
    shortest = min(wait for wait, _ in cells)
    return median([cell for wait, cell in cells if wait == shortest], "cpu")


def waiting(run: ServedRun) -> list[Waited]:
    """Return the measured cells of pages that only wait, each after its milliseconds."""
    return [
        (int(found[1] or 0), cell)
        for page, own in run.cells.items()
        if (found := WAITING.fullmatch(page))
        for cell in own
        if cell["connections"] and cell["throughput"]
    ]
