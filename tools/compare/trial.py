"""``make trial``: what ``make compare`` finds on this machine, and what it only believes to find.

A tree is compared with copies in which code is planted that never runs, or more work, as often as one likes.
"""

import contextlib
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import click
from rich.box import SIMPLE_HEAD
from rich.progress import Progress
from rich.table import Table

from harness.kept import Kept, temporary_folder
from tools.compare import verdict
from tools.compare.command import DEFAULT, count, estimate
from tools.compare.comparison import Comparison
from tools.compare.side import Cell
from tools.compare.tree import Tree, tree_of
from tools.terminal import CannotMeasure, cannot_measure, console, progress

Measurement = Callable[[Comparison, Sequence[Cell]], Iterator[None]]

SYNC = Cell("handlers.Hello.time_request", 0, ("WSGI", "sync"))

WSGI = ("django/core/handlers/wsgi.py", "    def __call__(self, environ, start_response):\n")
ASGI = ("django/core/handlers/asgi.py", "    async def handle(self, scope, receive, send):\n")
PLANTED = "\n\ndef planted():\n    pass\n"
DEAD = "\n\ndef dead(self, *args):\n" + '    """A text."""\n    return [self, "a constant", args] * 17\n\n' * 9
LOOP = "        for _ in bytes({}):\n            pass\n"
"""Each round costs the same, which those of ``range`` do not: it makes an int for each number above 256."""

WORK = {
    "inlined": LOOP,
    "in C": "        sum(bytes({}))\n",
    "in the standard library": "        for _ in bytes({}):\n            base.logging.getLevelName(20)\n",
}
"""Lines that cost in proportion to a number, and a little before the first."""

CALIBRATION = 10_000
"""The number by which their instructions are measured: more than a request's, so that the noise is little of it."""

ROUNDS, REPEATS = 500, 4
"""By how many rounds of the loop time is calibrated, and how often: some 4 %. Of ten thousand each takes less."""


class Attempt(NamedTuple):
    """One comparison: whether it says what it should of the plant, and what it measured where it did."""

    found: bool
    estimate: verdict.Estimate | None = None


def trial(release: str, times: int, exact: bool, busy: bool) -> Table:
    """Try each case so many times, beside a busy process if asked for; return how often each was found.

    With ``exact`` only those are tried that are counted.

    Raises CannotMeasure where the release is not there or does not run.
    """
    with cannot_measure(), temporary_folder("trial-") as folder, busy_process(busy):
        base = tree_of(release, None, folder / "base")
        columns = "planted", "found", "seen: median", "resolution: median, worst"
        table = Table(*columns, title=f"Django {base.label}", box=SIMPLE_HEAD)
        with progress() as bar:
            for name, attempt in counted_cases(base) if exact else cases(base, bar):
                attempts = [attempt() for _ in bar.track(range(times), description=name)]
                row = name, f"{sum(each.found for each in attempts)} of {times}", *_measured(attempts)
                bar.console.print(": ".join(row))
                table.add_row(*row)
        return table


def cases(base: Tree, bar: Progress) -> Iterator[tuple[str, Callable[[], Attempt]]]:
    """Yield what is planted, and what tries it once."""
    yield "code that never runs (found: a false verdict)", partial(whole, base, bar)
    yield from counted_cases(base)
    for where, lines in WORK.items():
        first, most = (change(base, lines.format(n), Comparison.count_instructions).change for n in (0, CALIBRATION))
        each = (most - first) / CALIBRATION
        number = max(0, round((0.005 - first) / each))
        costs = first + number * each
        yield f"{costs:.2%} more instructions {where}", partial(costly, base, lines.format(number))
    slowed = statistics.mean(change(base, LOOP.format(ROUNDS), Comparison.time).change for _ in range(REPEATS))
    for percent in (3, 5, 10):
        yield f"{percent} % more time", partial(slow, base, LOOP.format(round(percent / 100 / slowed * ROUNDS)))


