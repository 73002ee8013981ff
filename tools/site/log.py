"""The Changes page and its feed: what each commit changed, or each stretch of commits, and what each release did."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from tools.results import TIME, VerdictWord, word_of, worst
from tools.site.changes import Change, move
from tools.site.grouping import groups
from tools.site.order import Commit, Order
from tools.site.site import Site, shown
from tools.site.suite import MetricCell
from tools.site.tables import plain_of

KINDS = ("cost", "time", "waits", "memory", "counts")
"""The kinds of metrics, the one that tells most first."""

WORSENING = ("cost", "time", "waits")
"""Those of which more is worse (``tools.results.word_of``)."""

ROWS_OF_A_PAGE = 2000
CELLS_OF_A_ROW = 2
SUMMED = 2
"""So many rows stand for an entry until it is opened."""


class Row(NamedTuple):
    """A metric of a scenario that changed, in so many cells; ``examples`` are its largest changes, by their cells.

    ``graph`` is where asv shows the largest.
    """

    cell: MetricCell
    interfaces: str
    summary: str
    settings: str
    examples: list[str]
    graph: str
    more: int

    @property
    def name(self) -> str:
        return f"{self.cell.scenario} {self.cell.metric}"


class Entry(NamedTuple):
    """What changed between two measured commits, or releases, that follow each other.

    ``distance`` is how many commits lead from ``base`` to ``commit``: of more than one, any may have done it; 0 is an
    unknown number. ``costs`` are the largest changes by kind, in the order of ``KINDS``, relative.
    """

    commit: Commit
    base: Commit
    distance: int
    word: VerdictWord
    measured: bool
    costs: tuple[float, ...]
    rows: list[Row]
    changes: Sequence[Change]

    @property
    def id(self) -> str:
        """A name that stays, as long as nothing is measured between the two."""
        return self.commit.label if self.distance == 1 else f"{self.base.label}..{self.commit.label}"

    @property
    def kind(self) -> str:
        """Where it stands on the page."""
        return "releases" if self.commit.release and self.base.release else "commits"

    @property
    def told(self) -> str:
        """The verdict, which counts alone are not."""
        return "counts alone" if self.word == "cannot tell" and not self.measured else self.word

    @property
    def summary(self) -> str:
        more = f"; and {len(self.rows) - SUMMED} more" if len(self.rows) > SUMMED else ""
        return "; ".join(f"{row.name} {row.summary}" for row in self.rows[:SUMMED]) + more


def of_commits(site: Site) -> list[Entry]:
    """Return what the commits of the project's branches changed, what costs most first; releases stand apart."""
    listed = {commit.hash for commit in site.order.main if site.order.public(commit) and not site.apart(commit)}
    found = [each for each in entries(site, site.changes, site.order) if each.commit.hash in listed]
    return sorted(found, key=lambda entry: (entry.costs, entry.commit.seconds, entry.id), reverse=True)


def of_releases(site: Site) -> list[Entry]:
    """Return what each release changed since the one before it, the newest first."""
    found = entries(site, site.release_changes, site.order.by_release)
    places = {commit.hash: place for place, commit in enumerate(site.order.releases)}
    return sorted(found, key=lambda entry: (places[entry.commit.hash], places[entry.base.hash]), reverse=True)


