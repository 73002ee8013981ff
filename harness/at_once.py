"""asv's benchmark types that measure all their cells at once, in asv's setup_cache, since starting takes longer.

What a figure's samples are each type says: its interval is that of asv's statistics over them.
"""

import collections
import itertools
import math
import re

from asv_runner.benchmarks.mark import SkipNotImplemented
from asv_runner.benchmarks.track import TrackBenchmark

from harness import anchor, callgrind
from harness.awaitable import Awaiting

Cell = collections.namedtuple("Cell", "benchmark index")
"""The name of a benchmark, and the number of a value of its parameters."""


class AtOnce(Awaiting, TrackBenchmark):
    """A benchmark of one call. A type says by ``measure`` what is measured, and by ``samples`` what is of it."""

    def __init__(self, name, func, attr_sources):
        super().__init__(name, func, attr_sources)
        self.cells = [Cell(name, index) for index in range(math.prod(map(len, self._params)))]
        self.func = self._samples
        self._setup_cache = self.measure
        self.setup_cache_key = "measured at once: " + name
        self.setup_cache_timeout = 1800

    def measure(self):
        """Return what was measured of all cells, or why nothing was."""
        raise NotImplementedError("a type says what it measures")

    def samples(self, cell):
        """Return the samples of a cell; where it has none, ``{"n/a": reason}`` or ``{"failed": reason}``."""
        raise NotImplementedError("a type says what its samples are")

    def _build_params(self):
        return tuple(self._current_params)  # without what setup_cache returned

    def _samples(self, *param):
        """Return asv's samples of a cell. Raises SkipNotImplemented where there is nothing to measure."""
        if isinstance(self._current_cache, str):
            raise SkipNotImplemented(self._current_cache)
        cell = self.cells[list(itertools.product(*self._params)).index(param)]
        samples = self.samples(cell)
        if "n/a" in samples:
            raise SkipNotImplemented(samples["n/a"])
        if isinstance(samples, dict):
            raise RuntimeError("%s:%d: %s" % (*cell, samples))
        return {"samples": samples, "number": 1}


class Instructions(AtOnce):
    """A benchmark whose machine instructions are counted, those of one call, by ``harness.callgrind``.

    A figure's samples are the layouts of memory. n/a where callgrind is not there.
    """

    name_regex = re.compile("^track_instructions$")

    def measure(self):
        """Return the instructions of each cell by layout, ``[{cell: number}]``, or why they are not counted."""
        try:
            return list(callgrind.count(["%s:%d" % cell for cell in self.cells], self.call.__self__.layouts))
        except callgrind.NoCallgrind as reason:
            return str(reason)

    def samples(self, cell):
        numbers = [layout["%s:%d" % cell] for layout in self._current_cache]
        return next((number for number in numbers if isinstance(number, dict)), numbers)


class BesideAnchor(AtOnce):
    """A benchmark that is timed in turn with the anchor, by ``harness.anchor``; a sample is of a pair of processes.

    The three of a scenario are measured once: the time as a ratio to the anchor's, the anchor's to that of another
    process of the anchor, which tells what differs by chance, and the anchor's in seconds. n/a without an anchor.
    """

    name_regex = re.compile("^track_(time_to_anchor|anchor_to_itself|anchor_seconds)$")

    def __init__(self, name, func, attr_sources):
        super().__init__(name, func, attr_sources)
        scenario, _, self.figure = name.rpartition(".track_")
        self.setup_cache_key = "measured beside the anchor: " + scenario

    def measure(self):
        """Return what ``harness.anchor.time_beside`` does of the cells, or why there is no anchor."""
        try:
            return anchor.time_beside(self, self.call.__self__.pairs)
        except anchor.NoAnchor as reason:
            return str(reason)

    def samples(self, cell):
        found = self._current_cache[cell.index]
        return found.get(self.figure, found)


TYPES = (Instructions, BesideAnchor)