def counted_cases(base: Tree) -> Iterator[tuple[str, Callable[[], Attempt]]]:
    yield "one more Python call", partial(counted, base, WSGI, "        planted()\n", "python_calls")
    crossing = "        await __import__('asgiref.sync').sync.sync_to_async(planted)()\n"
    yield "one more crossing", partial(counted, base, ASGI, crossing, "sync_to_async")


def whole(base: Tree, bar: Progress) -> Attempt:
    """Compare a tree with one that differs by what never runs, all of it."""
    with planted(base, WSGI, "", DEAD) as head, Comparison(base, head, DEFAULT) as comparison:
        count(comparison, bar)
        estimate(comparison, bar)
        false = [f"{cell}: {each}" for cell, each in comparison.verdicts.items() if each.word != "unchanged"]
        for line in false:
            bar.console.print(line, soft_wrap=True)
        return Attempt(bool(false))


def counted(base: Tree, place: tuple[str, str], lines: str, metric: str) -> Attempt:
    """Compare the exact counts; found is one more in a cell, with the name of the function that was planted."""
    with planted(base, place, lines) as head, Comparison(base, head, ["handlers"]) as comparison:
        changed = [pair for pair in comparison.count() if pair.changes.get(metric) == 1]
        return Attempt(any(called.endswith(".planted") for pair in changed for _, called in pair.calls))


def costly(base: Tree, lines: str) -> Attempt:
    """Compare the instructions of the sync path alone."""
    found = change(base, lines, Comparison.count_instructions)
    return Attempt(found.word == "slower", found)


def slow(base: Tree, lines: str) -> Attempt:
    """Compare the times of the sync path alone."""
    found = change(base, lines, Comparison.time)
    return Attempt(found.word == "slower", found)


def change(base: Tree, lines: str, by: Measurement) -> verdict.Estimate:
    """Return what lines planted in the sync path change."""
    with planted(base, WSGI, lines) as head, Comparison(base, head, ["handlers"]) as comparison:
        list(comparison.count())
        list(by(comparison, [SYNC]))
        return comparison.pairs[SYNC].estimates[-1]


@contextlib.contextmanager
def planted(base: Tree, place: tuple[str, str], lines: str, end: str = PLANTED) -> Iterator[Tree]:
    """Yield a copy of a tree with lines planted at the start of a handler, and a function at the end of its file."""
    with temporary_folder("trial-") as folder:
        path = folder / "head"
        # Code that was compiled under another path lies otherwise in memory, and is slower by 0.7 %.
        shutil.copytree(base.path, path, ignore=shutil.ignore_patterns("__pycache__"))
        file, start = place
        source = (path / file).read_text()
        if source.count(start) != 1:
            raise CannotMeasure(f"{base.label}: {file} has not one line {start.strip()!r} to plant at")
        (path / file).write_text(source.replace(start, start + lines) + end)
        yield Tree(path, "planted")


def busy_process(wanted: bool) -> contextlib.AbstractContextManager[object]:
    """Return what keeps a CPU busy meanwhile, or nothing."""
    return Kept([sys.executable, "-c", "while True: pass"]) if wanted else contextlib.nullcontext()


def _measured(attempts: Sequence[Attempt]) -> tuple[str, str]:
    """Return the median of the changes that were seen, and of their resolutions the median and the worst."""
    found = [each.estimate for each in attempts if each.estimate is not None]
    if not found:
        return "", ""
    resolutions = [each.resolution for each in found]
    seen = statistics.median(each.change for each in found)
    return f"{seen:+.1%}", f"{statistics.median(resolutions):.1%}, {max(resolutions):.1%}"


@click.command("trial")
@click.option("--release", default="6.1", show_default=True, help="The Django that is compared with copies of itself.")
@click.option("--times", default=20, show_default=True, type=click.IntRange(1), help="How often each case is tried.")
@click.option("--exact", is_flag=True, help="Try only what is counted: seconds each, not minutes.")
@click.option("--busy", is_flag=True, help="Keep one CPU busy meanwhile.")
def command(release: str, times: int, exact: bool, busy: bool) -> None:
    """Learn what compare finds on this machine: compare a tree with itself, and with planted changes."""
    console().print(trial(release, times, exact, busy))
