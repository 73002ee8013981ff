"""``make bisect``: which commit changed an exact metric of a scenario, or its instructions where no metric differs."""

import itertools
import statistics
from collections.abc import Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import click

from harness.kept import temporary_folder
from harness.remote import SideFailed
from tools import git, terminal
from tools.compare import instructions, tree, verdict
from tools.compare.comparison import Outcome, Pair, outcome
from tools.compare.report import fact
from tools.compare.side import Cell, Side
from tools.compare.tree import tree_of
from tools.configuration import parts_of
from tools.process import our_cpus
from tools.terminal import CannotMeasure, Problem, cannot_measure

METRICS = (*verdict.WAITS, *verdict.WORK, "instructions")
"""By which to look, the one that tells most first."""

console = terminal.console(stderr=True)


class FirstBad(NamedTuple):
    """The commit that changed a metric, the commit before it that could be measured, and how many could not between."""

    before: str
    commit: str
    pairs: list[Pair]
    skipped: int


class Bisection:
    """The commits from good to bad, and what was measured of them so far.

    Raises CannotMeasure where there are no such commits, or nothing differs between the ends.
    """

    def __init__(
        self, checkout: Path, good: str, bad: str, scenario: str, metric: str, project: str = "Django"
    ) -> None:
        self.checkout = checkout
        self.project = project
        self.scenario = scenario
        self.parts = parts_of([scenario.partition(".")[0]])
        self.commits = tree.commits(checkout, good, bad)
        if self.commits[0] != tree.existing(checkout, good):
            parted = git.describe(checkout, self.commits[0])
            console.print(f"{good} lies beside {bad}: from where they part, {parted}", soft_wrap=True)
        self._outcomes: dict[int, dict[Cell, Outcome] | None] = {}
        self._instructions: dict[int, list[float]] = {}
        if metric and metric not in METRICS:
            raise CannotMeasure(f"no metric {metric}: there are {', '.join(METRICS)}")
        self.metric = metric
        if not metric:
            self.metric = self._telling()
        if self._nothing_differs():
            raise CannotMeasure(f"nothing differs: {self.metric} of {scenario} are the same in {good} and {bad}")

    @property
    def last(self) -> int:
        return len(self.commits) - 1

    def changes(self) -> Iterator[FirstBad]:
        """Yield the change that made the value what it is in bad, then the one before it, back to the value of good."""
        high = self.last
        while self.value(high) != self.value(0):
            low, high = self._boundary(high)
            before, after = self._outcomes[low] or {}, self._outcomes[high] or {}
            pairs = [Pair(cell, before[cell], after[cell]) for cell in before]
            for pair in pairs:
                if self.metric == "instructions" and pair.cell == self._cell:
                    pair.estimates.append(self._estimate(low, high))
            yield FirstBad(self.commits[low], self.commits[high], pairs, high - low - 1)
            high = low

    def value(self, index: int) -> Hashable:
        """Return what a commit shows of the metric; None where it cannot be measured."""
        outcomes = self._measured(index)
        if outcomes is None:
            return None
        if self.metric == "instructions":
            first, this, last = (statistics.fmean(self._samples(each)) for each in (0, index, self.last))
            return "bad" if abs(this - last) < abs(this - first) else "good"
        return tuple(each.counts.get(self.metric, 0) if each.trace else "n/a" for each in outcomes.values())

    def _nothing_differs(self) -> bool:
        if self.metric == "instructions":
            return self._estimate(0, self.last).word == "unchanged"
        return self.value(0) == self.value(self.last)

    def _boundary(self, high: int) -> tuple[int, int]:
        """Return two neighbours, but for what cannot be measured: the first has not the value of ``high``."""
        wanted, low = self.value(high), 0
        while middle := self._middle(low, high):
            if self.value(middle) == wanted:
                high = middle
            else:
                low = middle
        return low, high

    def _middle(self, low: int, high: int) -> int | None:
        """Return the commit nearest to the middle of those between that can be measured; None where there is none."""
        middle = (low + high) // 2
        between = sorted(range(low + 1, high), key=lambda index: abs(index - middle))
        return next((index for index in between if self._measured(index) is not None), None)

    def _telling(self) -> str:
        ends = [self._measured(index) or {} for index in (0, self.last)]
        varied = {metric for end in ends for each in end.values() for metric in each.varied}
        for metric in (metric for metric in METRICS if metric not in varied):
            before, after = ([each.counts.get(metric) for each in end.values() if each.trace] for end in ends)
            if before != after:
                return metric
        console.print("no exact metric differs: going by instructions")
        return "instructions"

    def _measured(self, index: int) -> dict[Cell, Outcome] | None:
        """Return the outcomes of the cells in a commit; None where it does not run, fails a proof or varies."""
        if index not in self._outcomes:
            commit = self.commits[index]
            console.print(f"{self.last} commits, at {git.describe(self.checkout, commit)}", soft_wrap=True)
            try:
                self._outcomes[index] = self._measure(index)
            except (CannotMeasure, SideFailed) as problem:
                if index in (0, self.last):
                    raise
                console.print(f"skipped: {problem}", soft_wrap=True)
                self._outcomes[index] = None
        return self._outcomes[index]

    def _measure(self, index: int) -> dict[Cell, Outcome]:
        commit = self.commits[index][:10]
        with self._copy(index) as copy, closing(Side(copy, self.parts)) as side:
            outcomes = {cell: outcome(side, cell) for cell in side.cells() if str(cell).startswith(self.scenario)}
        if not outcomes:
            raise Problem(f"no cell's name begins with {self.scenario}: the site and compare list them")
        for cell, each in outcomes.items():
            if each.failed:
                raise CannotMeasure(f"{commit}: {cell}: {each.failed}")
            if self.metric in each.varied:
                raise CannotMeasure(f"{commit}: {cell}: {self.metric} vary from one request to the next")
        return outcomes

    def _estimate(self, low: int, high: int) -> verdict.Estimate:
        """Return by how much the instructions of two commits differ."""
        return verdict.instructions(self._samples(low), self._samples(high), 1)

    def _samples(self, index: int) -> list[float]:
        """Return the instructions of the scenario's first measured cell in a commit, one figure for each process."""
        if index not in self._instructions:
            with self._copy(index) as copy:
                self._instructions[index] = self._counted(copy)
        return self._instructions[index]

    def _counted(self, copy: tree.Tree) -> list[float]:
        with closing(Side(copy, self.parts)) as side:
            side.cells()
            with side.entered(self._cell):
                side.batch("seconds", 1)  # compiles what the cell imports: a thousand requests' worth
            counter = instructions.counter(side, self._cell)
        if isinstance(counter, instructions.Callgrind):
            return [number for (number,) in counter.samples(copy, [self._cell])]
        with ExitStack() as stack, ThreadPoolExecutor(len(our_cpus())) as threads:
            sides = [Side(copy, self.parts, layout) for layout in range(counter.processes)]
            for side, cpu in zip(sides, itertools.cycle(our_cpus())):
                stack.enter_context(closing(side))
                side.pin(cpu)
            for side in sides:
                side.cells(beside=len(sides) - 1)
            return list(threads.map(lambda side: counter.per_call(side, self._cell), sides))

    @contextmanager
    def _copy(self, index: int) -> Iterator[tree.Tree]:
        with temporary_folder("bisect-") as folder:
            yield tree_of(self.commits[index], self.checkout, folder / "tree", self.project)

    @cached_property
    def _cell(self) -> Cell:
        ends = [self._measured(index) or {} for index in (0, self.last)]
        return next(cell for cell in ends[0] if ends[0][cell].trace and ends[1][cell].trace)


