"""The Changes page and its feed: the changes by commit, newest first."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tools.site.changes import Change
from tools.site.grouping import groups
from tools.site.order import Commit
from tools.site.results import Result
from tools.site.site import Site, shown
from tools.site.suite import MetricCell

KINDS = ("cost", "waits", "counts", "time", "memory")
"""The kinds of metrics, the one that tells most first."""

ROWS_OF_A_PAGE = 1000
CELLS_OF_A_ROW = 2


class Row(NamedTuple):
    """A metric of a scenario that a commit changed, in so many cells; ``examples`` are its largest changes."""

    cell: MetricCell
    interfaces: str
    summary: str
    examples: list[tuple[str, str, str, str]]  # cell, before, after, asv's graph
    more: int


class Entry(NamedTuple):
    """A commit, and what it changed."""

    commit: Commit
    base: Commit
    result: Result
    rows: list[Row]
    cost: float
    """The largest change of a request's instructions, relative; 0 where none changed."""

    @property
    def summary(self) -> str:
        return "; ".join(f"{row.cell.scenario}: {row.cell.metric} {row.summary}" for row in self.rows[:5]) + (
            f"; and {len(self.rows) - 5} more" if len(self.rows) > 5 else ""
        )


def entries(site: Site) -> list[Entry]:
    """Return the commits of the project that changed anything, newest first."""
    public = [change for change in site.changes if site.order.public(site.order.commits[change.commit])]
    found = [
        Entry(
            site.order.commits[commit],
            # A cell may have been measured last at an earlier commit than the others.
            max((site.order.commits[change.base] for change in changes), key=lambda each: each.seconds),
            changes[0].result,
            list(rows(site, changes)),
            max((change.relative for change in changes if is_cost(site, change)), key=abs, default=0.0),
        )
        for commit, changes in groups(public, lambda change: change.commit).items()
    ]
    return sorted(found, key=lambda entry: (entry.commit.seconds, entry.commit.hash), reverse=True)


def is_cost(site: Site, change: Change) -> bool:
    return site.suite.cells[change.cell].kind == "cost" and math.isfinite(change.relative)


def by_cost(found: Sequence[Entry]) -> list[Entry]:
    """Return the entries of commits that changed what a request costs, what changed it most first."""
    return sorted((entry for entry in found if entry.cost), key=lambda entry: abs(entry.cost), reverse=True)


def rows(site: Site, changes: Sequence[Change]) -> Iterator[Row]:
    found = groups(changes, lambda change: site.suite.cells[change.cell].benchmark)

    def kind(benchmark: str) -> str:
        return site.suite.cells[found[benchmark][0].cell].kind

    # What every request passes comes first; what it costs before what it waits for, and that before what explains it.
    for benchmark in sorted(found, key=lambda name: (not name.startswith("handlers."), KINDS.index(kind(name)), name)):
        own = sorted(found[benchmark], key=weight, reverse=True)
        cell = site.suite.cells[own[0].cell]
        interfaces = sorted({site.suite.cells[change.cell].interface for change in own} - {""})
        yield Row(
            cell,
            " ".join(interfaces),
            summary(own, cell.exact),
            [example(site, change) for change in own[:CELLS_OF_A_ROW]],
            max(0, len(own) - CELLS_OF_A_ROW),
        )


def weight(change: Change) -> float:
    return abs(change.relative)


def summary(changes: Sequence[Change], exact: bool) -> str:
    """Return by how much a metric changed over cells: ``+1 to +3 in 4 cells``."""
    if exact:
        numbers = [change.after - change.before for change in changes if math.isfinite(change.after - change.before)]
        words = [f"{number:+g}" for number in (min(numbers), max(numbers))] if numbers else []
        words = words or ["n/a before" if math.isinf(changes[0].before) else "n/a now"]
    else:
        numbers = [change.relative for change in changes]
        words = [percent(number) for number in (min(numbers), max(numbers))]
    plural = f"{len(changes)} cells" if len(changes) > 1 else "1 cell"
    return f"{' to '.join(dict.fromkeys(words))} in {plural}"


def percent(part: float) -> str:
    """Return a part as a percentage that is never rounded to nothing: "+0.3%", "+34%"."""
    return f"{part:+.0%}" if abs(part) >= 0.1 else f"{part:+.1%}" if abs(part) >= 0.001 else f"{part:+.2%}"


def example(site: Site, change: Change) -> tuple[str, str, str, str]:
    cell = site.suite.cells[change.cell]
    before, after = shown(cell, change.before), shown(cell, change.after)
    after += f", resolution {percent(change.resolution).lstrip('+')}" if change.resolution else ""
    return cell.name, before, after, site.graph(cell, change.commit)


def pages(found: Sequence[Entry]) -> list[list[Entry]]:
    """Return the entries by page: whole commits, about so many rows each; one empty page where there are none."""
    split: list[list[Entry]] = [[]]
    rows = 0
    for entry in found:
        if split[-1] and rows + len(entry.rows) > ROWS_OF_A_PAGE:
            split.append([])
            rows = 0
        split[-1].append(entry)
        rows += len(entry.rows)
    return split
