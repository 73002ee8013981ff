"""Did a change slow the served request? Two Djangos under the same servers, by the instructions of their processes.

Throughput of the same code differs by 3 to 14 % from cell to cell; instructions a request by a fraction of a per cent.
Each round starts all servers anew, since the layout of memory is another in each process, and asks for hello world on
one connection: under more the event loop takes several requests in one turn, as the load has it. The servers are loaded
one after the other: how often threads and the loop wake each other depends on who else wants the CPU, by up to 15 % of
uvicorn's instructions. Without the CPU's counter callgrind counts some requests of each.
"""

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from rich.box import SIMPLE_HEAD
from rich.progress import Progress
from rich.table import Table

from harness.kept import Kept, temporary_folder
from harness.servers import SERVERS, ServerFailed
from tools.compare import verdict
from tools.compare.tree import Tree
from tools.served.experiment import Experiment, ServedCell, Unavailable
from tools.served.instructions import ServerCounter, counter
from tools.served.load import LoadFailed, Shape
from tools.served.matrix import check, django_of, experiment_on
from tools.served.pages import pages_of
from tools.served.settings import Settings
from tools.terminal import CannotMeasure

SERVED = ("gunicorn", "uvicorn")
Verdicts = dict[str, verdict.Estimate]


def compare(base: str, head: str, settings: Settings, bar: Progress) -> tuple[Table, int]:
    """Compare two Djangos; return what to show, and the status: 1 where any server got slower, 0 otherwise.

    Raises CannotMeasure where a side does not run, or has no counter of instructions.
    """
    with temporary_folder("served-") as folder:
        trees = tuple(django_of(name, folder / side) for name, side in ((base, "base"), (head, "head")))
        if trees[0].digest == trees[1].digest:
            raise CannotMeasure(f"{trees[0].label} and {trees[1].label} hold the same code: nothing to compare")
        verdicts = judged(trees, settings, bar)
    title, caption = " → ".join(tree.label for tree in trees), f"instructions by {counter().name}"
    table = Table("server", "verdict", "resolution", box=SIMPLE_HEAD, title=title, caption=caption)
    for server, estimate in verdicts.items():
        table.add_row(server, f"{estimate.word}: {estimate.change:+.1%} instructions", f"± {estimate.resolution:.1%}")
    return table, int(any(estimate.word == "slower" for estimate in verdicts.values()))


def judged(trees: Sequence[Tree], settings: Settings, bar: Progress) -> Verdicts:
    """Return the estimate of each server. Raises CannotMeasure."""
    if settings.host:
        raise CannotMeasure(f"the instructions of a server at {settings.host} cannot be counted: leave HOST out")
    names = settings.servers
    settings = replace(settings, pages=(), workers=1, seconds=1)
    (hello,) = pages_of(["hello"])
    cells = [ServedCell(name, hello, verdict.NATIVE[SERVERS[name].interface], Shape(1)) for name in names]
    check(settings, cells)
    counts = counter()
    with _experiments(trees, settings, names, counts) as experiments:
        places = [(experiment, cell) for cell, sides in zip(cells, experiments, strict=True) for experiment in sides]
        rounds = [
            _in_turn(places, counts, number % 2 == 1)
            for number in bar.track(range(settings.rounds), description="served")
        ]
    sides = list(zip(*rounds, strict=True))
    return {
        name: verdict.instructions(sides[2 * number], sides[2 * number + 1], len(names))
        for number, name in enumerate(names)
    }


@contextlib.contextmanager
def _experiments(
    trees: Sequence[Tree], settings: Settings, names: Sequence[str], counts: ServerCounter
) -> Iterator[list[list[Experiment]]]:
    """Yield for each server an experiment on each tree, in a folder of its own."""
    with temporary_folder("served-") as folder, contextlib.ExitStack() as stack:

        def experiment(name: str, side: str, tree: Tree) -> Experiment:
            own = folder / name / side
            own.mkdir(parents=True)
            return replace(stack.enter_context(experiment_on(tree, settings, own)), under=counts.under(own))

        sides = tuple(zip(("base", "head"), trees, strict=True))
        yield [[experiment(name, side, tree) for side, tree in sides] for name in names]


def _in_turn(places: Sequence[tuple[Experiment, ServedCell]], counts: ServerCounter, backwards: bool) -> list[float]:
    """Return the instructions of one request in each place: all servers started at once, asked one after the other."""
    counted = [0.0] * len(places)
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(len(places)) as threads:

        def started(experiment: Experiment, cell: ServedCell) -> tuple[Kept, str]:
            with _said(cell):
                server, address = stack.enter_context(experiment.served(cell.server))
            assert server
            return server, address

        servers = list(threads.map(started, *zip(*places, strict=True)))
        numbers = range(len(places))
        for number in reversed(numbers) if backwards else numbers:
            experiment, cell = places[number]
            with _said(cell):
                counted[number] = counts.per_request(experiment, *servers[number], cell)
    return counted


@contextlib.contextmanager
def _said(cell: ServedCell) -> Iterator[None]:
    """Turn what goes wrong with a cell into CannotMeasure."""
    try:
        yield
    except (Unavailable, ServerFailed, LoadFailed) as problem:
        raise CannotMeasure(f"{cell}: {problem}") from problem