def bisect(
    checkout: Path, good: str, bad: str, scenario: str, metric: str, every: bool, project: str = "Django"
) -> None:
    """Print the commit that changed the metric to what it is in ``bad``, or each that did since ``good``.

    Raises CannotMeasure where nothing differs, or it cannot be measured.
    """
    out = terminal.console(soft_wrap=True)
    with cannot_measure():
        bisection = Bisection(checkout, good, bad, scenario, metric, project)
        changes = bisection.changes()
        for change in changes if every else itertools.islice(changes, 1):
            out.print(f"{bisection.metric} changed in {git.describe(checkout, change.commit)}")
            if change.skipped:
                out.print(f"  or in one of the {change.skipped} commits before it, which could not be measured")
            for line in lines(change):
                out.print(f"  {line}")


def lines(change: FirstBad) -> Iterator[str]:
    """Yield what changed in each cell, then the functions that gained or lost calls in any."""
    calls: dict[str, None] = {}
    for pair in change.pairs:
        if pair.measured and (said := fact(pair)):
            yield said
        elif pair.base.missing and pair.head.trace:
            yield f"{pair.cell}: measured for the first time"
        yield from (f"{pair.cell}: {estimate}" for estimate in pair.estimates)
        for (caller, called), difference in pair.calls.items() if pair.changes else ():
            calls.setdefault(f"{difference:+} {called}, called by {caller}")
    yield from calls


@click.command("bisect")
@click.option(
    "--django", "checkout", required=True, type=click.Path(path_type=Path), help="A git checkout of the project."
)
@click.option("--project", default="Django", show_default=True, help="Whose commits they are: Django's, or asgiref's.")
@click.option("--good", required=True, help="The older revision.")
@click.option("--bad", required=True, help="The newer revision.")
@click.option("--scenario", required=True, help='The beginning of a cell\'s name: "handlers.Hello ASGI, sync".')
@click.option("--metric", default="", help="By default the first that differs: crossings, hops, ..., instructions.")
@click.option("--all", "every", is_flag=True, help="Find each commit that changed it, back to the older revision.")
def command(checkout: Path, project: str, good: str, bad: str, scenario: str, metric: str, every: bool) -> None:
    """Find the commit that changed an exact metric, or instructions where none differs."""
    bisect(checkout, good, bad, scenario, metric, every, project)
