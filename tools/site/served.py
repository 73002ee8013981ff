"""The served pages: the runs of ``make served`` in results/served/, a page each, and which answers sync or async."""

import json
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from pydantic import BaseModel, ValidationError

from harness.servers import SERVERS
from tools.results import SERVED
from tools.site.grouping import groups
from tools.site.model import throughput
from tools.site.tables import as_csv
from tools.site.templating import copy_assets, environment

Row = Mapping[str, Any]

MEASURED = ["throughput", "p50", "p95", "p99", "errors", "good", "cpu", "instructions", "memory", "bare"]
MEASURED += ["first_p50", "first_p95", "peak_memory", "grown", "database_connections", "others"]

WAITING = re.compile(r"hello|wait-(\d+)ms")
"""The pages that do nothing but wait, so that a visitor's own view can be held against them."""

USUAL = 16
"""Connections that are chosen until a visitor chooses others."""

BUSY = 0.2
"""From this part on that others took of the machine, a run says so wherever it is named."""

REPEATS = 0.14
"""By what part a rate differs on a quiet machine from run to run at most (docs/method.md, Served)."""

ASKED_WAITS = (0, 5, 10, 20, 50, 100, 200)
ASKED_WORKERS = (1, 2, 4, 8, 16)
"""Milliseconds and workers that a visitor may choose where they were not measured: the model answers alone."""


class StoredSettings(BaseModel, extra="allow"):
    """Under which conditions a run was made; what is left out was not told when it was stored."""

    versions: dict[str, str]
    date: str
    machine: str
    cpus: int
    workers: int
    threads: int
    server_cpus: int | None = None
    memory: int = 0
    kernel: str = "unknown"
    seconds: int = 0
    requests: int = 0
    generator: str = "unknown"
    ceiling: float | None = None
    close: bool = False
    leave: int = 0


class StoredRow(BaseModel, extra="allow"):
    """One cell of a run: seconds, bytes, instructions; None is what was not measured."""

    page: str
    server: str
    view: str
    connections: int
    rate: float = 0.0
    throughput: float | None = None
    errors: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    cpu: float | None = None
    failed: str = ""
    unavailable: str = ""


class StoredRun(BaseModel):
    """A file of results/served/."""

    settings: StoredSettings
    results: list[StoredRow]


@dataclass(frozen=True)
class ServedRun:
    """What one ``make served`` measured, and the name of its file."""

    name: str
    settings: Mapping[str, Any]
    rows: Sequence[Row]

    @property
    def cells(self) -> dict[str, list[Row]]:
        """The measured cells of each page."""
        return {page: cells_of(rows) for page, rows in groups(self.rows, lambda row: str(row["page"])).items()}

    @property
    def others(self) -> float:
        """The part of the machine that neither servers nor load took, at the median: what a rate is too low by."""
        return median(self.rows, "others") or 0.0

    @property
    def title(self) -> str:
        return f"Django {self.settings['versions']['Django']}, {self.settings['date'][:10]}, {self.settings['machine']}"


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


def name_of(row: Row) -> str:
    return f"{row['server']} {row['view']}"


def load_of(row: Row) -> str:
    return f"{row['rate']:g}/s" if row["rate"] else str(row["connections"])


def values(rows: Sequence[Row], name: str) -> list[float]:
    return [row[name] for row in rows if row.get(name) is not None]


def median(rows: Sequence[Row], name: str) -> float | None:
    return statistics.median(found) if (found := values(rows, name)) else None


def variation(rows: Sequence[Row], name: str) -> float | None:
    """Return the coefficient of variation over repeated cells, None where there are none."""
    found = values(rows, name)
    return statistics.stdev(found) / statistics.mean(found) if len(found) > 1 and any(found) else None


def read(results: Path) -> tuple[list[ServedRun], list[str]]:
    """Return the runs that are stored, the fullest first and then the newest, and a line for each file that is none."""
    runs, problems = [], []
    for path in sorted((results / SERVED).glob("*.json")):
        try:
            stored = StoredRun.model_validate_json(path.read_bytes()).model_dump()
            runs.append(ServedRun(path.stem, stored["settings"], stored["results"]))
        except (OSError, ValidationError) as problem:
            problems.append(f"{path}: no result of make served: {str(problem).splitlines()[0]}")
    return sorted(runs, key=lambda run: (len(run.rows), run.settings["date"]), reverse=True), problems


def chart(title: str, rows: Iterable[Row], metric: str, unit: str) -> dict[str, Any]:
    """Return the chart of a metric over connections: a series for each server and view."""
    shown = [row for row in rows if row["connections"] and values([row], metric)]
    series = groups(shown, name_of).items()
    return {
        "title": title,
        "kind": "line",
        "x": {"type": "log", "title": "connections"},
        "y": {"title": unit, "unit": unit},
        "series": [
            {"name": name, "points": [(float(row["connections"]), float(row[metric])) for row in own]}
            for name, own in series
        ],
    }


def first_chart(runs: Sequence[ServedRun]) -> dict[str, Any] | None:
    """Return the chart of the first page of the first run; None where there is none."""
    for run in runs[:1]:
        for page, cells in run.cells.items():
            django = run.settings["versions"]["Django"]
            title = f"Django {django}, page {page}: requests/s over connections"
            return chart(title, cells, "throughput", "requests/s")
    return None


