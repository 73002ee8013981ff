"""Did a change slow the served request? Two Djangos under the same servers, by the instructions of their processes.

Throughput of the same code differs by 3 to 14 % from cell to cell; instructions a request by a fraction of a per cent.
Each round starts both servers anew, since the layout of memory is another in each process, and asks for hello world on
one connection: under more the event loop takes several requests in one turn, as the load has it.
"""

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from rich.box import SIMPLE_HEAD
from rich.progress import Progress
from rich.table import Table

from harness.servers import SERVERS
from tools import verdict
from tools.served.load import Shape
from tools.served.matrix import Settings, check, django_of, experiment_on, temporary_folder
from tools.served.measure import Cell, Experiment
from tools.served.views import NATURAL, views_of
from tools.tree import CannotMeasure, Tree

SERVED = ("gunicorn", "uvicorn")
ROUNDS = 5
"""Starts of each server on each side."""

Verdicts = dict[str, verdict.Estimate]


def compare(base: str, head: str, settings: Settings, bar: Progress) -> tuple[Table, int]:
    """Compare two Djangos; return what to show, and the status: 1 where any server got slower, 0 otherwise.

    Raises CannotMeasure where a side does not run, or has no counter of instructions.
    """
    with temporary_folder() as folder:
        trees = tuple(django_of(name, folder / side) for name, side in ((base, "base"), (head, "head")))
        if trees[0].digest == trees[1].digest:
            raise CannotMeasure(f"{trees[0].label} and {trees[1].label} hold the same code: nothing to compare")
        verdicts = judged(trees, settings, bar)
    table = Table("server", "verdict", "resolution", box=SIMPLE_HEAD, title=" → ".join(tree.label for tree in trees))
    for server, estimate in verdicts.items():
        table.add_row(server, f"{estimate.word}: {estimate.change:+.1%} instructions", f"± {estimate.resolution:.1%}")
    return table, int(any(estimate.word == "slower" for estimate in verdicts.values()))


def judged(trees: Sequence[Tree], settings: Settings, bar: Progress) -> Verdicts:
    """Return the estimate of each server."""
    names = list(settings.servers or SERVED)
    settings = replace(settings, servers=names, workers=1, seconds=1)
    (hello,) = views_of(["hello"])
    cells = [Cell(name, hello, NATURAL[SERVERS[name].interface], Shape(1)) for name in names]
    check(settings, cells)
    with _experiments(trees, settings) as sides:
        rounds = bar.track([cell for _ in range(ROUNDS) for cell in cells], description="served")
        counted = [(cell.server, _on_both(sides, cell)) for cell in rounds]
    return {name: _estimate([pair for server, pair in counted if server == name], len(names)) for name in names}


def _estimate(pairs: Sequence[Sequence[float]], tests: int) -> verdict.Estimate:
    base, head = zip(*pairs, strict=True)
    return verdict.instructions(base, head, tests)


@contextlib.contextmanager
def _experiments(trees: Sequence[Tree], settings: Settings) -> Iterator[list[Experiment]]:
    with temporary_folder() as folder, contextlib.ExitStack() as stack:
        folders = [folder / side for side in ("base", "head")]
        for each in folders:
            each.mkdir()
        yield [
            stack.enter_context(experiment_on(tree, settings, [], own))
            for tree, own in zip(trees, folders, strict=True)
        ]


def _on_both(sides: Sequence[Experiment], cell: Cell) -> list[float]:
    """Return the instructions of one request on each side, both at the same time."""
    with ThreadPoolExecutor(len(sides)) as threads:
        return list(threads.map(lambda side: _instructions(side, cell), sides))


def _instructions(side: Experiment, cell: Cell) -> float:
    result = side.measure(cell)
    if result.failed or result.unavailable:
        raise CannotMeasure(f"{cell}: {result.failed or result.unavailable}")
    if result.instructions is None:
        raise CannotMeasure("no instructions are counted here: allow perf_event_open (kernel.perf_event_paranoid)")
    return result.instructions
