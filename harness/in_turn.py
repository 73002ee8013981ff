"""Times living processes in turn: noise that lasts longer than a slice is the same for all of them.

On a shared machine whole processes that are compared one after the other do not tell 10 % from nothing; two that live
at once and take turns tell 1 %.
"""

import contextlib
import itertools
import math
import os
import statistics
import time
from collections import namedtuple
from pathlib import Path

SLICE = 0.001
"""Seconds of a slice. Shorter ones find less noise within a round, and cost more in commands."""

ROUNDS = 40
"""Rounds of six slices, two of each process."""

WARM_UP, WARM = 10, 0.02
"""Calls that tell how long one takes, and seconds of calls before the first slice."""

Pair = namedtuple("Pair", "seconds second same")
"""Seconds of a call on the first side, and logarithms of ratios to it: the second side's, another first side's."""


def time_in_turn(pairs, cell, rounds=ROUNDS):
    """Yield a ``Pair`` for each pair of sides: the second is timed beside the first, and beside the next pair's first.

    ``cell`` has been found to be there on all of them. Raises SideFailed where one does not measure it.
    """
    firsts = [first for first, _ in pairs]
    for (first, second), other in zip(pairs, firsts[1:] + firsts[:1]):
        with contextlib.ExitStack() as entered:
            sides = (first, second, other)
            for side in sides:
                entered.enter_context(side.entered(cell))
            yield _timed(sides, rounds)


def _timed(sides, rounds):
    number = _warmed_up(sides)
    orders = itertools.cycle(itertools.permutations(sides))
    found = [_round(order, number) for order in itertools.islice(orders, rounds)]
    first, *others = ([seconds[side] for seconds in found] for side in sides)
    ratios = (statistics.median(math.log(b / a) for a, b in zip(first, other)) for other in others)
    return Pair(statistics.median(first) / number, *ratios)


def _warmed_up(sides):
    """Call each side's cell for some time; return how many calls fill a slice."""
    seconds = [side.batch("seconds", WARM_UP) / WARM_UP for side in sides]
    for side in sides:
        side.batch("seconds", max(1, round(WARM / min(seconds))))
    return max(1, round(SLICE / min(seconds)))


def _round(order, number):
    """Return the seconds of ``number`` calls by side, timed A B C C B A: a steady drift is the same for all.

    Over all orders each side follows each, and itself, as often: all find the caches alike.
    """
    seconds = dict.fromkeys(order, 0.0)
    for side in (*order, *reversed(order)):
        seconds[side] += side.batch("seconds", number) / 2
    return seconds


def quietest_cpu():
    """Return the CPU of ours that was idle most in the last 0.3 seconds."""
    before = _idle()
    time.sleep(0.3)
    after = _idle()
    return max(sorted(os.sched_getaffinity(0)), key=lambda cpu: after[cpu] - before[cpu])


def _idle():
    """Return the clock ticks in which each CPU was idle, ``{number: ticks}``: proc(5), "/proc/stat"."""
    lines = Path("/proc/stat").read_text().splitlines()
    return {
        int(line[3 : line.index(" ")]): int(line.split()[4]) for line in lines if line[:3] == "cpu" and line[3:4] != " "
    }
