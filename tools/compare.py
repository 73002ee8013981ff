"""``make compare``: did this change slow the sync path, or the async path?"""

import contextlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tools.bench import parts_of
from tools.comparison import Comparison
from tools.instructions import NoCounter
from tools.report import Report, fact
from tools.terminal import console
from tools.tree import CannotMeasure, Tree, tree_of

DEFAULT = ("handlers", "middleware", "bridging")


class SameCode(CannotMeasure):
    """Both sides hold the same code."""


def compare(base: str, head: str, checkout: Path | None, scenarios: Sequence[str], exact: bool) -> Report:
    """Measure two sides, show the progress on standard error, and return what there is to say.

    Raises CannotMeasure where a side is not there or does not run.
    """
    with (
        cannot_measure(),
        two_trees(base, head, checkout) as trees,
        Comparison(*trees, parts_of(scenarios or DEFAULT)) as comparison,
        progress() as bar,
    ):
        count(comparison, bar)
        if comparison.verdicts and not comparison.hung and not exact:
            estimate(comparison, bar)
        return Report(comparison)


def count(comparison: Comparison, bar: Progress) -> None:
    """Count all cells, and say each exact fact as soon as it is there."""
    for pair in bar.track(comparison.count(), description="exact counts"):
        if said := fact(pair):
            bar.console.print(said, soft_wrap=True)
    if comparison.hung:
        bar.console.print("neither instructions nor times: what hangs is mended first", soft_wrap=True)


def estimate(comparison: Comparison, bar: Progress) -> None:
    """Count instructions, and time."""
    try:
        for _ in bar.track(comparison.count_instructions(), description="instructions"):
            pass
    except NoCounter as problem:
        bar.console.print(problem.message, soft_wrap=True)
    for _ in bar.track(comparison.time(), description="times"):
        pass


def progress() -> Progress:
    columns = (
        TextColumn("{task.description:12}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console(stderr=True), transient=True)


@contextlib.contextmanager
def cannot_measure() -> Iterator[None]:
    """Turn what keeps from measuring into CannotMeasure, hence status 2."""
    try:
        yield
    except CannotMeasure:
        raise
    except click.ClickException as problem:
        raise CannotMeasure(problem.message) from problem
    except OSError as problem:
        raise CannotMeasure(str(problem)) from problem
    except KeyboardInterrupt as problem:
        raise CannotMeasure("interrupted; nothing is kept, and nothing is left behind") from problem


@contextlib.contextmanager
def two_trees(base: str, head: str, checkout: Path | None) -> Iterator[tuple[Tree, Tree]]:
    """Yield both sides as folders, removed afterwards. Raises CannotMeasure where both hold the same code."""
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        trees = tree_of(base, checkout, Path(folder, "base")), tree_of(head, checkout, Path(folder, "head"))
        if trees[0].digest == trees[1].digest:
            raise SameCode(f"{trees[0].label} and {trees[1].label} hold the same code: nothing to compare")
        yield trees


def write(report: Report, markdown: str | None, json_file: str | None) -> None:
    """Write the report as Markdown and as JSON where that is asked for, and as a table unless one of them is shown."""
    for name, text in ((markdown, report.markdown), (json_file, report.json)):
        if name:
            with click.open_file(name, "w") as file:
                file.write(text())
    if "-" not in (markdown, json_file):
        console(width=None if sys.stdout.isatty() else 160).print(report.terminal())
    for failure in report.failures[:1]:
        more = f" ({len(report.failures)} cells in all)" if len(report.failures) > 1 else ""
        click.echo(f"Error: not measured: {failure}{more}", err=True)
