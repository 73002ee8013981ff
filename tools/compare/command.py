"""``make compare``: did this change slow the sync path, or the async path?"""

import contextlib
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from harness.kept import temporary_folder
from tools.compare.comparison import Comparison
from tools.compare.report import Report, fact
from tools.compare.tree import Tree, tree_of
from tools.configuration import parts_of
from tools.terminal import CannotMeasure, NoCounter, SameCode, cannot_measure, console, progress

# Without a file name the answer goes to standard output.
TO_FILE: dict[str, Any] = {"is_flag": False, "flag_value": "-", "metavar": "[FILE]"}

DEFAULT = ("handlers", "middleware", "bridging")


def compare(
    base: str, head: str, checkout: Path | None, scenarios: Sequence[str], exact: bool, project: str = "Django"
) -> Report:
    """Measure two sides of a project, show the progress on standard error, and return what there is to say.

    Raises CannotMeasure where a side is not there or does not run.
    """
    with (
        cannot_measure(),
        two_trees(base, head, checkout, project) as trees,
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


@contextlib.contextmanager
def two_trees(base: str, head: str, checkout: Path | None, project: str = "Django") -> Iterator[tuple[Tree, Tree]]:
    """Yield both sides as folders, removed afterwards. Raises CannotMeasure where both hold the same code."""
    with temporary_folder("compare-") as folder:
        before, after = (
            tree_of(side, checkout, folder / name, project) for side, name in ((base, "base"), (head, "head"))
        )
        if before.digest == after.digest:
            raise SameCode(f"{before.label} and {after.label} hold the same code: nothing to compare")
        yield before, after


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


@click.command("compare")
@click.option("--base", required=True, help='A release ("6.1"), or with --django a revision of that checkout.')
@click.option("--head", required=True, help='The same, or "worktree": the checkout as it is, edits and all.')
@click.option("--django", "checkout", type=click.Path(path_type=Path), help="A git checkout of the project.")
@click.option("--project", default="Django", show_default=True, help="What is compared: Django, or asgiref.")
@click.option("--scenarios", default="", help="Files in benchmarks/. Default: handlers, middleware and bridging.")
@click.option("--exact", is_flag=True, help="Count only: what is exact, in a third of the time.")
@click.option("--facts", is_flag=True, help="Status 1 only where a request waits more; 0 where nothing differs.")
@click.option("--limit", type=click.FloatRange(0), help="With --facts also where it costs so many % instructions more.")
@click.option("--markdown", **TO_FILE, help="Write Markdown to a file, or in place of the table.")
@click.option("--json", "json_file", **TO_FILE, help="Write JSON to a file, or in place of the table.")
def command(
    base: str,
    head: str,
    checkout: Path | None,
    project: str,
    scenarios: str,
    exact: bool,
    facts: bool,
    limit: float | None,
    markdown: str | None,
    json_file: str | None,
) -> int:
    """Say whether a change slowed the sync path or the async path.

    Ends with status 0 where they are unchanged or faster, 1 where anything is slower, 2 where it could not be measured
    or told.
    """
    try:
        report = compare(base, head, checkout, scenarios.split(), exact, project)
    except SameCode as problem:
        if not facts:
            raise
        for name in filter(None, (markdown, json_file)):
            with click.open_file(name, "w") as file:
                file.write((json.dumps({"headline": problem.message}) if name == json_file else problem.message) + "\n")
        click.echo(problem.message)
        return 0
    write(report, markdown, json_file)
    if limit is not None and not report.instructions_by:
        raise CannotMeasure("--limit: no instructions were counted; without it crossings, hops and the like decide")
    return report.facts(math.inf if limit is None else limit / 100) if facts else report.status
