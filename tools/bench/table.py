"""The answer in the terminal: what a request costs, per release and cell."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from asv.util import human_value
from rich.box import SIMPLE_HEAD
from rich.table import Table

from tools.bench.figures import Figure, figures
from tools.results import ResultFile

SCENARIO = "handlers.Hello"
BASE = ("WSGI", "sync")
UNMEASURED = Figure(None, None)


def tables_of(
    project: str, releases: Mapping[str, ResultFile], parts: Sequence[str], units: Mapping[str, str]
) -> Iterator[Table]:
    """Yield the table of hello world where that was measured, then one of all other figures of each of some parts.

    ``releases`` are results by version, in the order to show, ``units`` those of the benchmarks.
    """
    for table in (hello_world(project, releases), *(figures_of(part, releases, units) for part in parts)):
        if table.row_count:
            yield table


def figures_of(part: str, releases: Mapping[str, ResultFile], units: Mapping[str, str]) -> Table:
    """Return the table of a part's figures, but for those of hello world: a row for each, a column for each release."""
    table = Table(title=f"{part}: one request or call, by asv's benchmark and its parameters", box=SIMPLE_HEAD)
    for heading in ("benchmark", "cell", "unit"):
        table.add_column(heading, overflow="fold")
    for version in releases:
        table.add_column(version, justify="right", no_wrap=True)
    measured = {name for result in releases.values() for name in result.results}
    for name in sorted(name for name in measured if name.startswith(f"{part}.") and not name.startswith(SCENARIO)):
        columns = [figures(result, name) for result in releases.values()]
        for cell in dict.fromkeys(cell for column in columns for cell in column):
            values = [_value(column[cell], units[name]) if cell in column else "" for column in columns]
            table.add_row(name.removeprefix(f"{part}."), ", ".join(map(str, cell)), units[name], *values)
        table.add_section()
    return table


def hello_world(project: str, releases: Mapping[str, ResultFile]) -> Table:
    """Return what hello world costs: a row for each release and cell."""
    table = Table(title="One request: hello world, no middleware, through the raw handlers", box=SIMPLE_HEAD)
    for heading in (project, "cell"):
        table.add_column(heading, no_wrap=True)
    for heading in ("instructions", "ratio", "time", "ratio", "crossings", "hops", "Python calls"):
        table.add_column(heading, justify="right", no_wrap=True)
    for version, result in releases.items():
        for row in _rows(result):
            table.add_row(version, *row)
        table.add_section()
    return table


def _rows(result: ResultFile) -> Iterator[list[str]]:
    times = figures(result, f"{SCENARIO}.time_request")
    instructions, to_async, to_sync, hops, calls = (
        figures(result, f"{SCENARIO}.track_{metric}")
        for metric in ("instructions", "async_to_sync", "sync_to_async", "hops", "python_calls")
    )
    for cell, time in times.items():
        crossings = [values.get(cell, UNMEASURED) for values in (to_async, to_sync)]
        unmeasured = [count for count in crossings if not count.measured]
        total = unmeasured[0] if unmeasured else Figure(sum(count.value or 0 for count in crossings), None)
        counts = [total, hops.get(cell, UNMEASURED), calls.get(cell, UNMEASURED)]
        words = [_word(count) or f"{count.value:.0f}" for count in counts]
        cost, base = (instructions.get(each, UNMEASURED) for each in (cell, BASE))
        measured = [_thousands(cost), _ratio(cost, base), _value(time, "seconds"), _ratio(time, times[BASE])]
        yield [" ".join(cell), *measured, *words]


def _thousands(figure: Figure) -> str:
    """Return instructions as thousands: their layout of memory moves what is below."""
    return _word(figure) or f"{figure.value / 1000:,.0f}k"  # type: ignore[operator]


def _ratio(figure: Figure, base: Figure) -> str:
    return _word(base) or _word(figure) or f"{figure.value / base.value:.1f}"  # type: ignore[operator]


def _value(figure: Figure, unit: str) -> str:
    if unit in ("seconds", "bytes") and figure.measured:
        return str(human_value(figure.value, unit, figure.spread))
    return _word(figure) or f"{figure.value:,.4g}"


def _word(figure: Figure) -> str:
    """Return what stands for a figure that is no number."""
    if figure.value is None:
        return "failed"
    return "" if figure.measured else "n/a"


def resolution(releases: Mapping[str, ResultFile]) -> float | None:
    """Return by how much the floors, the same code under each release, differed in this run: 0.05 is 5 %.

    It is the largest spread of a floor between two of ``releases``, so a smaller difference between two releases'
    times is not told from no difference. None for fewer than two releases with floors.
    """
    floors: dict[tuple[str, Any], list[float]] = {}
    for result in releases.values():
        for name in filter(_is_floor, result.results):
            for cell, figure in figures(result, name).items():
                if figure.value and figure.measured:
                    floors.setdefault((name, cell), []).append(figure.value)
    spreads = [max(values) / min(values) - 1 for values in floors.values() if len(values) > 1]
    return max(spreads, default=None)


def _is_floor(name: str) -> bool:
    return name.startswith("floors.") and ".time_" in name
