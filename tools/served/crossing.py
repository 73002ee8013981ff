"""From which wait a request on does async serve more than sync? Measured, and by a queueing model beside it.

Sync has as many requests under way as it has workers and threads, async as many as there are connections. Each request
takes the CPU for a while and then waits. The model (``tools.site.model``) is told the CPU time of one request of each.
What was measured is stored as a run of ``make served`` is, and told by what the site makes of that.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.progress import Progress
from rich.table import Table

from tools.served.experiment import Experiment, ServedCell, ServedResult
from tools.served.load import Shape
from tools.served.matrix import document_of, experiment, store
from tools.served.pages import Page, pages_of
from tools.served.settings import Settings, servers_of
from tools.site.crossings import ServedCrossing, crossings, milliseconds
from tools.site.runs import run_in
from tools.terminal import CannotMeasure, cannot_measure, console, numbers, progress

WAITS = (1, 2, 4, 8, 16, 32, 64)
"""Milliseconds that a request waits, if nothing else is said."""

PAGE = "wait"


def crossing(
    settings: Settings,
    sync: str,
    asynchronous: str,
    concurrency: int,
    waits: Sequence[int],
    results: Path,
    bar: Progress,
) -> Table:
    """Measure both at each wait, in milliseconds, and store it; return a table with both crossing points.

    Raises CannotMeasure where a cell fails.
    """
    sides = ((sync, "sync", settings.workers), (asynchronous, "async", 1))
    pages = pages_of([f"{PAGE}-{wait}ms" for wait in sorted(waits) or WAITS])
    cells = [ServedCell(sync, pages[0], "sync", Shape(concurrency))]
    with experiment(replace(settings, pages=pages), cells) as (experiment_, tree):
        started = datetime.now(UTC)
        found = [
            measured(experiment_, page, *side, concurrency)
            for page in bar.track(pages, description="waits")
            for side in sides
        ]
    path = store(document_of(experiment_, tree, started, found), results)
    return table(next(crossings(run_in(path), fewest=1)))


def measured(
    experiment_: Experiment, page: Page, server: str, view: str, workers: int, concurrency: int
) -> ServedResult:
    cell = ServedCell(server, page, view, Shape(concurrency))
    result = replace(experiment_, settings=replace(experiment_.settings, workers=workers)).measure(cell)
    if result.load is None or result.cpu is None or not result.load.throughput:
        raise CannotMeasure(f"{cell}: {result.failed or result.unavailable or 'no request was answered with 2xx'}")
    return result


def table(crossing_: ServedCrossing) -> Table:
    """Return the requests a second of both sides at each wait, and where they cross."""
    names = (crossing_.sync, crossing_.asynchronous)
    shown = Table("wait", *names, "model, sync", "async", box=SIMPLE_HEAD)
    for wait, *rates in crossing_.points:
        shown.add_row(f"{wait} ms", *[f"{rate:,.0f}/s" for rate in rates])
    notes = [
        f"{name}: {side.at_once} at once, {side.seen:.1f} seen at the longest wait, {side.service * 1e3:.2f} ms of CPU"
        for name, side in zip(names, crossing_.sides, strict=True)
    ]
    crossed = [milliseconds(each) for each in (crossing_.measured, crossing_.modelled)]
    shown.caption = "; ".join([f"crossing measured at {crossed[0]}, by the model at {crossed[1]}", *notes])
    return shown


@click.command("crossing")
@click.option("--sync", default="gunicorn", show_default=True, help="The server of the sync view.")
@click.option("--async", "asynchronous", default="uvicorn", show_default=True, help="The server of the async view.")
@click.option("--concurrency", default=64, show_default=True, type=click.IntRange(1), help="Connections.")
@click.option("--workers", default=8, show_default=True, type=click.IntRange(1), help="Of the sync server.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Of each of its workers.")
@click.option("--django", default="6.1", show_default=True, help="A release, or a checkout: its working tree.")
@click.option("--seconds", default=3, show_default=True, type=click.IntRange(1), help="How long a cell is measured.")
@click.option("--waits", default="", help="Milliseconds that a request waits. By default 1 2 4 8 16 32 64.")
@click.option(
    "--results", default="results", show_default=True, type=click.Path(path_type=Path), help="Where it is stored."
)
def command(sync: str, asynchronous: str, concurrency: int, waits: str, results: Path, **options: Any) -> None:
    """From which wait a request on does async serve more than sync? Measured, and by a queueing model."""
    with cannot_measure(), progress() as bar:
        settings = Settings(servers_of([sync, asynchronous]), **options)
        found = crossing(settings, sync, asynchronous, concurrency, numbers(waits, int), results, bar)
    console().print(found)
