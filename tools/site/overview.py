"""The first page: what a request costs in the newest measured Django, how that came, and where the time goes."""

import itertools
import math
import statistics
from collections.abc import Iterator
from typing import Any

from asv.util import human_value

from harness.version import version_of_benchmark
from tools.results import SECONDS, TIME, VerdictWord
from tools.site import charts
from tools.site.changes import drift, move
from tools.site.log import percent, size
from tools.site.results import Result
from tools.site.site import ShownFigure, Site, shown
from tools.site.suite import plain

SCENARIO = "handlers.Hello"
STACK = "middleware.Stack"
CELLS = [("WSGI", "sync"), ("WSGI", "async"), ("ASGI", "sync"), ("ASGI", "async")]
COUNTS = {"crossings": ("sync_to_async", "async_to_sync"), "hops": ("hops",), "Python calls": ("python_calls",)}
DRAWN = {
    "track_instructions": "instructions",
    TIME: "time beside the anchor",
    "time_request": "time",
    "track_python_calls": "Python calls",
}


def cells(site: Site) -> list[tuple[str, list[ShownFigure]]]:
    """Return the rows of the first table: a cell, and its instructions, time, ratios and counts."""
    return [(" ".join(cell), [*cost(site, cell), time(site, cell), *counts(site, cell)]) for cell in CELLS]


def value(site: Site, result: Result | None, method: str, *variant: object, scenario: str = SCENARIO) -> float:
    """Return a figure of a result, NaN where there is none."""
    number = site.suite.find(f"{scenario}.{method}", *variant)
    return result.values[number] if result and number is not None else math.nan


def cost(site: Site, cell: tuple[str, str]) -> Iterator[ShownFigure]:
    """Yield the instructions of a cell; nothing where the suite counts none."""
    number = site.suite.find(f"{SCENARIO}.track_instructions", *cell)
    if number is None or site.newest is None:
        return
    text = shown(site.suite.cells[number], site.newest.values[number])
    yield figure(site, cell, number, text, "track_instructions")


def time(site: Site, cell: tuple[str, str]) -> ShownFigure:
    """Return the time of a cell: beside the anchor, by what that takes, and by itself where there is no anchor."""
    number = site.suite.find(f"{SCENARIO}.{clock(site)}", *cell)
    if number is None or site.newest is None:
        return ShownFigure("not measured")
    return figure(site, cell, number, duration(site, site.newest, number, cell), clock(site))


def clock(site: Site) -> str:
    """Return the metric by which times are told."""
    return TIME if site.anchor else "time_request"


def duration(site: Site, result: Result, number: int, cell: tuple[str, str]) -> str:
    """Return a time of a cell in seconds, with half of its interval where that is known."""
    scale = unit(site, clock(site), cell)
    seconds, half = result.values[number] * scale, result.halves[number] * scale
    sampled = math.isfinite(seconds) and math.isfinite(half)
    return human_value(seconds, "seconds", half) if sampled else shown(site.suite.cells[number], seconds)


def unit(site: Site, method: str, cell: tuple[str, str]) -> float:
    """Return what 1 of a metric stands for: beside the anchor its seconds, the median on that machine, else 1."""
    if method != TIME:
        return 1.0
    assert site.newest is not None
    place = (site.newest.machine, site.newest.environment)
    alike = [result for result in site.archive.results if (result.machine, result.environment) == place]
    seconds = [value(site, result, SECONDS, *cell) for result in alike]
    measured = [each for each in seconds if math.isfinite(each)]
    return statistics.median(measured) if measured else math.inf


def figure(site: Site, cell: tuple[str, str], number: int, text: str, method: str) -> ShownFigure:
    """Return what a cell shows of a metric: its figure, its ratio to the first cell's, and its change."""
    base, own = (value(site, site.newest, method, *each) * unit(site, method, each) for each in (CELLS[0], cell))
    ratio = f"×{own / base:.1f}" if base and math.isfinite(own / base) else ""
    change, word = moved(site, number)
    return ShownFigure(text, site.graph(site.suite.cells[number]), change, bool(word), ratio, word)


def moved(site: Site, number: int) -> tuple[str, VerdictWord | None]:
    """Return by how much a cost or a time changed, in words, and what that means where it is beyond its resolution."""
    assert site.newest is not None
    found = move(site.suite, site.previous, site.newest, number) if site.previous else None
    if found is None:
        return "", None
    if found.resolution is None:
        return f"{percent(found.part)}, resolution unknown", None
    if found.word == "unchanged":
        return f"same within {size(found.resolution)}", None
    return percent(found.part), found.word


def counts(site: Site, cell: tuple[str, str]) -> Iterator[ShownFigure]:
    for metrics in COUNTS.values():
        new, old = (
            sum(value(site, result, f"track_{metric}", *cell) for metric in metrics)
            for result in (site.newest, site.previous)
        )
        number = site.suite.find(f"{SCENARIO}.track_{metrics[0]}", *cell)
        if number is None:
            yield ShownFigure("not measured")
            continue
        first = site.suite.cells[number]
        comparable = math.isfinite(old) and math.isfinite(new)
        change = f"{new - old:+g}" if comparable and new != old else "same" if comparable else ""
        word: VerdictWord | None = "slower" if first.kind == "waits" and comparable and new > old else None
        yield ShownFigure(shown(first, new), site.graph(first), change, comparable and new != old, word=word)