def figures(site: Site, found: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    """Yield a row for programs of each figure that changed, None for what a Django could not do or was not proved."""
    for entry in found:
        for change in entry.changes:
            cell = site.suite.cells[change.cell]
            yield {
                "commit": entry.commit.label,
                "base": entry.base.label,
                "one of commits": entry.distance or None,
                "verdict": entry.told,
                "scenario": cell.scenario,
                "cell": cell.name,
                "metric": cell.metric,
                "unit": cell.unit,
                "before": plain_of(change.before),
                "after": plain_of(change.after),
                "resolution": change.resolution,
            }


def newest_first(found: Iterable[Entry]) -> list[Entry]:
    return sorted(found, key=lambda entry: (entry.commit.seconds, entry.id), reverse=True)


def entries(site: Site, changes: Iterable[Change], order: Order) -> Iterator[Entry]:
    """Yield the changes by where they begin and end: cells may have been measured last at different commits."""
    for (base, commit), own in groups(changes, lambda change: (change.base, change.commit)).items():
        words = [judged(site, each) for each in groups(own, lambda change: place(site, change)).values()]
        yield Entry(
            order.commits[commit],
            order.commits[base],
            order.distance(base, commit),
            worst(words),
            any(measured for _, measured in words),
            costs(site, own),
            list(rows(site, own)),
            own,
        )


def place(site: Site, change: Change) -> tuple[str, tuple[str, ...], str]:
    cell = site.suite.cells[change.cell]
    return cell.scenario, cell.params, change.result.environment


def judged(site: Site, changes: Sequence[Change]) -> tuple[VerdictWord, bool]:
    """Return what the changes of one cell of a scenario come to, and whether more than its counts is known."""
    cells = site.suite.cells
    moved: dict[str, VerdictWord] = {}
    for change in changes:
        if cells[change.cell].kind in ("cost", "time"):
            moved[cells[change.cell].kind] = "slower" if change.after > change.before else "faster"
    first = changes[0]
    for method in ("track_instructions", TIME):
        number = site.suite.beside(first.cell, method)
        found = move(site.suite, first.origin, first.result, number) if number is not None else None
        if found and found.resolution is not None:
            moved.setdefault(cells[number or 0].kind, "unchanged")
    waits = sum(
        change.after - change.before
        for change in changes
        if cells[change.cell].kind == "waits" and math.isfinite(change.after - change.before)
    )
    return word_of(moved, waits, True), bool(moved)


def costs(site: Site, changes: Sequence[Change]) -> tuple[float, ...]:
    largest = dict.fromkeys(KINDS, 0.0)
    for change in changes:
        kind = site.suite.cells[change.cell].kind
        largest[kind] = max(largest[kind], abs(change.relative) if math.isfinite(change.relative) else 0.0)
    return tuple(largest.values())


def rows(site: Site, changes: Sequence[Change]) -> Iterator[Row]:
    found = groups(changes, lambda change: site.suite.cells[change.cell].benchmark)

    def kind(benchmark: str) -> str:
        return site.suite.cells[found[benchmark][0].cell].kind

    def order(benchmark: str) -> tuple[bool, int, bool, bool, float, str]:
        """What makes it worse comes first; what judges before what explains, what every request passes before the rest.

        Of a kind more comes before less.
        """
        largest = max(map(weight, found[benchmark]))
        less = not any(change.after > change.before for change in found[benchmark])
        worse = not less and kind(benchmark) in WORSENING
        everywhere = benchmark.startswith("handlers.")
        return not worse, KINDS.index(kind(benchmark)), less, not everywhere, -largest, benchmark

    for benchmark in sorted(found, key=order):
        own = list({change.cell: change for change in sorted(found[benchmark], key=weight)}.values())[::-1]
        cell = site.suite.cells[own[0].cell]
        interfaces = sorted({site.suite.cells[change.cell].interface for change in own} - {""})
        yield Row(
            cell,
            " ".join(interfaces),
            summary(own, cell.exact),
            "; ".join(sorted({site.setting(change.result) for change in found[benchmark]} - {""})),
            [example(site, change) for change in own[:CELLS_OF_A_ROW]],
            site.graph(cell, own[0].commit),
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


def size(part: float) -> str:
    """Return a part without a sign: "0.3%"."""
    return percent(part).lstrip("+-")


def example(site: Site, change: Change) -> str:
    cell = site.suite.cells[change.cell]
    if cell.method == TIME:
        text = percent(change.relative)
    else:
        text = f"{shown(cell, change.before)} → {shown(cell, change.after)}"
    text += f", resolution {size(change.resolution)}" if change.resolution else ""
    return f"{cell.name} {text}".strip()


def anchors(site: Site, found: Iterable[Entry]) -> list[str]:
    """Return the releases beside which the times were taken that changed."""
    beside = (change for entry in found for change in entry.changes if site.suite.cells[change.cell].method == TIME)
    return sorted({site.anchor_of(change.result) for change in beside})


def pages(found: Sequence[Entry]) -> list[list[Entry]]:
    """Return the entries by page: whole ones, about so many rows each; one empty page where there are none."""
    split: list[list[Entry]] = [[]]
    rows = 0
    for entry in found:
        if split[-1] and rows + len(entry.rows) > ROWS_OF_A_PAGE:
            split.append([])
            rows = 0
        split[-1].append(entry)
        rows += len(entry.rows)
    return split
