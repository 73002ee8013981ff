"""The answer in the terminal: what a request costs, per release and cell."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from asv.util import human_value
from rich.box import SIMPLE_HEAD
from rich.table import Table

from tools.bench.figures import Figure, figures
from tools.results import ResultFile

SCENARIO = "handlers.Hello"
BASE = ("WSGI", "sync")
UNMEASURED = Figure(None, None)


class ReleaseOnPython(NamedTuple):
    """What a column or a row of figures is of: a release, on a Python."""

    version: str
    python: str

    def __str__(self) -> str:
        return f"{self.version} on {self.python}"


def tables_of(
    project: str, releases: Mapping[ReleaseOnPython, ResultFile], parts: Sequence[str], units: Mapping[str, str]
) -> Iterator[Table]:
    """Yield the table of hello world where that was measured, then one of all other figures of each of some parts.

    ``releases`` are results in the order to show, ``units`` those of the benchmarks.
    """
    for table in (hello_world(project, releases), *(figures_of(part, releases, units) for part in parts)):
        if table.row_count:
            yield table


def figures_of(part: str, releases: Mapping[ReleaseOnPython, ResultFile], units: Mapping[str, str]) -> Table:
    """Return the table of a part's figures, but for those of hello world: a row for each, a column for each release."""
    table = Table(title=f"{part}: one request or call, by asv's benchmark and its parameters", box=SIMPLE_HEAD)
    for heading in ("benchmark", "cell", "unit"):
        table.add_column(heading, overflow="fold")
    for release in releases:
        table.add_column(str(release) if _pythons(releases)[1:] else release.version, justify="right", no_wrap=True)
    measured = {name for result in releases.values() for name in result.results}
    for name in sorted(name for name in measured if name.startswith(f"{part}.") and not name.startswith(SCENARIO)):
        columns = [figures(result, name) for result in releases.values()]
        for cell in dict.fromkeys(cell for column in columns for cell in column):
            values = [_value(column[cell], units[name]) if cell in column else "" for column in columns]
            table.add_row(name.removeprefix(f"{part}."), ", ".join(map(str, cell)), units[name], *values)
        table.add_section()
    return table


def _pythons(releases: Iterable[ReleaseOnPython]) -> list[str]:
    return list(dict.fromkeys(release.python for release in releases))


def hello_world(project: str, releases: Mapping[ReleaseOnPython, ResultFile]) -> Table:
    """Return what hello world costs: a row for each release and cell, and for each Python where there are several.

    Each Python is then told as a ratio to the first of them, for the same release and cell.
    """
    first, *others = _pythons(releases) or [""]
    table = Table(title="One request: hello world, no middleware, through the raw handlers", box=SIMPLE_HEAD)
    for heading in (project, "cell", *["Python"] * bool(others)):
        table.add_column(heading, no_wrap=True)
    to_first = [f"to {first}"] * bool(others)
    for heading in (
        "instructions",
        "ratio",
        *to_first,
        "time",
        "ratio",
        *to_first,
        "crossings",
        "hops",
        "Python calls",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    rows = {release: _rows(result) for release, result in releases.items()}
    for version in dict.fromkeys(release.version for release in releases):
        measured = {release.python: rows[release] for release in releases if release.version == version}
        for cell in dict.fromkeys(cell for row in measured.values() for cell in row):
            for python, row in measured.items():
                base = measured.get(first, {}).get(cell, NOTHING)
                table.add_row(
                    version,
                    " ".join(cell),
                    *([python] * bool(others)),
                    *row.get(cell, NOTHING).words(base, bool(others)),
                )
        table.add_section()
    return table


class ReleaseRow(NamedTuple):
    """What is shown of a cell: its figures, those of the cell that ratios are to, and its counts."""

    instructions: Figure
    time: Figure
    base_instructions: Figure
    base_time: Figure
    counts: Sequence[Figure]

    def words(self, base: "ReleaseRow", beside: bool) -> list[str]:
        """Return what the columns say; with the ratios to another Python's row where it is ``beside`` that."""
        cost, time = (
            [said, _ratio(figure, native), *[_ratio(figure, other, 2)] * beside]
            for said, figure, native, other in (
                (_thousands(self.instructions), self.instructions, self.base_instructions, base.instructions),
                (_value(self.time, "seconds"), self.time, self.base_time, base.time),
            )
        )
        return [*cost, *time, *(_word(count) or f"{count.value:.0f}" for count in self.counts)]


NOTHING = ReleaseRow(UNMEASURED, UNMEASURED, UNMEASURED, UNMEASURED, [UNMEASURED] * 3)


def _rows(result: ResultFile) -> dict[tuple[Any, ...], ReleaseRow]:
    """Return the rows of a release by their cell."""
    times = figures(result, f"{SCENARIO}.time_request")
    instructions, to_async, to_sync, hops, calls = (
        figures(result, f"{SCENARIO}.track_{metric}")
        for metric in ("instructions", "async_to_sync", "sync_to_async", "hops", "python_calls")
    )
    rows = {}
    for cell, time in times.items():
        crossings = [values.get(cell, UNMEASURED) for values in (to_async, to_sync)]
        unmeasured = [count for count in crossings if not count.measured]
        total = unmeasured[0] if unmeasured else Figure(sum(count.value or 0 for count in crossings), None)
        counts = [total, hops.get(cell, UNMEASURED), calls.get(cell, UNMEASURED)]
        cost, base = (instructions.get(each, UNMEASURED) for each in (cell, BASE))
        rows[cell] = ReleaseRow(cost, time, base, times[BASE], counts)
    return rows


def _thousands(figure: Figure) -> str:
    """Return instructions as thousands: their layout of memory moves what is below."""
    return _word(figure) or f"{figure.value / 1000:,.0f}k"  # type: ignore[operator]


def _ratio(figure: Figure, base: Figure, digits: int = 1) -> str:
    return _word(base) or _word(figure) or f"{figure.value / base.value:.{digits}f}"  # type: ignore[operator]


def _value(figure: Figure, unit: str) -> str:
    if unit in ("seconds", "bytes") and figure.measured:
        return str(human_value(figure.value, unit, figure.spread))
    return _word(figure) or f"{figure.value:,.4g}"


def _word(figure: Figure) -> str:
    """Return what stands for a figure that is no number."""
    if figure.value is None:
        return "failed"
    return "" if figure.measured else "n/a"


def resolution(releases: Mapping[ReleaseOnPython, ResultFile]) -> float | None:
    """Return by how much the floors, the same code under each release, differed in this run: 0.05 is 5 %.

    It is the largest spread of a floor between two of ``releases`` on one Python, so a smaller difference between
    their times is not told from no difference. None for fewer than two releases with floors.
    """
    floors: dict[tuple[str, Any, str], list[float]] = {}
    for release, result in releases.items():
        for name in filter(_is_floor, result.results):
            for cell, figure in figures(result, name).items():
                if figure.value and figure.measured:
                    floors.setdefault((name, cell, release.python), []).append(figure.value)
    spreads = [max(values) / min(values) - 1 for values in floors.values() if len(values) > 1]
    return max(spreads, default=None)


def _is_floor(name: str) -> bool:
    return name.startswith("floors.") and ".time_" in name
