"""The served page: what ``make served`` measured, and its chart on the overview."""

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.site.grouping import groups
from tools.site.templating import copy_assets, environment

Row = Mapping[str, Any]

MEASURED = ["throughput", "p50", "p95", "p99", "errors", "good", "cpu", "instructions", "memory"]
MEASURED += ["first_p50", "first_p95", "peak_memory", "grown", "database_connections", "others"]


def name_of(row: Row) -> str:
    return f"{row['server']} {row['view']}"


def load_of(row: Row) -> str:
    return f"{row['rate']:g}/s" if row["rate"] else str(row["connections"])


def values(rows: Sequence[Row], name: str) -> list[float]:
    return [row[name] for row in rows if row.get(name) is not None]


def median(rows: Sequence[Row], name: str) -> float | None:
    return statistics.median(found) if (found := values(rows, name)) else None


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


def first_chart(folder: Path) -> dict[str, Any] | None:
    """Return the chart of the first page of what ``make served`` left; None where there is none to read."""
    try:
        document = json.loads((folder / "served.json").read_bytes())
        rows = [row for row in document["results"] if row["connections"] and row["throughput"] is not None]
        page, django = rows[0]["page"], document["settings"]["versions"]["Django"]
        own = [row for row in rows if row["page"] == page]
        return chart(f"Django {django}, page {page}: requests/s over connections", own, "throughput", "requests/s")
    except (OSError, ValueError, LookupError, TypeError):
        return None


def write(document: Mapping[str, Any], folder: Path) -> None:
    """Write the page, with what it loads beside it, so that it needs no site; its links lead to the one above it."""
    copy_assets(folder)
    pages = {page: cells_of(rows) for page, rows in groups(document["results"], lambda row: row["page"]).items()}
    charts = [
        chart(f"{page}: {words}, over connections", cells, metric, unit) | {"logarithmic": True}
        for page, cells in pages.items()
        for metric, words, unit in (
            ("throughput", "requests/s answered with 2xx", "requests/s"),
            ("p95", "95th percentile of latency", "seconds"),
        )
    ]
    jinja = environment(root="../", assets="", graphs=(folder.parent / "graphs.html").exists())
    html = jinja.get_template("served.html").render(settings=document["settings"], pages=pages, charts=charts)
    (folder / "index.html").write_text(html, encoding="utf-8")


def cells_of(rows: Sequence[Row]) -> list[Row]:
    """Return the cells of a page by server, then by load, repeated ones as medians."""
    return [
        {**same[0], "name": name, "load": load, **{metric: median(same, metric) for metric in MEASURED}}
        for name, own in groups(rows, name_of).items()
        for load, same in groups(own, load_of).items()
    ]
