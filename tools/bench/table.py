"""The answer in the terminal: what a request costs, per release and cell."""

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from asv.util import human_value
from rich.box import SIMPLE_HEAD
from rich.table import Table

from tools.bench.figures import Figure, figures
from tools.results import CONTROL, SECONDS, TIME, AnchoredTime, ResultFile, resolution_of_ratios

REQUESTS = {
    "handlers.Hello": "One request: hello world, no middleware, through the raw handlers",
    "page.Page": "One request: a page of a site, startproject's middleware, session, user, two queries, a template",
}
"""The scenarios whose cost has a table of its own, and its title."""

COUNTED = ("track_async_to_sync", "track_sync_to_async", "track_hops", "track_python_calls")
COSTS = ("track_instructions", TIME, CONTROL)
UNMEASURED = Figure(None, None)

SHOWN = {f"{scenario}.{method}" for scenario in REQUESTS for method in (*COSTS, SECONDS, *COUNTED)}
"""The benchmarks that these tables are made of."""


class ReleaseOnPython(NamedTuple):
    """What a column or a row of figures is of: a release, on a Python."""

    version: str
    python: str

    def __str__(self) -> str:
        return f"{self.version} on {self.python}"


def tables_of(
    project: str, releases: Mapping[ReleaseOnPython, ResultFile], parts: Sequence[str], units: Mapping[str, str]
) -> Iterator[Table]:
    """Yield the tables of ``REQUESTS`` that were measured, then one of all other figures of each of some parts.

    ``releases`` are results in the order to show, ``units`` those of the benchmarks.
    """
    requests = (cost_of(scenario, project, releases) for scenario in REQUESTS)
    for table in (*requests, *(figures_of(part, releases, units) for part in parts)):
        if table.row_count:
            yield table


def figures_of(part: str, releases: Mapping[ReleaseOnPython, ResultFile], units: Mapping[str, str]) -> Table:
    """Return the table of a part's figures, but for those of ``cost_of``: a row for each, a column for each release."""
    table = Table(title=f"{part}: one request or call, by asv's benchmark and its parameters", box=SIMPLE_HEAD)
    for heading in ("benchmark", "cell", "unit"):
        table.add_column(heading, overflow="fold")
    for release in releases:
        table.add_column(str(release) if _pythons(releases)[1:] else release.version, justify="right", no_wrap=True)
    measured = {name for result in releases.values() for name in result.results}
    for name in sorted(name for name in measured - SHOWN if name.startswith(f"{part}.")):
        columns = [figures(result, name) for result in releases.values()]
        for cell in dict.fromkeys(cell for column in columns for cell in column):
            values = [_value(column[cell], units[name]) if cell in column else "" for column in columns]
            table.add_row(name.removeprefix(f"{part}."), ", ".join(map(str, cell)), units[name], *values)
        table.add_section()
    return table


def _pythons(releases: Iterable[ReleaseOnPython]) -> list[str]:
    return list(dict.fromkeys(release.python for release in releases))


def cost_of(scenario: str, project: str, releases: Mapping[ReleaseOnPython, ResultFile]) -> Table:
    """Return what a request costs: a row for each release and cell, and for each Python where there are several.

    Each Python is then told as a ratio to the first of them, for the same release and cell.
    """
    first, *others = _pythons(releases) or [""]
    several = bool(others)
    table = Table(title=REQUESTS[scenario], box=SIMPLE_HEAD)
    for heading in (project, "cell", *["Python"] * several):
        table.add_column(heading, no_wrap=True)
    oldest = next((release.version for release in releases), "")
    to_first = [f"to {first}"] * several
    cost, time = ["instructions", "ratio", *to_first], ["time", "ratio", *to_first, f"of {oldest}", "resolution"]
    for heading in (*cost, *time, "crossings", "hops", "Python calls"):
        table.add_column(heading, justify="right", no_wrap=True)
    rows = {
        release: _rows(scenario, result, _anchor_of(scenario, releases, release.python))
        for release, result in releases.items()
    }
    for version in dict.fromkeys(release.version for release in releases):
        measured = {release.python: rows[release] for release in releases if release.version == version}
        for cell in dict.fromkeys(cell for row in measured.values() for cell in row):
            for python, row in measured.items():
                other = measured.get(first, {}).get(cell, NOTHING)
                before = next((row for release, row in rows.items() if release.python == python), {}).get(cell, NOTHING)
                words = row.get(cell, NOTHING).words(other if several else None, before)
                table.add_row(version, " ".join(cell), *([python] * several), *words)
        table.add_section()
    return table


