"""Finds the steps of a series for asv's summaries: a count's as they are, a time's by asv."""

from collections.abc import Sequence
from itertools import groupby

LAST = 200
"""Points of a time in which asv's list and its regressions see steps: its fit takes more than in proportion."""

Data = Sequence[tuple[int, float | None, float | None]]
Steps = list[tuple[int, int, float, float, float]]


def steps_of_counts(data: Data) -> Steps | None:
    """Return ``(first, last + 1, median, minimum, error)`` of each step, as asv's step detection does; None of times.

    Of counts, whole numbers without an interval that mostly stay the same, each change is a step and the error is 0.
    asv's fit, made for noise, takes half a second for a thousand equal counts.
    """
    points = [(revision, value) for revision, value, _ in data if value is not None]
    if any(weight is not None for *_, weight in data) or any(value % 1 for _, value in points):
        return None
    runs = [list(run) for _, run in groupby(points, key=lambda point: point[1])]
    if len(runs) > max(3, len(points) // 10):
        return None
    return [(run[0][0], run[-1][0] + 1, run[0][1], run[0][1], 0.0) for run in runs]
