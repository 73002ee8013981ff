"""What site.js draws by Chart.js: a chart as plain data, and series thin enough to load."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from asv.util import human_value

from tools.site.order import Commit
from tools.site.results import Result
from tools.site.suite import MetricCell

SHOWN = 200
"""Points of a time that a chart shows; asv's graph has all."""

Point = tuple[float, float | None]


class Timeline(NamedTuple):
    """Results in the order of their commits: releases, at equal distances, or commits, by their dates."""

    kind: str
    results: Sequence[tuple[Commit, Result]]

    @property
    def x(self) -> dict[str, Any]:
        if self.kind == "releases":
            return {"type": "category", "title": "Django", "labels": [commit.label for commit, _ in self.results]}
        return {"type": "date", "title": "date of the commit"}

    def points(self, number: int, cell: MetricCell) -> list[Point]:
        """Return a cell's figures; None where a Django lacks it or it failed.

        Over commits instructions are told by three digits, about as finely as they are believed: they step.
        """
        points = list(self._points(number))
        if self.kind == "releases":
            return points
        if cell.kind == "cost":
            return corners([(x, y and int(float(f"{y:.3g}"))) for x, y in points])
        return corners(points) if cell.exact else thinned(points)

    def _points(self, cell: int) -> Iterator[Point]:
        for place, (commit, result) in enumerate(self.results):
            value = result.values[cell]
            if not math.isnan(value):
                x = place if self.kind == "releases" else commit.seconds
                yield x, significant(value) if math.isfinite(value) else None

    def __bool__(self) -> bool:
        return len(self.results) > 1


def corners(points: Sequence[Point]) -> list[Point]:
    """Return the points at which a value begins or ends: the rest of a line that only steps."""
    last = len(points) - 1
    return [
        point
        for place, point in enumerate(points)
        if place in (0, last) or point[1] != points[place - 1][1] or point[1] != points[place + 1][1]
    ]


def thinned(points: Sequence[Point]) -> list[Point]:
    """Return at most ``SHOWN`` points: each the median of as many neighbours as that needs."""
    width = -(-len(points) // SHOWN)
    groups = (points[start : start + width] for start in range(0, len(points), width or 1))
    return [(group[-1][0], middle([y for _, y in group if y is not None])) for group in groups]


def middle(values: Sequence[float]) -> float | None:
    return significant(statistics.median(values)) if values else None


def significant(value: float) -> float:
    rounded = float(f"{value:.4g}") if value % 1 else value
    return rounded if rounded % 1 else int(rounded)


def history(
    title: str, timeline: Timeline, cells: Sequence[tuple[int, MetricCell]], names: Sequence[str]
) -> dict[str, Any]:
    """Return the chart of a metric's ``cells`` over a timeline, a series each, by ``names``."""
    series = [
        {"name": name, "points": timeline.points(number, cell)}
        for (number, cell), name in zip(cells, names, strict=True)
    ]
    _, cell = cells[0]
    return {
        "title": title,
        "kind": "line",
        "stepped": cell.exact and timeline.kind == "commits",
        "x": timeline.x,
        "y": {"title": cell.unit, "unit": cell.unit},
        "series": [each for each in series if each["points"]],
    }


def table(chart: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return a chart's figures as site.js shows them: a row for each place, a text for each of its ``lines``."""
    columns = [dict(each["points"]) for each in lines(chart)]
    places = sorted({place for column in columns for place in column})
    return [
        (
            named(chart["x"], place),
            [text(column[place], chart["y"]["unit"]) if place in column else "" for column in columns],
        )
        for place in places
    ]


def lines(chart: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the series that are drawn first."""
    found: Sequence[Mapping[str, Any]] = chart["groups"][0]["series"] if "groups" in chart else chart["series"]
    return found


def is_a_line(chart: Mapping[str, Any]) -> bool:
    """Whether a chart has two points to be led from one to the other."""
    return any(len(each["points"]) > 1 for each in chart["series"])


def named(axis: Mapping[str, Any], place: float) -> str:
    if axis["type"] == "category":
        return str(axis["labels"][int(place)])
    return day(place) if axis["type"] == "date" else f"{place:g}"


def text(value: float | None, unit: str) -> str:
    if value is None:
        return "n/a"
    if unit == "seconds":
        return str(human_value(value, unit))
    return f"{value:,.0f}" if value % 1 == 0 else f"{value:,.6g}"


def day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
