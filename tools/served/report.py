"""What is said of a served matrix: a table for the terminal, and a page."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Column, Table
from rich.text import Text

from tools import offline
from tools.served.experiment import ServedResult

Row = Mapping[str, Any]


def name_of(row: Row) -> str:
    return f"{row['server']} {row['view']}"


def load_of(row: Row) -> str:
    return f"{row['rate']:g}/s" if row["rate"] else str(row["connections"])


def groups(rows: Iterable[Row], key: Any) -> dict[Any, list[Row]]:
    """Return the rows by what ``key`` makes of them, in the order in which they come."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def median(rows: Sequence[Row], name: str) -> float | None:
    values = [row[name] for row in rows if row.get(name) is not None]
    return statistics.median(values) if values else None


def variation(rows: Sequence[Row], name: str) -> float | None:
    """Return the coefficient of variation over repeated cells, None where there are none."""
    values = [row[name] for row in rows if row.get(name) is not None]
    return statistics.stdev(values) / statistics.mean(values) if len(values) > 1 else None


def table(document: Mapping[str, Any]) -> Group:
    """Return a table for each page: a row a server, a column a load."""
    settings = document["settings"]
    ceiling = f"; the generator reaches {settings['ceiling']:,.0f} requests/s" if settings["ceiling"] else ""
    title = Text(
        f"Django {settings['versions']['Django']}, {settings['cpus']} CPUs, {settings['workers']} workers, "
        f"{settings['threads']} threads{', a connection for each request' if settings['close'] else ''}{ceiling}"
    )
    pages = groups(document["results"], lambda row: row["page"])
    return Group(title, *[_table(page, rows) for page, rows in pages.items()], NOTE)


NOTE = Text(
    "Requests/s and p95 latency over connections, in an open loop over arrivals a second; CPU, instructions and memory "
    "at the first load. ! errors, * within 20 % of what the generator reaches."
)


def _table(page: str, rows: Sequence[Row]) -> Table:
    loads = list(groups(rows, load_of))
    table = Table("server", *loads, "CPU ms", "M instr.", "MB", title=page, title_justify="left")
    for server, own in groups(rows, name_of).items():
        cells = [_cell([row for row in own if load_of(row) == load]) for load in loads]
        first = [row for row in own if load_of(row) == loads[0]]
        used = [_scaled(first, name, scale) for name, scale in (("cpu", 1e3), ("instructions", 1e-6), ("memory", 1e-6))]
        table.add_row(server, *cells, *used)
    return table


def _cell(rows: Sequence[Row]) -> str:
    for word in ("failed", "unavailable"):
        if reasons := [row[word] for row in rows if row[word]]:
            return f"{'failed' if word == 'failed' else 'n/a'}: {reasons[0]}"
    throughput, latency = median(rows, "throughput"), median(rows, "p95")
    marks = ("!" if any(row["errors"] for row in rows) else "") + ("*" if any(row["limited"] for row in rows) else "")
    spread = variation(rows, "instructions")
    return (
        f"{throughput:,.0f}/s{marks}"
        + (f" {latency * 1000:,.0f} ms" if latency is not None else "")
        + (f" CV {spread:.2%} instr., {variation(rows, 'cpu'):.1%} CPU" if spread is not None else "")
    )


def _scaled(rows: Sequence[Row], name: str, scale: float) -> str:
    value = median(rows, name)
    return "" if value is None else f"{value * scale:,.2f}"


def verification(results: Sequence[ServedResult], label: str) -> Group:
    """Return a table of what works: a row a page, a column a server; a letter for each reason where it does not."""
    servers = list(dict.fromkeys(result.cell.server for result in results))
    letters: dict[str, str] = {}
    marks: dict[str, dict[str, str]] = {}
    for result in results:
        reason = f"failed: {result.failed}" if result.failed else result.unavailable
        mark = letters.setdefault(reason, chr(ord("a") + len(letters))) if reason else "ok"
        row = marks.setdefault(result.cell.page.name, {})
        row[result.cell.server] = " ".join(filter(None, [row.get(result.cell.server, ""), mark]))
    table = Table(
        Column("page", no_wrap=True), *servers, title=f"Django {label}: sync and async view, verified", box=SIMPLE_HEAD
    )
    for page, row in marks.items():
        table.add_row(page, *[row.get(server, "") for server in servers])
    return Group(table, *[Text(f"{letter}: {reason}") for reason, letter in letters.items()])


def write_page(document: Mapping[str, Any], folder: Path) -> None:
    """Write the page, with the chart library beside it, so that it needs no host but its own."""
    offline.copy_chart_library(folder)
    pages = groups(document["results"], lambda row: row["page"])
    template = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True)
    html = template.get_template("page.html").render(
        settings=document["settings"],
        pages={page: _by_server(rows) for page, rows in pages.items()},
        loads=list(groups(document["results"], load_of)),
        document=document,
    )
    (folder / "index.html").write_text(html)


def _by_server(rows: Sequence[Row]) -> dict[str, list[dict[str, Any]]]:
    """Return for each server its cells, repeated ones as medians."""
    return {
        server: [
            {**same[0], "load": load, **{name: median(same, name) for name in MEASURED}}
            for load, same in groups(own, load_of).items()
        ]
        for server, own in groups(rows, name_of).items()
    }


MEASURED = (
    "throughput",
    "p50",
    "p95",
    "p99",
    "errors",
    "good",
    "cpu",
    "instructions",
    "memory",
    "database_connections",
    "others",
)