class ReleaseRow(NamedTuple):
    """What is shown of a cell: its figures, those of the cell that ratios are to, and its counts.

    ``time`` is in seconds, made of ``beside`` and what the anchor took in all releases, so that noise is the same for
    all; ``beside`` is None where there is no anchor.
    """

    instructions: Figure
    time: Figure
    base_instructions: Figure
    base_time: Figure
    beside: AnchoredTime | None
    counts: Sequence[Figure]

    def words(self, other: "ReleaseRow | None", before: "ReleaseRow") -> list[str]:
        """Return what the columns say; with ratios to an ``other`` Python's row, and to that of the first release."""
        cost = [_thousands(self.instructions), _ratio(self.instructions, self.base_instructions)]
        time = [_value(self.time, "seconds"), _ratio(self.time, self.base_time)]
        if other:
            cost.append(_ratio(self.instructions, other.instructions, 2))
            time.append(_ratio(self.time, other.time, 2))
        counts = [_word(count) or f"{count.value:.0f}" for count in self.counts]
        return [*cost, *time, *self._to(before), *counts]

    def _to(self, before: "ReleaseRow") -> list[str]:
        """Return the time as a part of the first release's, and the smallest change of it that is told from none."""
        if not self.beside or not before.beside:
            return [_word(self.time) or "n/a"] * 2
        size = resolution_of_ratios(before.beside, self.beside)
        return [f"{self.beside.ratio / before.beside.ratio:.2f}", f"{size:.1%}"]


NOTHING = ReleaseRow(UNMEASURED, UNMEASURED, UNMEASURED, UNMEASURED, None, [UNMEASURED] * 3)

Cell = tuple[Any, ...]


def _anchor_of(scenario: str, releases: Mapping[ReleaseOnPython, ResultFile], python: str) -> dict[Cell, float]:
    """Return the seconds that the anchor took in the releases on a Python, by cell."""
    of_cell: dict[Cell, list[float]] = {}
    for release, result in releases.items():
        for cell, figure in figures(result, f"{scenario}.{SECONDS}").items():
            if figure.value and figure.measured and release.python == python:
                of_cell.setdefault(cell, []).append(figure.value)
    return {cell: statistics.median(values) for cell, values in of_cell.items()}


def _rows(scenario: str, result: ResultFile, anchor: Mapping[Cell, float]) -> dict[Cell, ReleaseRow]:
    """Return the rows of a release by their cell; ``anchor`` has the seconds of its anchor."""
    instructions, ratios, controls, to_sync, to_async, hops, calls = (
        figures(result, f"{scenario}.{method}") for method in COSTS + COUNTED
    )
    first = next(iter(hops), ())
    times = {cell: _scaled(ratio, anchor.get(cell, math.nan)) for cell, ratio in ratios.items()}
    rows = {}
    for cell in hops:
        crossings = [values.get(cell, UNMEASURED) for values in (to_sync, to_async)]
        unmeasured = [count for count in crossings if not count.measured]
        total = unmeasured[0] if unmeasured else Figure(sum(count.value or 0 for count in crossings), None)
        counts = [total, hops.get(cell, UNMEASURED), calls.get(cell, UNMEASURED)]
        (cost, base), (time, base_time) = (
            [of_metric.get(each, UNMEASURED) for each in (cell, first)] for of_metric in (instructions, times)
        )
        beside = _beside(ratios.get(cell, UNMEASURED), controls.get(cell, UNMEASURED))
        rows[cell] = ReleaseRow(cost, time, base, base_time, beside, counts)
    return rows


def _scaled(ratio: Figure, seconds: float) -> Figure:
    if ratio.value is None:
        return ratio
    return Figure(ratio.value * seconds, None if ratio.half is None else ratio.half * seconds)


def _beside(ratio: Figure, control: Figure) -> AnchoredTime | None:
    if not ratio.measured or not control.measured:
        return None
    assert ratio.value
    assert control.value
    return AnchoredTime(ratio.value, ratio.half, control.value, control.half)


def _thousands(figure: Figure) -> str:
    """Return instructions as thousands: their layout of memory moves what is below."""
    return _word(figure) or f"{figure.value / 1000:,.0f}k"  # type: ignore[operator]


def _ratio(figure: Figure, base: Figure, digits: int = 1) -> str:
    return _word(base) or _word(figure) or f"{figure.value / base.value:.{digits}f}"  # type: ignore[operator]


def _value(figure: Figure, unit: str) -> str:
    if unit in ("seconds", "bytes") and figure.measured:
        return str(human_value(figure.value, unit, figure.half))
    return _word(figure) or f"{figure.value:,.4g}"


def _word(figure: Figure) -> str:
    """Return what stands for a figure that is no number."""
    if figure is UNMEASURED:
        return "not run"
    if figure.value is None:
        return "failed"
    return "" if figure.measured else "n/a"
