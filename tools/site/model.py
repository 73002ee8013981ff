"""What a server can serve, by a model: a closed network of one queue, the CPUs, and a delay, the wait of a request."""

import itertools
import math
from collections.abc import Sequence

STEPS = 200
"""Waits at which the model is asked where two servers cross: steps of less than 4 % from 1 ms / 100 to 64 ms x 10."""


def throughput(at_once: int, service: float, wait: float) -> float:
    """Return the requests a second, ``at_once`` of them under way, that take ``service`` seconds of CPU and wait.

    By mean value analysis (Reiser and Lavenberg 1980).
    """
    queued, rate = 0.0, 0.0
    for number in range(1, at_once + 1):
        response = service * (1 + queued)
        rate = number / (response + wait)
        queued = rate * response
    return rate


def crossing_of(points: Sequence[tuple[float, float]]) -> float | None:
    """Return where log(async / sync) passes zero, by a straight line over log(wait); None if nowhere."""
    for (wait, ratio), (next_wait, next_ratio) in itertools.pairwise(points):
        if ratio <= 0 < next_ratio:
            part = -ratio / (next_ratio - ratio)
            return math.exp(math.log(wait) + part * math.log(next_wait / wait))
    return None


def modelled_crossing(
    sync: tuple[int, float], asynchronous: tuple[int, float], shortest: float, longest: float
) -> float | None:
    """Return the wait from which async serves more by the model, looked for far beyond the waits that were measured.

    Each side is how many requests it has under way, and the seconds of CPU of one.
    """
    low, high = shortest / 100, longest * 10
    waits = [low * (high / low) ** (step / STEPS) for step in range(STEPS + 1)]
    return crossing_of([(wait, math.log(throughput(*asynchronous, wait) / throughput(*sync, wait))) for wait in waits])
