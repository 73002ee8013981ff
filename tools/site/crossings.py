"""From which wait on an async view serves more than a sync one, by the runs that are stored and by the model."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tools.site.choices import Waited, service_of, side_of, waiting
from tools.site.grouping import groups
from tools.site.model import crossing_of, modelled_crossing, throughput
from tools.site.runs import ServedRun, name_of


class ServedPoint(NamedTuple):
    """Requests a second of both sides at one wait, in milliseconds: measured, and by the model."""

    wait: int
    sync: float
    asynchronous: float
    modelled_sync: float
    modelled_async: float


class ServedSide(NamedTuple):
    """How many requests a server has under way, how many were seen so, and the seconds of its CPUs of one."""

    at_once: int
    seen: float
    service: float


class ServedCrossing(NamedTuple):
    """From which wait on, in milliseconds, an async view serves more than a sync one: measured, and by the model.

    None is nowhere within the waits.
    """

    run: str
    connections: int
    sync: str
    asynchronous: str
    measured: float | None
    modelled: float | None
    points: Sequence[ServedPoint]
    sides: Sequence[ServedSide]


def milliseconds(wait: float | None) -> str:
    return "none of these waits" if wait is None else f"{wait:.1f} ms"


def crossings(run: ServedRun, fewest: int = 4) -> Iterator[ServedCrossing]:
    """Yield where each async view of a run passes each sync one, of what was measured at so many waits at least."""
    of_load = groups(waiting(run), lambda each: each[1]["connections"])
    for connections, cells in of_load.items():
        contenders = groups(cells, lambda each: tuple(each[1][name] for name in ("view", "server", "workers")))
        pairs = itertools.product(*([key for key in contenders if key[0] == view] for view in ("sync", "async")))
        for pair in pairs:
            found = crossing(run, connections, *(contenders[key] for key in pair))
            if found and len(found.points) >= fewest:
                yield found


def crossing(
    run: ServedRun, connections: int, sync: Sequence[Waited], asynchronous: Sequence[Waited]
) -> ServedCrossing | None:
    """Return where async passes sync; None where no CPU time was counted, or both were not measured at one wait."""
    both = dict(sync), dict(asynchronous)
    waits = sorted(wait for wait in both[0].keys() & both[1].keys() if wait)
    services = service_of(sync), service_of(asynchronous)
    if not waits or not all(services):
        return None
    heads = sync[0][1], asynchronous[0][1]
    sides = [
        side_of(run.settings, cell["server"], service or 0.0, connections, cell["workers"])
        for cell, service in zip(heads, services, strict=True)
    ]
    points = [
        ServedPoint(
            wait, *(own[wait]["throughput"] for own in both), *(throughput(*side, wait / 1000) for side in sides)
        )
        for wait in waits
    ]
    measured = crossing_of([(point.wait, math.log(point.asynchronous / point.sync)) for point in points])
    modelled = modelled_crossing(sides[0], sides[1], waits[0] / 1000, waits[-1] / 1000)
    names = [f"{name_of(cell)}, {cell['workers']} worker{'s' if cell['workers'] > 1 else ''}" for cell in heads]
    # Little's law: so many are under way on average as end in the time that one takes.
    seen = [
        own[waits[-1]]["throughput"] * (waits[-1] / 1000 + service)
        for own, (_, service) in zip(both, sides, strict=True)
    ]
    told = [ServedSide(at_once, each, service) for (at_once, service), each in zip(sides, seen, strict=True)]
    return ServedCrossing(
        run.name, connections, names[0], names[1], measured, modelled and modelled * 1000, points, told
    )
