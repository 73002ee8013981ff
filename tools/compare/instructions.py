"""Machine instructions of one call: by the CPU's own counter where it may be read, by callgrind otherwise."""

import inspect
import os
import statistics
from collections.abc import Iterator, Sequence

from harness import callgrind
from tools.compare.side import MEASURED, Cell, Side
from tools.compare.tree import Tree
from tools.process import measured_environment
from tools.terminal import CannotMeasure, NoCounter

PARAMETERS = inspect.signature(callgrind.count).parameters
"""Names that no variable of the environment can have in its place."""

SAMPLE = 20_000_000
"""Instructions of a sample: by then chance, such as how often a lock was waited for, has evened out."""


class CPUCounter:
    """The CPU's counter of instructions in user space."""

    name = "perf_event_open"
    processes = 12  # the layout of memory is another in each: 0.36 % of a WSGI request (standard deviation)
    cells = 6

    def per_call(self, side: Side, cell: Cell) -> float:
        """Return the instructions of one call, once warm: the median of three samples."""
        with side.entered(cell):
            first = side.batch("instructions", 3) / 3
            number = max(2, round(SAMPLE / first))
            samples: list[float] = [side.batch("instructions", number) / number for _ in range(3)]
            return statistics.median(samples)


class Callgrind:
    """valgrind's simulation: in processes of its own, of the measured calls alone."""

    name = "callgrind"
    cells = 6
    layouts = callgrind.LAYOUTS

    def samples(self, tree: Tree, cells: Sequence[Cell]) -> Iterator[list[float]]:
        """Yield the instructions of one call of each cell, layout of memory by layout. Raises CannotMeasure."""
        words = [f"{cell.benchmark}:{cell.index}" for cell in cells]
        # Emptied, since what callgrind runs inherits all.
        hidden = os.environ.keys() - measured_environment().keys() - PARAMETERS.keys()
        variables = {**dict.fromkeys(hidden, ""), "PYTHONPATH": str(tree.path)}
        try:
            for counted in callgrind.count(words, self.layouts, MEASURED[0], **variables):
                yield [_number(tree, cell, counted[word]) for cell, word in zip(cells, words, strict=True)]
        except callgrind.CallgrindFailed as problem:
            raise CannotMeasure(f"{tree.label}: {problem}") from problem


def _number(tree: Tree, cell: Cell, counted: float | dict[str, str]) -> float:
    if isinstance(counted, dict):
        raise CannotMeasure(f"{tree.label}: {cell}: {counted.get('failed') or counted}")
    return counted


def counter(side: Side, cell: Cell) -> CPUCounter | Callgrind:
    """Return what counts instructions here. Raises NoCounter, with the reason and a remedy, where nothing does."""
    with side.entered(cell):
        answer = side.ask("batch", "instructions", 1)
    if "failed" not in answer:
        return CPUCounter()
    try:
        callgrind.need()
    except callgrind.NoCallgrind as reason:
        raise NoCounter(f"no instructions: {answer['failed']}; allow perf_event_open: {reason}") from reason
    return Callgrind()
