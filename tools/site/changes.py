"""Which commits changed a figure: each against its nearest measured ancestor (docs/method.md, The site)."""

import math
import statistics
from array import array
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import eq
from pathlib import Path
from typing import NamedTuple

from harness.callgrind import FINEST
from tools.results import CONTROL, INSTRUCTIONS, TIME, AnchoredTime, VerdictWord, resolution_of_ratios
from tools.site.grouping import groups
from tools.site.order import Order
from tools.site.results import FAILED, Result
from tools.site.suite import Suite

CHANGES_OF_A_CELL = 30
FEWEST_CHANGES = 8
"""Of so many changes of a time a threshold is made, as rustc-perf does."""


class Change(NamedTuple):
    """A figure of ``cell`` that ``result`` has otherwise than ``origin``, the last before it that has one.

    ``resolution`` is 0 for an exact metric; 0.05 is 5 % of a time.
    """

    cell: int
    before: float
    after: float
    resolution: float
    origin: Result
    result: Result

    @property
    def commit(self) -> str:
        return self.result.commit

    @property
    def base(self) -> str:
        return self.origin.commit

    @property
    def relative(self) -> float:
        """The change as a part of what was before; infinite from n/a or from nothing."""
        measured = self.before and math.isfinite(self.before) and math.isfinite(self.after)
        return self.after / self.before - 1 if measured else math.inf


class Move(NamedTuple):
    """By how much a cost or a time differs between two results, relative, and the smallest that is told from none.

    ``resolution`` is None where it is not known.
    """

    part: float
    resolution: float | None

    @property
    def word(self) -> VerdictWord:
        if self.resolution is None:
            return "cannot tell"
        if abs(self.part) <= self.resolution:
            return "unchanged"
        return "slower" if self.part > 0 else "faster"


def move(suite: Suite, old: Result, new: Result, cell: int) -> Move | None:
    """Return how a cost or a time moved; None where it is not compared: not measured, or a time on another machine."""
    beside = suite.cells[cell].method == TIME
    before, after = old.values[cell], new.values[cell]
    if not (beside or old.machine == new.machine) or not (0 < before < math.inf and 0 < after < math.inf):
        return None
    size = resolution_of_two(suite, old, new, cell, drift(suite, old, new))
    return Move(after / before - 1, size if size is not None and math.isfinite(size) else None)


@dataclass
class Known:
    """The last figures that are known of a line of commits, and from which result each comes."""

    values: "array[float]"
    origins: list[Result | None]
    moves: dict[int, "deque[float]"] = field(default_factory=dict)

    def followed_by(self, result: Result, cells: Sequence[int]) -> "Known":
        """Return what is known once a result is: its figures of some cells, where it has any."""
        if same(self, result, cells):
            return Known(self.values, [result] * len(self.origins), self.moves)
        after = Known(self.values[:], self.origins[:], self.moves)
        for cell in cells:
            if is_measured(result.values[cell]):
                after.values[cell], after.origins[cell] = result.values[cell], result
        return after


Line = tuple[str, ...]


def changes_of(suite: Suite, results: Sequence[Result], history: Order) -> list[Change]:
    """Return all changes, those of the newest commits last.

    Exact metrics and times beside the anchor are compared within an environment, others also within a machine. A figure
    is compared with the last known one before it on its commit's line of history, whichever commit that was.
    """
    by_commit = groups(results, lambda result: result.commit)
    heirs = Counter(commit.base for commit in history.commits.values())
    known: dict[str, dict[Line, Known]] = {}
    changes: list[Change] = []
    for commit in history.commits.values():
        own = dict(known.get(commit.base or "", {}))
        heirs[commit.base] -= 1
        if not heirs[commit.base]:
            known.pop(commit.base or "", None)
        for result in by_commit.get(commit.hash, ()):
            anywhere: Line = ("steady", result.environment)
            here: Line = ("shaky", result.environment, result.machine)
            for line, cells in ((anywhere, suite.steady), (here, suite.shaky)):
                before = own.get(line)
                if before:
                    changes += compare_cells(suite, before, result, cells)
                    own[line] = before.followed_by(result, cells)
                else:
                    own[line] = Known(result.values[:], [result] * len(suite.cells))
        known[commit.hash] = own
    return changes


def compare_cells(suite: Suite, before: Known, result: Result, cells: Sequence[int]) -> Iterator[Change]:
    """Yield what a result changed of some cells since what was known before."""
    if same(before, result, cells):
        return
    origins = {origin.path: origin for origin in before.origins if origin}

    @cache
    def drifted(path: Path) -> float | None:
        return drift(suite, origins[path], result)

    for cell in cells:
        old, new, origin = before.values[cell], result.values[cell], before.origins[cell]
        if not differ(old, new) or origin is None or origin.commit == result.commit:
            continue
        if suite.cells[cell].exact:
            yield Change(cell, old, new, 0.0, origin, result)
        elif suite.cells[cell].unit == INSTRUCTIONS or suite.cells[cell].method == TIME:
            size = resolution_by_samples(suite, origin, result, cell)
            if size is not None and abs(new / old - 1) > size:
                yield Change(cell, old, new, size, origin, result)
        elif math.isfinite(old) and math.isfinite(new) and old > 0:
            moves = before.moves.setdefault(cell, deque(maxlen=CHANGES_OF_A_CELL))
            size = exceeded(abs(new / old - 1), drifted(origin.path), interval(origin, result, cell), moves)
            if size is not None:
                yield Change(cell, old, new, size, origin, result)