def render(jinja: jinja2.Environment, runs: Sequence[ServedRun], **context: Any) -> Iterator[tuple[str, str]]:
    """Yield the page that a visitor asks, a page for each run, and its figures as JSON and CSV, by name."""
    if not runs:
        return
    offered = choices(runs)
    measured = [each for each in offered if each.measured is not None]
    names = {name: sorted({getattr(each, name) for each in offered}) for name in ("wait", "connections", "workers")}
    # What is shown before anything is chosen: the longest wait that was measured, under some load.
    asked = max(measured, key=lambda each: (each.wait, -abs(each.connections - USUAL)), default=None)
    page = jinja.get_template("choose.html", globals={"busy": BUSY, "usual": REPEATS})
    yield (
        f"{SERVED}/index.html",
        page.render(
            runs=runs,
            choices=[each._asdict() for each in offered],
            measured=measured,
            names=names,
            asked=asked,
            **context,
        ),
    )
    for run in runs:
        charts = [
            chart(f"{page}: {words}, over connections", cells, metric, unit) | {"logarithmic": True}
            for page, cells in run.cells.items()
            for metric, words, unit in (
                ("throughput", "requests/s answered with 2xx", "requests/s"),
                ("p95", "95th percentile of latency", "seconds"),
            )
        ]
        template = jinja.get_template("served.html", globals={"busy": BUSY})
        yield f"{SERVED}/{run.name}.html", template.render(run=run, settings=run.settings, charts=charts, **context)
        yield f"{SERVED}/{run.name}.json", json.dumps({"settings": run.settings, "results": run.rows}, indent=1)
        yield f"{SERVED}/{run.name}.csv", as_csv(run.rows)


def write(runs: Sequence[ServedRun], site: Path) -> None:
    """Write the served pages into a site that may not be there yet, with what they load."""
    jinja = environment(graphs=(site / "graphs.html").exists(), has_served=True)
    for name, content in render(jinja, runs, root="../", assets=""):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(content, encoding="utf-8")
    copy_assets(site / SERVED)


def cells_of(rows: Sequence[Row]) -> list[Row]:
    """Return the cells of a page by server, then by load, repeated ones as medians; ``repeats`` says how many."""
    return [
        {
            **same[0],
            "name": name,
            "load": load,
            "repeats": len(same),
            "variation": variation(same, "throughput"),
            **{metric: median(same, metric) for metric in MEASURED},
        }
        for name, own in groups(rows, name_of).items()
        for load, same in groups(own, load_of).items()
    ]


def choices(runs: Sequence[ServedRun]) -> list[Choice]:
    """Return what a visitor may choose, what serves more first; of what several runs measured, the first says it."""
    found: dict[tuple[int, int, int, str, str], Choice] = {}
    for run in runs:
        for each in choices_of(run):
            known = found.get(each[:5])
            if known is None or (known.measured is None and each.measured is not None):
                found[each[:5]] = each
    return sorted(found.values(), key=lambda each: (*each[:3], -(each.measured or each.modelled or 0)))


def choices_of(run: ServedRun) -> Iterator[Choice]:
    """Yield what one run measured of pages that only wait, and what the model says of it and beyond it."""
    cells = [
        (int(found[1] or 0), cell)
        for page, own in run.cells.items()
        if (found := WAITING.fullmatch(page))
        for cell in own
        if cell["connections"] and cell["throughput"]
    ]
    workers = run.settings["workers"]
    for (server, view), own in groups(cells, lambda each: (each[1]["server"], each[1]["view"])).items():
        shortest = min(wait for wait, _ in own)
        service = median([cell for wait, cell in own if wait == shortest], "cpu")
        measured = {(wait, cell["connections"], workers): cell for wait, cell in own}
        asked = [
            (wait, connections, number)
            for wait in sorted({*ASKED_WAITS, *(wait for wait, _ in own)})
            for connections in sorted({cell["connections"] for _, cell in own})
            for number in sorted({*ASKED_WORKERS, workers})
        ]
        for place in asked:
            cell = measured.get(place, {})
            rate = modelled(run.settings, server, service, *place) if service and server in SERVERS else None
            figures = cell.get("throughput"), cell.get("p95"), rate
            repeats = max(REPEATS, cell.get("variation") or 0)
            yield Choice(*place, server, view, *figures, run.name if cell else "", repeats)


def modelled(settings: Row, server: str, service: float, wait: int, connections: int, workers: int) -> float:
    """Return the requests a second that the model says, of a server whose request takes ``service`` seconds of CPU.

    Under ASGI as many requests are under way as there are connections, under WSGI as many as workers have threads. A
    worker takes one CPU at most.
    """
    known = SERVERS[server]
    threads = settings["threads"] if "{threads}" in known.command else 1
    at_once = connections if known.interface == "ASGI" else min(connections, workers * threads)
    cpus = min(workers, settings.get("server_cpus") or max(1, settings["cpus"] - 1))
    return throughput(at_once, service / cpus, wait / 1000)
