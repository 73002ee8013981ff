"""What each release of asgiref did to a crossing and to a request, from results/asgiref, with Django fixed."""

import math
import sys
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from asv.util import UserError

from tools.results import LISTED, Failure, VerdictWord, listed_in
from tools.site import order
from tools.site.changes import move
from tools.site.log import percent
from tools.site.order import Commit
from tools.site.results import Result, read
from tools.site.site import ShownFigure, shown
from tools.site.status import lines_of
from tools.site.suite import Suite
from tools.terminal import printable

FOLDER = "asgiref"
"""The folder of these results, beside those of Django."""

CALL = "bridging.ThreadSensitive"
OUTERMOST = ("sync_to_async", "async_to_sync")
DEPTH, VARIABLES = 1, 0
BARE, STARTPROJECT = "handlers.Hello", "middleware.StartProject"
REQUESTS = {"WSGI, sync": ("WSGI", "sync"), "ASGI, sync": ("ASGI", "sync"), "ASGI, async": ("ASGI", "async")}


class Column(NamedTuple):
    """A figure of each release: over which others it stands, its own name, and its cell."""

    group: str
    name: str
    benchmark: str
    variant: Sequence[object]


def columns() -> Iterator[Column]:
    for name in OUTERMOST:
        for metric in ("python_calls", "bytecodes", "hops", "threads"):
            yield Column(
                f"a call of {name}",
                metric.replace("_", " ").replace("python", "Python"),
                f"{CALL}.track_{metric}",
                (name, DEPTH, VARIABLES),
            )
    for scenario, where in ((BARE, "without middleware"), (STARTPROJECT, "behind startproject's")):
        for name, request in REQUESTS.items():
            for metric in ("instructions", "python_calls", "hops", *(["threads"] if scenario == BARE else [])):
                words = metric.replace("_", " ").replace("python", "Python")
                yield Column(f"a request, {name}, {where}", words, f"{scenario}.track_{metric}", request)


@dataclass(frozen=True)
class ReleaseFigures:
    """A release, and its figures by column; or why it has none."""

    commit: Commit
    figures: Sequence[ShownFigure] = ()
    reason: str = ""


@dataclass(frozen=True)
class History:
    """The measured releases, the newest first, and what they ran with."""

    columns: Sequence[Column]
    rows: Sequence[ReleaseFigures]
    setting: str

    @property
    def groups(self) -> dict[str, int]:
        """How many columns stand under each heading."""
        names = [column.group for column in self.columns]
        return {name: names.count(name) for name in names}

    def changed(self, row: ReleaseFigures) -> list[tuple[Column, ShownFigure]]:
        """Return the figures of a release that are worse or better than those of the release before."""
        found = zip(self.columns, row.figures, strict=False)
        return [(column, figure) for column, figure in found if figure.word in ("slower", "faster")]


def history(results: Path) -> History | None:
    """Return what is stored of asgiref's releases beside Django's results; None where there is nothing to read."""
    folder = results / FOLDER
    try:
        archive = read(folder)
    except (UserError, OSError):
        return None
    for problem in archive.problems:
        print(f"Left out: {printable(problem)}", file=sys.stderr)
    known = order.order_commits(archive.results, None, folder / "commits.jsonl", keep=False)
    by_commit = {result.commit: result for result in archive.results}
    measured = [(commit, by_commit[commit.hash]) for commit in known.releases]
    if not measured:
        return None
    found = [(column, archive.suite.find(column.benchmark, *column.variant)) for column in columns()]
    cells = [(column, cell) for column, cell in found if cell is not None]
    numbers = [cell for _, cell in cells]
    pairs = pairwise([None, *(result for _, result in measured)])
    rows = [
        ReleaseFigures(commit, [figure(archive.suite, old, new, cell) for cell in numbers])
        for (commit, _), (old, new) in zip(measured, pairs, strict=True)
        if new
    ]
    newest = measured[-1][1]
    setting = ", ".join(f"{name} {version}" for name, version in newest.versions.items() if name != "asgiref")
    return History([column for column, _ in cells], rows[::-1] + list(failed(folder, by_commit)), setting)


def figure(suite: Suite, old: Result | None, new: Result, cell: int) -> ShownFigure:
    """Return a figure, and its change from that of the release before, by the site's resolution."""
    described, after = suite.cells[cell], new.values[cell]
    text = shown(described, after)
    before = old.values[cell] if old else math.nan
    if old is None or not (math.isfinite(before) and math.isfinite(after)) or before == after:
        return ShownFigure(text)
    if described.exact:
        # Calls and bytecodes explain and are not judged (docs/method.md, From numbers to words).
        judged: VerdictWord | None = word(after - before) if described.kind == "waits" else None
        return ShownFigure(text, change=f"{after - before:+g}", significant=judged is not None, word=judged)
    moved = move(suite, old, new, cell)
    if moved is None or moved.word not in ("slower", "faster"):
        return ShownFigure(text)
    return ShownFigure(text, change=percent(moved.part), significant=True, word=moved.word)


def word(difference: float) -> VerdictWord:
    return "slower" if difference > 0 else "faster"


def failed(folder: Path, measured: Container[str]) -> Iterator[ReleaseFigures]:
    """Yield the listed releases that have no result, each with the last thing that its installation said."""
    for name, why in listed_in(folder / LISTED):
        if name not in measured:
            paths = folder.glob(f"*/{name[:8]}.failures")
            said = [failure.error for path in paths for failure in lines_of(path, Failure)]
            reason = said[-1].strip().rpartition("\n")[2] if said else "not measured"
            yield ReleaseFigures(Commit(name, 0, release=why.rpartition(" ")[2]), reason=reason)
