"""The verdict: what counts, instructions and times say of two trees together (docs/method.md)."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from scipy.special import stdtrit

from harness.callgrind import FINEST
from tools.compare.side import Cell
from tools.results import VerdictWord, word_of, worst

FALSE_ALARM = 0.001
"""How often a comparison of a tree with itself may call any of its instructions, or any of its times, changed."""

WAITS = ("sync_to_async", "async_to_sync", "hops", "threads", "event_loops", "tasks", "queries")
"""Counts of what a request also waits for, which instructions do not show."""

WORK = ("python_calls", "native_calls", "bytecodes")
"""Counts that explain and do not judge: more of them may be less work, since what each does is not known."""

NATIVE = {"WSGI": "sync", "Client": "sync", "ASGI": "async", "AsyncClient": "async"}
"""The view that a caller runs without a crossing."""


class Estimate(NamedTuple):
    """A change of a cell's instructions or seconds, relative to the base: 0.01 is 1 % more.

    ``low`` and ``high`` are its 95 % confidence interval; a change within ``resolution`` is not told from none.
    """

    unit: Literal["instructions", "time"]
    base: float
    change: float
    low: float
    high: float
    resolution: float

    @property
    def word(self) -> VerdictWord:
        if abs(self.change) <= self.resolution:
            return "unchanged"
        return "slower" if self.change > 0 else "faster"

    def __str__(self) -> str:
        return f"{self.change:+.1%} {self.unit} (± {self.resolution:.1%})"


class Verdict(NamedTuple):
    """What is said of a cell, or of a group of cells, by what, where in the group, and if it was measured."""

    word: VerdictWord
    because: str = ""
    where: str = ""
    measured: bool = False

    def __str__(self) -> str:
        return f"{self.word} ({self.because})" if self.because else self.word


def instructions(base: Sequence[float], head: Sequence[float], tests: int) -> Estimate:
    """Estimate the change from one value for each process of a side: Student's t of two samples, pooled variance.

    ``tests`` is the number of cells among which the false alarms are shared out (Bonferroni).
    """
    mean = statistics.fmean(base)
    change = statistics.fmean(head) / mean - 1
    freedom = len(base) + len(head) - 2
    squares = sum((value - statistics.fmean(side)) ** 2 for side in (base, head) for value in side)
    error = math.sqrt(squares / freedom * (1 / len(base) + 1 / len(head))) / mean
    return _estimate("instructions", mean, change, error, freedom, tests, FINEST)


def times(base: float, ratios: Sequence[float], same: Sequence[float], tests: int) -> Estimate:
    """Estimate the change from log ratios of pairs of processes: head to base, and base to another base, ``same``.

    The noise is that of both: what the pairs of ``ratios`` differ by, and what A against A showed beside them.
    """
    change = statistics.fmean(ratios)
    squares = sum((ratio - change) ** 2 for ratio in ratios) + sum(ratio**2 for ratio in same)
    freedom = len(ratios) - 1 + len(same)
    error = math.sqrt(squares / freedom / len(ratios))
    return _estimate("time", base, math.expm1(change), error, freedom, tests)


def _estimate(
    unit: Literal["instructions", "time"],
    base: float,
    change: float,
    error: float,
    freedom: int,
    tests: int,
    finest: float = 0.0,
) -> Estimate:
    half = float(stdtrit(freedom, 0.975)) * error
    resolution = max(finest, float(stdtrit(freedom, 1 - FALSE_ALARM / tests / 2)) * error)
    return Estimate(unit, base, change, change - half, change + half, resolution)


def judge(changes: Mapping[str, int], estimates: Iterable[Estimate]) -> Verdict:
    """Judge a cell by the differences of its counts, ``{metric: head - base}``, and by what was measured of it.

    Slower is what costs more instructions or time, or waits more; faster is what costs less. Counts of work say why.
    The waits of a cell are added up: a crossing less and a hop more are as many.
    """
    measured = list(estimates)
    changed = [estimate for estimate in measured if estimate.word != "unchanged"]
    counts = ", ".join(f"{changes[metric]:+} {metric}" for metric in (*WAITS, *WORK) if changes.get(metric))
    within = [f"{each.unit} ± {each.resolution:.1%}" for each in measured if each not in changed]
    reasons = ", ".join(filter(None, [*map(str, changed), counts, *within]))
    waits = sum(changes.get(metric, 0) for metric in WAITS)
    word = word_of({each.unit: each.word for each in measured}, waits, any(changes.values()))
    return Verdict(word, reasons, measured=bool(measured))


def summary(verdicts: Mapping[Cell, Verdict]) -> Verdict:
    """Return what the verdicts of a group's cells come to: the worst, with the cell that shows it most plainly.

    Where a cell was measured, those of which only counts are known are not in doubt: it is the one that changed most.
    """
    word = worst((each.word, each.measured) for each in verdicts.values())
    cells = [cell for cell, verdict in verdicts.items() if verdict.word == word]
    shown = next((cell for cell in cells if verdicts[cell].measured), cells[0])
    return verdicts[shown]._replace(where=f"{len(cells)} of {len(verdicts)} cells, {shown}")


def by_group(verdicts: Mapping[Cell, Verdict]) -> dict[str, Verdict]:
    """Return the verdicts of the paths and the parts."""
    return {name: summary({cell: verdicts[cell] for cell in cells}) for name, cells in groups(verdicts).items()}


def groups(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Return the cells by path and by part."""
    found: dict[str, list[Cell]] = {"sync path": [], "async path": [], "mixed path": []}
    for cell in cells:
        if path := path_of(cell):
            found[path].append(cell)
        found.setdefault(cell.part, []).append(cell)
    return {name: members for name, members in found.items() if members}


def path_of(cell: Cell) -> str | None:
    """Return which path a cell is on; None where it is asgiref's or the machine's alone."""
    caller = NATIVE.get(cell.params[0]) if cell.params else None
    if caller is None:
        return None
    view = cell.params[1] if cell.params[1:2] in (("sync",), ("async",)) else caller  # native where it is not said
    return f"{caller} path" if view == caller else "mixed path"
