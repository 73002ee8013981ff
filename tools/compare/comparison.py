"""Measures two trees of Django beside each other, with the benchmarks as asv knows them.

Three measurements: exact counts of all cells, instructions of the cells that tell most, times of hello world.
docs/method.md says why, and what the numbers mean.
"""

import itertools
import statistics
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from harness.in_turn import quietest_cpu, time_in_turn
from harness.kept import temporary_folder
from harness.remote import SideHung
from tools.compare import instructions, verdict
from tools.compare.side import Cell, Side
from tools.compare.tree import Tree
from tools.process import our_cpus
from tools.terminal import CannotMeasure

T = TypeVar("T")

CORE = ("handlers.Hello", "middleware.StartProject")

PAIRS = 12
"""Pairs of processes that are timed."""

HUNG = 2
"""Cells of a path that may hang: the others of that path are then not waited for."""


LEFT_OUT = "no benchmark that repeats one call: make bench and asv show its figures"
"""Why a part is not compared that has none of asv's time benchmarks."""


@dataclass
class Outcome:
    """What one side's cell did: its trace, or why there is none."""

    trace: dict[str, Any] = field(default_factory=dict)
    missing: str = ""
    failed: str = ""

    @property
    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.trace.get("counts", {})
        return counts

    @property
    def packages(self) -> dict[str, dict[str, int]]:
        """The counts of work by whose code it is: "Django", "asgiref", "the standard library", "others"."""
        packages: dict[str, dict[str, int]] = self.trace.get("packages", {})
        return packages

    @property
    def varied(self) -> list[str]:
        """The metrics that were not the same for each request."""
        varied: list[str] = self.trace.get("inexact", [])
        return varied

    @property
    def calls(self) -> dict[tuple[str, str], int]:
        """Python calls by (caller, called)."""
        return {(caller, called): times for caller, called, times in self.trace.get("calls", [])}


@dataclass
class Pair:
    """A cell on both sides."""

    cell: Cell
    base: Outcome
    head: Outcome
    estimates: list[verdict.Estimate] = field(default_factory=list)

    @property
    def measured(self) -> bool:
        return bool(self.base.trace and self.head.trace)

    @property
    def changes(self) -> dict[str, int]:
        """The counts that differ: head less base, by metric. What varied on either side is left out."""
        varied = {*self.base.varied, *self.head.varied}
        metrics = sorted((self.base.counts.keys() | self.head.counts.keys()) - varied) if self.measured else []
        differences = {metric: self.head.counts.get(metric, 0) - self.base.counts.get(metric, 0) for metric in metrics}
        return {metric: difference for metric, difference in differences.items() if difference}

    @property
    def size(self) -> float:
        """By what part of the base's counts they differ."""
        return sum(map(abs, self.changes.values())) / max(1, sum(self.base.counts.values()))

    @property
    def calls(self) -> dict[tuple[str, str], int]:
        """The Python calls gained and lost, by (caller, called)."""
        edges = self.base.calls.keys() | self.head.calls.keys() if self.measured else set()
        differences = {edge: self.head.calls.get(edge, 0) - self.base.calls.get(edge, 0) for edge in sorted(edges)}
        return {edge: difference for edge, difference in differences.items() if difference}

    @property
    def verdict(self) -> verdict.Verdict:
        return verdict.judge(self.changes, self.estimates)


