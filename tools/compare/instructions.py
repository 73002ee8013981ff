"""Machine instructions of one call: by the CPU's own counter where it may be read, by callgrind otherwise."""

import platform
import re
import shutil
import statistics

from harness.callgrind import MACHINE
from tools.compare.side import MEASURED, Cell, Side, batch
from tools.terminal import NoCounter

SAMPLE = 20_000_000
"""Instructions of a sample: by then chance, such as how often a lock was waited for, has evened out."""

# Without vgdb, whose pipes would be left of what is killed.
CALLGRIND = ("valgrind", "--tool=callgrind", "--instr-atstart=no", "--vgdb=no", "--callgrind-out-file=/dev/null")
WARM_UP, CALLS = 5, 20
"""Calls that callgrind does not count, and then those that it does."""


class Counter:
    """The CPU's counter of instructions in user space."""

    name = "perf_event_open"
    command = MEASURED
    slowdown = 1
    processes = 12  # the layout of memory is another in each: 0.36 % of a WSGI request (standard deviation)
    cells = 6

    def per_call(self, side: Side, cell: Cell) -> float:
        """Return the instructions of one call, once warm: the median of three samples."""
        with side.entered(cell):
            first = batch(side, cell, "instructions", 3) / 3
            number = max(2, round(SAMPLE / first))
            return statistics.median(batch(side, cell, "instructions", number) / number for _ in range(3))


class Callgrind(Counter):
    """valgrind's simulation, some fifty times slower, of the measured calls alone: the process switches it on for them.

    What is imported is run by valgrind too, but not simulated: some six times slower.
    """

    name = "callgrind"
    command = (*CALLGRIND, *MEASURED)
    slowdown = 50
    processes = 8  # 0.12 % of a WSGI request (standard deviation)
    cells = 4

    def per_call(self, side: Side, cell: Cell) -> float:
        with side.entered(cell):
            batch(side, cell, "seconds", WARM_UP)
            batch(side, cell, "callgrind", CALLS)
        return int(re.findall(r"Collected : (\d+)", side.log.read_text())[-1]) / CALLS  # of the process that ended last


def counter(side: Side, cell: Cell) -> Counter:
    """Return what counts instructions here. Raises NoCounter, with the reason and a remedy, where nothing does."""
    with side.entered(cell):
        answer = side.ask("batch", "instructions", 1)
    if "failed" not in answer:
        return Counter()
    if platform.machine() != MACHINE:
        raise NoCounter(f"no instructions: {answer['failed']}; allow perf_event_open: callgrind needs {MACHINE}")
    if shutil.which(CALLGRIND[0]):
        return Callgrind()
    raise NoCounter(f"no instructions: {answer['failed']}; allow perf_event_open or install valgrind")