def differ(old: float, new: float) -> bool:
    """Tell whether both figures were measured, and are not the same."""
    return old != new and is_measured(old) and is_measured(new)


def is_measured(value: float) -> bool:
    """Tell whether a cell has a figure, or n/a for one."""
    return not math.isnan(value) and value != FAILED


def exceeded(move: float, drifted: float | None, sampled: float | None, moves: "deque[float]") -> float | None:
    """Return the resolution that a move of a time went beyond, None where it did not; add it to the time's moves."""
    # Most moves are small, and what is usual takes long to tell.
    size = resolution(drifted, sampled, moves) if move > left_open(drifted, sampled) else None
    moves.append(move)
    return size if size is not None and move > size else None


def same(before: Known, result: Result, cells: Sequence[int]) -> bool:
    """Whether a result says of all ``cells`` what was known, as most do; NaN is never the same."""
    return all(map(eq, map(before.values.__getitem__, cells), map(result.values.__getitem__, cells)))


def resolution(drifted: float | None, sampled: float | None, moves: Sequence[float]) -> float | None:
    """Return the smallest change of a time that is told from none between two results, relative; None if unknown.

    It is the larger of two: what the floors, the same code under each commit, differ by, on top of what the samples of
    both leave open; and the third quartile of this time's last changes plus three times their interquartile range.
    """
    before = estimate_usual_move(moves)
    if drifted is None and before is None:
        return None
    return max(left_open(drifted, sampled), before or 0.0)


def left_open(drifted: float | None, sampled: float | None) -> float:
    return (1 + (drifted or 0.0)) * (1 + (sampled or 0.0)) - 1


def interval(old: Result, new: Result, cell: int) -> float | None:
    """Return half of the 99 % interval of the change of a cell, relative; None where asv stored none."""
    size = math.hypot(old.halves[cell], new.halves[cell]) / old.values[cell]
    return None if math.isnan(size) else size


def resolution_of_two(suite: Suite, old: Result, new: Result, cell: int, drifted: float | None) -> float | None:
    """Return the smallest change of a figure that is told from none by two results alone, whatever came before them.

    ``drifted`` is what their floors differ by. None where it is not known.
    """
    if suite.cells[cell].unit == INSTRUCTIONS or suite.cells[cell].method == TIME:
        return resolution_by_samples(suite, old, new, cell)
    return resolution(drifted, interval(old, new, cell), ())


def resolution_by_samples(suite: Suite, old: Result, new: Result, cell: int) -> float | None:
    """Return the smallest change of instructions, or of a time beside the anchor, that is told from none; or None."""
    if suite.cells[cell].method == TIME:
        return resolution_beside_anchor(suite, old, new, cell)
    return resolution_of_instructions(old, new, cell)


def resolution_of_instructions(old: Result, new: Result, cell: int) -> float | None:
    """Return the smallest change of a request's instructions that is told from none, relative; None if unknown.

    It is twice what the layouts of memory leave open: of thousands of figures some lie beyond a 99 % interval.
    """
    size = interval(old, new, cell)
    return None if size is None else max(FINEST, 2 * size)


def resolution_beside_anchor(suite: Suite, old: Result, new: Result, cell: int) -> float | None:
    both = [beside_anchor(suite, result, cell) for result in (old, new)]
    size = resolution_of_ratios(*(each for each in both if each))
    return size if all(both) and not math.isnan(size) else None


def beside_anchor(suite: Suite, result: Result, cell: int) -> AnchoredTime | None:
    """Return what a result says of a time beside the anchor, None where that was not measured."""
    control = suite.beside(cell, CONTROL)
    if control is None or not all(0 < result.values[each] < math.inf for each in (cell, control)):
        return None
    own, other = ((result.values[each], result.halves[each]) for each in (cell, control))
    return AnchoredTime(*own, *other)


def drift(suite: Suite, old: Result, new: Result) -> float | None:
    """Return by how much the floors of two results differ at most."""
    pairs = ((old.values[floor], new.values[floor]) for floor in suite.floors)
    return max((max(a, b) / min(a, b) - 1 for a, b in pairs if 0 < a < math.inf and 0 < b < math.inf), default=None)


def estimate_usual_move(moves: Sequence[float]) -> float | None:
    if len(moves) < FEWEST_CHANGES:
        return None
    low, _, high = statistics.quantiles(moves, n=4)
    return high + 3 * (high - low)
