"""docs/async-or-not.md, by templates/async-or-not.md from results/served/: no rate on it is typed by hand."""

import statistics
from collections.abc import Sequence
from typing import Any

from harness.servers import SERVERS
from tools.site.crossings import ServedCrossing, crossings, milliseconds
from tools.site.documents import FOLDER
from tools.site.grouping import groups
from tools.site.runs import Row, ServedRun
from tools.site.templating import environment
from tools.terminal import Problem

PAGE = FOLDER / "async-or-not.md"
USUAL = {"django": "6.1", "workers": 2, "close": False, "requests": 0, "seconds": 2, "debugging": {}}
"""The conditions of a run of which the page says no others."""


class Served:
    """What the template asks of the stored runs."""

    def __init__(self, runs: Sequence[ServedRun]) -> None:
        self.runs = sorted(runs, key=lambda run: run.settings["date"], reverse=True)

    def run(self, *pages: str, **conditions: Any) -> "ToldRun":
        """Return the newest run of these pages, and of no other, under some conditions. Raises Problem for none."""
        asked = USUAL | conditions
        for run in self.runs:
            if set(run.cells) == set(pages) and asked == conditions_of(run, asked):
                return ToldRun(run)
        raise Problem(f"{PAGE.name} tells of a run of {', '.join(pages)} with {asked}, and none is stored: make served")

    @property
    def repeated(self) -> list[float]:
        """By what part the most of what several runs say of one cell is above the least, for each such cell."""
        cells = [(run, row) for run in self.runs for page in run.cells.values() for row in page if row["throughput"]]
        alike = groups(cells, lambda each: place_of(*each)).values()
        rates = [[row["throughput"] for _, row in own] for own in alike if len(own) > 1]
        return [max(own) / min(own) - 1 for own in rates]

    def crossing(self, sync: str, asynchronous: str = "uvicorn async, 1 worker") -> ServedCrossing:
        """Return where two cross, by the newest run that has both. Raises Problem where none is stored."""
        for run in self.runs:
            for found in crossings(run):
                if (found.sync, found.asynchronous) == (sync, asynchronous):
                    return found
        raise Problem(f"{PAGE.name} tells where {sync} and {asynchronous} cross, and no run has both: make crossing")


class ToldRun:
    """What the template asks of one run."""

    def __init__(self, run: ServedRun) -> None:
        self.run = run
        self.settings = run.settings
        self.versions = run.settings["versions"]

    def cells(self, page: str, server: str, view: str = "") -> list[Row]:
        """Return what was measured of a page by a server, in the order of the loads; a view that needs no crossing."""
        view = view or {"WSGI": "sync", "ASGI": "async"}[SERVERS[server].interface]
        return [
            row for row in self.run.cells[page] if row["connections"] and (row["server"], row["view"]) == (server, view)
        ]

    def cell(self, page: str, server: str, connections: int = 0, view: str = "") -> Row:
        """Return one cell; that of the fewest connections, if none are named. Raises Problem where it failed."""
        for row in self.cells(page, server, view):
            if connections in (0, row["connections"]) and row["throughput"] is not None:
                return row
        raise Problem(f"{PAGE.name} tells what {server} does with {page}, which {self.run.name}.json does not")

    def rates(self, page: str, server: str, view: str = "") -> str:
        """Return the requests a second at each number of connections, as cells of a table."""
        return " | ".join(rate(row) for row in self.cells(page, server, view))

    def rate(self, page: str, server: str, connections: int = 0, view: str = "") -> str:
        return rate(self.cell(page, server, connections, view))

    def value(
        self, name: str, page: str, server: str, connections: int = 0, digits: int = 1, scale: float = 1e3
    ) -> str:
        """Return a figure of a cell, by default in thousandths: milliseconds."""
        found = self.cell(page, server, connections)[name]
        return "n/a" if found is None else f"{found * scale:,.{digits}f}"

    def ratio(self, name: str, cell: Sequence[Any], base: Sequence[Any]) -> float:
        """Return what one cell has of a metric as a multiple of what another has."""
        return float(self.cell(*cell)[name] / self.cell(*base)[name])

    def both(self, page: str, server: str) -> str:
        """Return the milliseconds to the first byte and to the last, at the median: "2, 83"."""
        (row,) = self.cells(page, server)
        found = [row["first_p50"], row["p50"]]
        return "n/a" if None in found else ", ".join(f"{1e3 * seconds:.0f}" for seconds in found)

    def most(self, connections: str) -> str:
        """Return the most requests a second of the pages of the forum with such connections."""
        rates = [row["throughput"] or 0.0 for row in self.run.rows if row["page"].endswith(f"-{connections}")]
        return f"{max(rates):,.0f}"

    def variations(self) -> list[float]:
        """By what coefficient each cell varies, told as a part of a bare callable's throughput, least first."""
        return sorted(row["variation_beside"] for page in self.run.cells.values() for row in page)

    def range(self, name: str, page: str, server: str) -> str:
        """Return the least and the most of some milliseconds over the connections: "3.7 to 6.6"."""
        found = [f"{1e3 * row[name]:.1f}" for row in self.cells(page, server)]
        ends = sorted({min(found, key=float), max(found, key=float)}, key=float)
        return " to ".join(ends)


def rate(row: Row) -> str:
    """Return the requests a second of a cell, and whether some were answered with errors."""
    if row["throughput"] is None:
        return "n/a"
    return f"{row['throughput']:,.0f}{', errors' if row['errors'] else ''}"


def place_of(run: ServedRun, row: Row) -> tuple[object, ...]:
    """Return all by which two cells of several runs would differ, if they were not of one kind."""
    conditions = conditions_of(run, USUAL | {"threads": 0, "leave": 0, "generator": ""}) | {"workers": row["workers"]}
    return str(conditions), row["page"], row["server"], row["view"], row["load"]


def conditions_of(run: ServedRun, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what a run has of the conditions that are asked for; a Django by as much of its version as is asked."""
    release = run.settings["versions"]["Django"].split(".")
    told = {"debugging": run.settings["environment"], "django": ".".join(release[:2])}
    return {name: told.get(name, run.settings.get(name)) for name in asked}


def render(runs: Sequence[ServedRun]) -> str:
    """Return the page. Raises Problem where a run that it tells of is not stored."""
    jinja = environment(served=Served(runs))
    jinja.autoescape = False
    jinja.filters |= {"wait": milliseconds, "median": statistics.median}
    return jinja.get_template("async-or-not.md").render()
