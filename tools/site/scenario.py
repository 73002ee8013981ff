"""A scenario's page: what it says of itself, its cells, its history."""

import math
from typing import Any

from tools.site import charts
from tools.site.grouping import groups
from tools.site.site import ShownFigure, Site, shown
from tools.site.suite import plain
from tools.site.tables import plain_of

LINES = 8
"""A chart has at most so many lines; of more cells it shows one value of the further parameters at a time."""


def metrics(site: Site, name: str) -> list[str]:
    """Return the scenario's benchmarks: times first, then counts."""
    found = dict.fromkeys(site.suite.cells[number].benchmark for number in site.suite.scenarios[name])
    return sorted(found, key=lambda benchmark: (".time_" not in benchmark, benchmark))


def columns(site: Site, name: str) -> list[str]:
    """Return the benchmarks as the table has them: first, on a small screen, what changed; last what has no figure."""
    cells, numbers = site.suite.cells, site.suite.scenarios[name]
    found = [number for number in numbers if site.newest and not math.isnan(site.newest.values[number])]
    measured = {cells[number].benchmark for number in found}
    changed = {cells[number].benchmark for number in numbers if figure(site, number).change}
    return sorted(metrics(site, name), key=lambda benchmark: (benchmark not in measured, benchmark not in changed))


def table(site: Site, name: str) -> list[tuple[str, list[ShownFigure]]]:
    """Return a row for each variant, with a figure for each of ``columns``."""
    suite, benchmarks = site.suite, columns(site, name)
    variants = dict.fromkeys(suite.cells[number].params for number in suite.scenarios[name])
    return [
        (
            ", ".join(map(plain, params)),
            [figure(site, suite.index.get((benchmark, params))) for benchmark in benchmarks],
        )
        for params in variants
    ]


def figure(site: Site, number: int | None) -> ShownFigure:
    if number is None or site.newest is None:
        return ShownFigure("")
    cell = site.suite.cells[number]
    new = site.newest.values[number]
    old = site.previous.values[number] if site.previous else new
    changed = cell.exact and old != new and not math.isnan(old) and not math.isnan(new)
    return ShownFigure(shown(cell, new), site.graph(cell), f"({shown(cell, old)})" if changed else "", changed)


def figures(site: Site, name: str) -> list[dict[str, Any]]:
    """Return the figures of the table for programs: a row for each cell and metric, None for what was not measured."""
    return [
        {
            "scenario": name,
            "cell": site.suite.cells[number].name,
            "metric": site.suite.cells[number].metric,
            "unit": site.suite.cells[number].unit,
            **{
                site.commit(result).label: plain_of(result.values[number])
                for result in (site.newest, site.previous)
                if result
            },
        }
        for number in site.suite.scenarios[name]
    ]


def histories(site: Site, name: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the charts of each timeline, one for each metric."""
    found = [
        (timeline.kind, [history(site, timeline, benchmark) for benchmark in metrics(site, name)])
        for timeline in site.timelines
    ]
    kept = [(kind, [chart for chart in group if chart]) for kind, group in found]
    return [(kind, group) for kind, group in kept if group]


def history(site: Site, timeline: charts.Timeline, benchmark: str) -> dict[str, Any]:
    """Return the chart of a benchmark, its cells in groups of few lines; empty where it has no figure."""
    first = site.suite.first[benchmark]
    cells = [(number, site.suite.cells[number]) for number in range(first, first + site.suite.size[benchmark])]
    own = 2 if len(cells) > LINES and len(cells[0][1].params) > 2 else len(cells[0][1].params) if cells else 0
    found = groups(cells, lambda each: ", ".join(each[1].variant[own:]))
    drawn = {
        name: charts.history(
            cells[0][1].metric, timeline, group, [" ".join(cell.variant[:own]) or cell.metric for _, cell in group]
        )
        for name, group in found.items()
    }
    kept = [{"name": name, "series": chart.pop("series")} for name, chart in drawn.items() if chart["series"]]
    return {**next(iter(drawn.values())), "groups": kept} if kept else {}
