"""Finds the steps of a series for asv's summaries: a count's as they are, a time's by asv."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from asv import graph

Data = Sequence[tuple[int, float | None, float | None]]
Steps = list[tuple[int, int, float, float, float]]

LAST = 300
"""Points of a time in which asv's list and its regressions see steps."""

detect = graph._compute_graph_steps


def steps_of(data: Data, reraise: bool = True) -> Steps:
    """Return ``(first, last + 1, median, minimum, error)`` of each step, as asv's step detection does.

    Of counts, whole numbers without an interval that mostly stay the same, each change is a step and the error is 0.
    asv's fit, made for noise, takes half a second for a thousand equal counts. Of times, the last ``LAST`` are
    fitted: the fit takes more than in proportion, and the Changes page has those before.
    """
    points = [(revision, value) for revision, value, weight in data if value is not None and value == value]
    values = [value for _, value in points]
    noisy: Any = any(weight is not None for *_, weight in data) or any(value % 1 for value in values)
    runs = [list(run) for _, run in groupby(points, key=lambda point: point[1])]
    if noisy or len(runs) > max(3, len(points) // 10):
        found: Steps = detect(data[-LAST:], reraise)
        return found
    return [(run[0][0], run[-1][0] + 1, run[0][1], run[0][1], 0.0) for run in runs]
