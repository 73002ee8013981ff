"""From which wait a request on does async serve more than sync? Measured, and by a queueing model beside it.

Sync has as many requests under way as it has workers and threads, async as many as there are connections. Each request
takes the CPU for a while and then waits. The model (``tools.site.model``) is told the CPU time of one request of each.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.progress import Progress
from rich.table import Table
from scipy.optimize import brentq

from harness.servers import SERVERS
from tools.served.experiment import Experiment, ServedCell
from tools.served.load import Shape
from tools.served.matrix import experiment
from tools.served.pages import Page, pages_of
from tools.served.settings import Settings, servers_of
from tools.site.model import throughput
from tools.terminal import CannotMeasure, cannot_measure, console, numbers, progress

WAITS = (1, 2, 4, 8, 16, 32, 64)
"""Milliseconds that a request waits, if nothing else is said."""

PAGE = "wait"

Model = Callable[[float], tuple[float, float]]
"""Requests a second of both sides by the seconds that a request waits."""


@dataclass(frozen=True)
class Contender:
    """A server with the view that it runs, and how many requests it has under way at once."""

    server: str
    view: str
    workers: int
    at_once: int


@dataclass(frozen=True)
class Point:
    """Requests a second of both sides at one wait, in seconds: measured, and by the model."""

    wait: float
    measured: tuple[float, float]
    modelled: tuple[float, float]


def crossing(
    settings: Settings, sync: str, asynchronous: str, concurrency: int, waits: Sequence[int], bar: Progress
) -> Table:
    """Measure both at each wait, in milliseconds; return a table with both crossing points.

    Raises CannotMeasure where a cell fails.
    """
    per_worker = settings.threads if "{threads}" in SERVERS[sync].command else 1
    sides = (
        Contender(sync, "sync", settings.workers, min(concurrency, settings.workers * per_worker)),
        Contender(asynchronous, "async", 1, concurrency),
    )
    waits = sorted(waits) or WAITS
    pages = pages_of([f"{PAGE}-{wait}ms" for wait in waits])
    cells = [ServedCell(sync, pages[0], "sync", Shape(concurrency))]
    with experiment(replace(settings, pages=pages), cells) as (experiment_, _):
        cpus = len(experiment_.server_cpus)
        rows = [
            tuple(_measured(experiment_, side, page, concurrency) for side in sides)
            for page in bar.track(pages, description="waits")
        ]
    services = [cpu for _, cpu in rows[0]]  # at the shortest wait

    def model(wait: float) -> tuple[float, float]:
        found = [throughput(side.at_once, service / cpus, wait) for side, service in zip(sides, services, strict=True)]
        return found[0], found[1]

    points = [
        Point(wait / 1000, (row[0][0], row[1][0]), model(wait / 1000)) for wait, row in zip(waits, rows, strict=True)
    ]
    return _table(sides, services, points, model)


def crossing_of(points: Sequence[tuple[float, float]]) -> float | None:
    """Return where log(async / sync) passes zero, by a straight line over log(wait); None if nowhere."""
    for (wait, ratio), (next_wait, next_ratio) in itertools.pairwise(points):
        if ratio <= 0 < next_ratio:
            part = -ratio / (next_ratio - ratio)
            return math.exp(math.log(wait) + part * math.log(next_wait / wait))
    return None


def _measured(experiment_: Experiment, side: Contender, page: Page, concurrency: int) -> tuple[float, float]:
    """Return the requests a second, and the seconds of CPU of one."""
    cell = ServedCell(side.server, page, side.view, Shape(concurrency))
    result = replace(experiment_, settings=replace(experiment_.settings, workers=side.workers)).measure(cell)
    if result.load is None or result.cpu is None:
        raise CannotMeasure(f"{cell}: {result.failed or result.unavailable}")
    return result.load.throughput, result.cpu


def _table(sides: Sequence[Contender], services: Sequence[float], points: Sequence[Point], model: Model) -> Table:
    measured = crossing_of([(point.wait, math.log(point.measured[1] / point.measured[0])) for point in points])
    modelled = _modelled(model, points)
    used = zip(sides, services, strict=True)
    table = Table("wait", *[f"{side.server}, {side.view}" for side in sides], "model, sync", "async", box=SIMPLE_HEAD)
    for point in points:
        rates = [f"{rate:,.0f}/s" for rate in (*point.measured, *point.modelled)]
        table.add_row(f"{point.wait * 1000:g} ms", *rates)
    notes = [
        f"{side.server}: {side.at_once} at once, {rate * (points[-1].wait + seconds):.1f} seen at the longest wait, "
        f"{seconds * 1e3:.2f} ms of CPU"
        for (side, seconds), rate in zip(used, points[-1].measured, strict=True)
    ]
    crossings = f"crossing measured at {_milliseconds(measured)}, by the model at {_milliseconds(modelled)}"
    table.caption = "; ".join([crossings, *notes])
    return table


def _modelled(model: Model, points: Sequence[Point]) -> float | None:
    def ratio(logarithm: float) -> float:
        sync, asynchronous = model(math.exp(logarithm))
        return math.log(asynchronous / sync)

    low, high = math.log(points[0].wait / 100), math.log(points[-1].wait * 10)
    return math.exp(brentq(ratio, low, high)) if ratio(low) < 0 < ratio(high) else None


def _milliseconds(seconds: float | None) -> str:
    return "none of these waits" if seconds is None else f"{seconds * 1e3:.1f} ms"


@click.command("crossing")
@click.option("--sync", default="gunicorn", show_default=True, help="The server of the sync view.")
@click.option("--async", "asynchronous", default="uvicorn", show_default=True, help="The server of the async view.")
@click.option("--concurrency", default=64, show_default=True, type=click.IntRange(1), help="Connections.")
@click.option("--workers", default=8, show_default=True, type=click.IntRange(1), help="Of the sync server.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Of each of its workers.")
@click.option("--django", default="6.1", show_default=True, help="A release, or a checkout: its working tree.")
@click.option("--seconds", default=3, show_default=True, type=click.IntRange(1), help="How long a cell is measured.")
@click.option("--waits", default="", help="Milliseconds that a request waits. By default 1 2 4 8 16 32 64.")
def command(sync: str, asynchronous: str, concurrency: int, waits: str, **options: Any) -> None:
    """From which wait a request on does async serve more than sync? Measured, and by a queueing model."""
    with cannot_measure(), progress() as bar:
        settings = Settings(servers_of([sync, asynchronous]), **options)
        table = crossing(settings, sync, asynchronous, concurrency, numbers(waits, int), bar)
    console().print(table)
