"""The served pages: one for each run of ``make served``, and one that answers sync or async."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jinja2

from tools.results import SERVED
from tools.site.choices import REPEATS, choices, comparable
from tools.site.crossings import crossings
from tools.site.grouping import groups
from tools.site.runs import Row, ServedRun, name_of, values
from tools.site.tables import as_csv
from tools.site.templating import copy_assets, environment

USUAL = 16
"""Connections that are chosen until a visitor chooses others."""

BUSY = 0.2
"""From this part on that others took of the machine, a run says so wherever it is named."""


def render(jinja: jinja2.Environment, runs: Sequence[ServedRun], **context: Any) -> Iterator[tuple[str, str]]:
    """Yield the page that a visitor asks, a page for each run, and its figures as JSON and CSV, by name."""
    if not runs:
        return
    offered = choices(runs)
    measured = [each for each in offered if each.measured is not None]
    names = {name: sorted({getattr(each, name) for each in offered}) for name in ("wait", "connections", "workers")}
    # What is shown before anything is chosen: of what was measured of both views the longest wait, under some load.
    views = groups(measured, lambda each: each[:3])
    asked = max(
        measured,
        key=lambda each: (
            len({other.view for other in views[each[:3]]}),
            each.wait,
            -abs(each.connections - USUAL),
        ),
        default=None,
    )
    page = jinja.get_template("choose.html", globals={"busy": BUSY, "usual": REPEATS})
    yield (
        f"{SERVED}/index.html",
        page.render(
            runs=runs,
            choices=[each._asdict() for each in offered],
            measured=measured,
            names=names,
            asked=asked,
            crossings=[each for run in comparable(runs) for each in crossings(run)],
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