class Comparison:
    """Two trees, the processes that measure them, and what was measured so far. Use it as a context manager."""

    def __init__(self, base: Tree, head: Tree, parts: Sequence[str]) -> None:
        self.trees = (base, head)
        self.parts = parts
        self.pairs: dict[Cell, Pair] = {}
        self.left_out: list[str] = []
        self.instructions_by = ""
        self._sides: list[tuple[Side, Side]] = []
        # A thread for each side, and a CPU: hops between threads are slow and chance between CPUs.
        self._workers = (ThreadPoolExecutor(1), ThreadPoolExecutor(1))
        cpus = our_cpus()
        self._cpus = (cpus[0], cpus[-1])

    def __enter__(self) -> "Comparison":
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in self._workers:
            worker.shutdown(wait=False, cancel_futures=True)
        for side in itertools.chain.from_iterable(self._sides):
            side.close()

    @property
    def verdicts(self) -> dict[Cell, verdict.Verdict]:
        """The verdict of each cell that was measured on both sides."""
        return {pair.cell: pair.verdict for pair in self.pairs.values() if pair.measured}

    @property
    def versions(self) -> dict[str, str]:
        """What the processes of both sides run, as they say: what is compared is in it where its version is one."""
        base, head = (side.versions for side in self._sides[0])
        return {name: version for name, version in base.items() if head[name] == version}

    @property
    def hung(self) -> bool:
        """Whether any cell hung."""
        return any(side.hung for pair in self._sides for side in pair)

    def count(self) -> Iterator[Pair]:
        """Count each cell on both sides at once; yield it as it is done. Raises CannotMeasure where there is none."""
        sides = self._start()
        cells, _ = (side.cells() for side in sides)
        self.left_out = [part for part in self.parts if part not in {cell.part for cell in cells}]
        if not cells:
            raise CannotMeasure(f"{', '.join(self.left_out)}: {LEFT_OUT}")
        counted = [(cell, self._on_both(outcome, sides, cell)) for cell in cells]
        for cell, (base, head) in counted:
            self.pairs[cell] = Pair(cell, base.result(), head.result())
            yield self.pairs[cell]

    def count_instructions(self, cells: Sequence[Cell] = ()) -> Iterator[None]:
        """Count the instructions of the cells that tell most, or of some, in all layouts of memory; yield now and then.

        Raises NoCounter where the machine has nothing that counts them.
        """
        cells = cells or self._telling()
        counter = instructions.counter(self._sides[0][0], cells[0])
        self.instructions_by = counter.name
        cells = cells[: counter.cells]
        if isinstance(counter, instructions.Callgrind):
            yield from self._simulate(counter, cells)
        else:
            yield from self._count_on_cpu(counter, cells)

    def _simulate(self, counter: instructions.Callgrind, cells: Sequence[Cell]) -> Iterator[None]:
        samples: list[list[list[float]]] = []
        with temporary_folder("compare-") as folder:
            path = folder / "tree"  # one name for both: hashes of names decide what collides
            for tree in self.trees:
                path.unlink(missing_ok=True)
                path.symlink_to(tree.path)
                samples.append([])
                for each in counter.samples(Tree(path, tree.label), cells):
                    samples[-1].append(each)
                    yield
        base, head = (zip(*side, strict=True) for side in samples)
        for cell, before, after in zip(cells, base, head, strict=True):
            self.pairs[cell].estimates.append(verdict.instructions(before, after, len(cells)))

    def _count_on_cpu(self, counter: instructions.CPUCounter, cells: Sequence[Cell]) -> Iterator[None]:
        sides = self._started(counter.processes)
        counted = [(cell, [self._on_both(counter.per_call, pair, cell) for pair in sides]) for cell in cells]
        for cell, samples in counted:
            base, head = ([sample.result() for sample in side] for side in zip(*samples, strict=True))
            self.pairs[cell].estimates.append(verdict.instructions(base, head, len(cells)))
            yield

    def time(self, cells: Sequence[Cell] = ()) -> Iterator[None]:
        """Time hello world on both paths, or the cell that changed most where it did not change, or some cells.

        By slices in turn on one CPU; yield as a cell is done.
        """
        cells = cells or self._timed()
        sides = self._started(PAIRS)[:PAIRS]
        cpu = quietest_cpu()
        for side in itertools.chain.from_iterable(sides):
            side.pin(cpu)
        for cell in cells:
            timed = list(time_in_turn(sides, cell))
            seconds = statistics.median(pair.seconds for pair in timed)
            ratios, same = ([getattr(pair, name) for pair in timed] for name in ("second", "same"))
            self.pairs[cell].estimates.append(verdict.times(seconds, ratios, same, len(cells)))
            yield

    def _measured(self) -> list[Cell]:
        return [pair.cell for pair in self.pairs.values() if pair.measured]

    def _telling(self) -> list[Cell]:
        """Return the core's cells, then of each benchmark and path the one whose counts changed most.

        Where the core is not among the scenarios, it is each benchmark's first cell where none changed.
        """
        core = [cell for cell in self._measured() if cell.scenario in CORE and is_native(cell)]
        others: dict[tuple[str, str | None], list[Cell]] = {}
        for cell in self._measured():
            if cell not in core and (self.pairs[cell].changes or not core):
                others.setdefault((cell.benchmark, verdict.path_of(cell)), []).append(cell)
        most = [max(cells, key=self._size) for cells in others.values()]
        return [*core, *sorted(most, key=self._size, reverse=True)]

    def _timed(self) -> list[Cell]:
        telling = self._telling()
        changed = sorted((cell for cell in telling if self.pairs[cell].changes), key=self._size, reverse=True)
        hello = telling[:2]
        return hello if not changed or set(hello) & set(changed) else changed[:1]

    def _size(self, cell: Cell) -> float:
        return self.pairs[cell].size

    def _start(self) -> tuple[Side, Side]:
        base, head = (Side(tree, self.parts, len(self._sides)) for tree in self.trees)
        self._sides.append((base, head))
        for side, cpu in zip((base, head), self._cpus, strict=True):
            side.pin(cpu)
        return base, head

    def _on_both(self, function: Callable[..., T], sides: tuple[Side, Side], *arguments: Any) -> list[Future[T]]:
        """Have a function called with each side, each in its turn and beside the other."""
        each = zip(self._workers, sides, strict=True)
        return [worker.submit(function, side, *arguments) for worker, side in each]

    def _started(self, number: int) -> list[tuple[Side, Side]]:
        """Return at least so many processes of each side; start those that are missing, all at once."""
        starting = [self._start() for _ in range(len(self._sides), number)]
        for side in itertools.chain.from_iterable(starting):
            side.cells(beside=2 * len(starting) - 1)
        return self._sides


def is_native(cell: Cell) -> bool:
    """Tell whether a cell is on the sync or the async path, without a change of sides."""
    return verdict.path_of(cell) in ("sync path", "async path")


def outcome(side: Side, cell: Cell) -> Outcome:
    """Prove a cell and count what it does, between two proofs."""
    path = verdict.path_of(cell)
    hung = [each for each in side.hung if verdict.path_of(each) == path]
    if len(hung) >= HUNG:
        return Outcome(failed=f"not tried: {' and '.join(map(str, hung))} hung")
    try:
        with side.entered(cell) as answer:
            if answer:
                return Outcome(missing=answer.get("n/a", ""), failed=answer.get("failed", ""))
            before, trace, after = (side.ask(command) for command in ("prove", "trace", "prove"))
            failed = next((each["failed"] for each in (before, trace, after) if "failed" in each), "")
            return Outcome(failed=failed) if failed else Outcome(trace)
    except SideHung as problem:
        return Outcome(failed=problem.reason)
