"""What is said of a served matrix: a table for the terminal, and a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Column, Table
from rich.text import Text

from tools.served.experiment import ServedResult
from tools.site.grouping import groups
from tools.site.runs import Row, load_of, median, name_of, values, variation


def table(document: Mapping[str, Any]) -> Group:
    """Return a table for each page: a row a server, a column a load."""
    settings = document["settings"]
    ceiling = f"; the generator reaches {settings['ceiling']:,.0f} requests/s" if settings["ceiling"] else ""
    title = Text(
        f"Django {settings['versions']['Django']}, {settings['cpus']} CPUs, {settings['workers']} workers, "
        f"{settings['threads']} threads{', a connection for each request' if settings['close'] else ''}"
        f"{', clients leave after {} ms'.format(settings['leave']) if settings['leave'] else ''}{ceiling}"
    )
    pages = groups(document["results"], lambda row: row["page"])
    return Group(title, *[_table(page, rows) for page, rows in pages.items()], NOTE)


NOTE = Text(
    "Requests/s and p95 latency over connections, in an open loop over arrivals a second; of streams also p50/p95 "
    "to the first byte. CPU, instructions, MB after the load and what it grew by, at the first load; peak MB at any. "
    "! errors, * within 20 % of what the generator reaches."
)


def _table(page: str, rows: Sequence[Row]) -> Table:
    loads = list(groups(rows, load_of))
    table = Table("server", *loads, "CPU ms", "M instr.", "MB", "peak MB", "grown MB", title=page, title_justify="left")
    for server, own in groups(rows, name_of).items():
        cells = [_cell([row for row in own if load_of(row) == load]) for load in loads]
        first = [row for row in own if load_of(row) == loads[0]]
        used = [_scaled(first, name, scale) for name, scale in (("cpu", 1e3), ("instructions", 1e-6), ("memory", 1e-6))]
        peak = f"{max(peaks) * 1e-6:,.2f}" if (peaks := values(own, "peak_memory")) else ""
        table.add_row(server, *cells, *used, peak, _scaled(first, "grown", 1e-6))
    return table


def _cell(rows: Sequence[Row]) -> str:
    for word in ("failed", "unavailable"):
        if reasons := [row[word] for row in rows if row[word]]:
            return f"{'failed' if word == 'failed' else 'n/a'}: {reasons[0]}"
    throughput, latency = median(rows, "throughput"), median(rows, "p95")
    marks = ("!" if any(row["errors"] for row in rows) else "") + ("*" if any(row["limited"] for row in rows) else "")
    spread = variation(rows, "instructions")
    seen = [median(rows, name) for name in ("first_p50", "first_p95")]
    first = [f"{seconds * 1000:,.0f}" for seconds in seen if seconds is not None]
    return (
        f"{throughput:,.0f}/s{marks}"
        + (f" {latency * 1000:,.0f} ms" if latency is not None else "")
        + (f", first byte {'/'.join(first)} ms" if first else "")
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
        row = marks.setdefault(str(result.cell.page), {})
        row[result.cell.server] = " ".join(filter(None, [row.get(result.cell.server, ""), mark]))
    table = Table(
        Column("page", no_wrap=True), *servers, title=f"Django {label}: sync and async view, verified", box=SIMPLE_HEAD
    )
    for page, row in marks.items():
        table.add_row(page, *[row.get(server, "") for server in servers])
    return Group(table, *[Text(f"{letter}: {reason}") for reason, letter in letters.items()])
