"""The verdict: what counts, instructions and times say of two trees together (docs/method.md)."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from scipy.special import stdtrit

from tools.compare.side import Cell

FALSE_ALARM = 0.001
"""How often a comparison of a tree with itself may call any of its instructions, or any of its times, changed."""

Word = Literal["unchanged", "slower", "faster", "cannot tell"]

WAITS = ("sync_to_async", "async_to_sync", "hops", "threads", "event_loops", "tasks", "queries")
"""Counts of what a request also waits for, which instructions do not show."""

WORK = (*WAITS, "python_calls")
"""Counts that are more work wherever they are more. More bytecodes may be less work: what they do decides."""

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
    def word(self) -> Word:
        if abs(self.change) <= self.resolution:
            return "unchanged"
        return "slower" if self.change > 0 else "faster"

    def __str__(self) -> str:
        return f"{self.change:+.1%} {self.unit} (± {self.resolution:.1%})"


class Verdict(NamedTuple):
    """What is said of a cell, or of a group of cells, by what, and where in the group."""

    word: Word
    because: str = ""
    where: str = ""

    def __str__(self) -> str:
        return f"{self.word} ({self.because})" if self.because else self.word


class MeasuredVerdict(Verdict):
    """A verdict by instructions or times as well, not by counts alone."""


def instructions(base: Sequence[float], head: Sequence[float], tests: int) -> Estimate:
    """Estimate the change from one value for each process of a side: Student's t of two samples, pooled variance.

    ``tests`` is the number of cells among which the false alarms are shared out (Bonferroni).
    """
    mean = statistics.fmean(base)
    change = statistics.fmean(head) / mean - 1
    freedom = len(base) + len(head) - 2
    squares = sum((value - statistics.fmean(side)) ** 2 for side in (base, head) for value in side)
    error = math.sqrt(squares / freedom * (1 / len(base) + 1 / len(head))) / mean
    return _estimate("instructions", mean, change, error, freedom, tests)


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
    unit: Literal["instructions", "time"], base: float, change: float, error: float, freedom: int, tests: int
) -> Estimate:
    half = float(stdtrit(freedom, 0.975)) * error
    resolution = float(stdtrit(freedom, 1 - FALSE_ALARM / tests / 2)) * error
    return Estimate(unit, base, change, change - half, change + half, resolution)


def judge(changes: Mapping[str, int], estimates: Iterable[Estimate]) -> Verdict:
    """Judge a cell by the differences of its counts, ``{metric: head - base}``, and by what was measured of it.

    More work is slower, unless measured to be faster; less work is faster only where that is measured as well, and
    more of one and less of another is what is measured.
    """
    measured = list(estimates)
    changed = [estimate for estimate in measured if estimate.word != "unchanged"]
    words = {estimate.word for estimate in changed}
    more = [metric for metric in WORK if changes.get(metric, 0) > 0]
    less = [metric for metric in WORK if changes.get(metric, 0) < 0]
    counts = ", ".join(f"{changes[metric]:+} {metric}" for metric in more + less)
    within = [f"{each.unit} ± {each.resolution:.1%}" for each in measured if each not in changed]
    reasons = ", ".join(filter(None, [*map(str, changed), counts, *within]))

    def verdict(word: Word) -> Verdict:
        return (MeasuredVerdict if measured else Verdict)(word, reasons)

    if len(words) == 2:
        return verdict("cannot tell")
    if words:
        waits = words == {"faster"} and set(more) & set(WAITS) and "time" not in {each.unit for each in changed}
        return verdict("cannot tell" if waits else words.pop())
    if more and not less:
        return verdict("slower")
    return verdict("cannot tell" if less and not measured else "unchanged")


def summary(verdicts: Mapping[Cell, Verdict]) -> Verdict:
    """Return what the verdicts of a group's cells come to: the worst, with the cell that shows it most plainly."""
    words: Sequence[Word] = ("slower", "faster", "cannot tell", "unchanged")
    word = next(word for word in words if word in {verdict.word for verdict in verdicts.values()})
    cells = [cell for cell, verdict in verdicts.items() if verdict.word == word]
    measured = [cell for cell in cells if isinstance(verdicts[cell], MeasuredVerdict)]
    shown = (measured or cells)[0]
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