def multiples(site: Site) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the small charts of each cell over each timeline."""
    found = []
    for timeline in site.timelines:
        group = [
            charts.history(
                f"{' '.join(cell)}: {words}", timeline, [(number, site.suite.cells[number])], [" ".join(cell)]
            )
            for method, words in DRAWN.items()
            if method != "time_request" or not site.anchor
            if method != "track_python_calls" or timeline.kind == "releases" or not costs(site)
            for cell in CELLS
            if (number := site.suite.find(f"{SCENARIO}.{method}", *cell)) is not None
        ]
        found.append((timeline.kind, [each for each in group if charts.is_a_line(each)]))
    return [(kind, group) for kind, group in found if group]


def costs(site: Site) -> bool:
    """Whether the suite counts instructions, beside which calls are drawn over releases alone: they explain."""
    return site.suite.find(f"{SCENARIO}.track_instructions", *CELLS[0]) is not None


def heat(site: Site) -> dict[str, Any] | None:
    """Return the crossings by kind and depth of middleware, of the newest result that has them, NaN where one is n/a.

    A row has a number for each of ``CELLS``; ``most`` is the largest of all.
    """
    result = next((each for each in newest_first(site) if has(site, each, STACK)), None)
    if result is None:
        return None
    kinds, depths = site.suite.benchmarks[f"{STACK}.track_sync_to_async"]["params"][2:4]
    rows = [
        (plain(kind), depth, [crossings(site, result, (*map(repr, cell), kind, depth)) for cell in CELLS])
        for kind, depth in itertools.product(kinds, depths)
    ]
    most = max((number for *_, numbers in rows for number in numbers if math.isfinite(number)), default=0) or 1
    return {"label": site.commit(result).label, "json": site.json(result), "rows": rows, "most": most}


def crossings(site: Site, result: Result, params: tuple[str, ...]) -> float:
    places = [site.suite.index.get((f"{STACK}.track_{metric}", params)) for metric in COUNTS["crossings"]]
    total = sum(math.nan if place is None else result.values[place] for place in places)
    return total if math.isfinite(total) else math.nan


def newest_first(site: Site) -> Iterator[Result]:
    if site.newest:
        yield site.newest
    for timeline in site.timelines:
        yield from (result for _, result in reversed(timeline.results))


def has(site: Site, result: Result, scenario: str) -> bool:
    return any(
        math.isfinite(result.values[number])
        for number in site.suite.scenarios.get(scenario, ())
        if site.suite.cells[number].exact
    )


def parts(site: Site) -> dict[str, Any] | None:
    """Return the stacked chart of where a request's time goes, in the newest result with floors; None without them.

    The bare application of the interface; each crossing at what it costs a function that does nothing; the rest is
    Django, with the threads and loops that it starts.
    """
    bare = ((each, value(site, each, "time_request", scenario="floors.BareASGI")) for each in newest_first(site))
    result = next((each for each, floor in bare if math.isfinite(floor)), None)
    rows = {" ".join(cell): split(site, result, cell) for cell in CELLS} if result else {}
    rows = {name: row for name, row in rows.items() if all(map(math.isfinite, row))}
    if not rows or result is None:
        return None
    names = ("floor: a bare application", "crossings", "Django, and the threads and loops it starts")
    return {
        "title": f"Where the time of a request goes, {site.commit(result).label}",
        "kind": "stacked",
        "json": site.json(result),
        "x": {"type": "category", "title": "", "labels": list(rows)},
        "y": {"title": "seconds", "unit": "seconds"},
        "series": [
            {"name": name, "points": [(place, charts.significant(part)) for place, part in enumerate(column)]}
            for name, column in zip(names, zip(*rows.values(), strict=True), strict=True)
        ],
    }


def split(site: Site, result: Result, cell: tuple[str, str]) -> tuple[float, float, float]:
    """Return the seconds of the floor, of the crossings and of the rest; crossings take at most what is left."""
    whole = value(site, result, "time_request", *cell)
    floor = value(site, result, "time_request", scenario=f"floors.Bare{cell[0]}")
    to_thread = value(site, result, "time_crossing", True, scenario="floors.SyncToAsync")
    to_loop = value(site, result, "time_crossing", scenario="floors.AsyncToSync")
    crossings = value(site, result, "track_sync_to_async", *cell) * to_thread
    crossings += value(site, result, "track_async_to_sync", *cell) * to_loop
    crossings = min(crossings, whole - floor)
    return floor, crossings, whole - floor - crossings


def conditions(site: Site) -> dict[str, Any]:
    """Return what the figures hold for."""
    result, old = site.newest, site.previous
    assert result is not None
    drifted = drift(site.suite, old, result) if old and old.machine == result.machine else None
    return {
        "machine": site.archive.machines[result.machine],
        "versions": result.environment,
        "measured": result.measured // 1000,
        "anchor": site.anchor,
        "resolution": f"{drifted:.0%}" if drifted is not None else "unknown",
        "changed_since": len(changed_since(site)),
    }


def changed_since(site: Site) -> list[str]:
    """Return the benchmarks that the suite at hand has in another version than the results, or not at all."""
    stored = site.suite.benchmarks.items()
    parts = {path.stem for path in site.benchmarks.glob("*.py")}
    return [
        name
        for name, entry in stored
        if entry.get("version") != (version_of_benchmark(name) if part_of(name) in parts else None)
    ]


def part_of(name: str) -> str:
    return name.partition(".")[0]
