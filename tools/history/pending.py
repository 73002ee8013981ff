"""``make pending``: which commits of Django's main and stable branches have no result yet."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import click

from tools.configuration import SERIES
from tools.history.repository import DJANGO, Repository, repository
from tools.history.store import RESULTS, TRIES, Store

OLDEST = (3, 0)
"""The first release series that the suite measures."""


def pending(repository: Repository, results: Path, since: str, count: int) -> list[str]:
    """Return the newest commits since a date that have no result and are not given up, newest first.

    What keeps commits out is said. A branch is followed by its first parents, as asv does.
    """
    store = Store(results)
    branches = [branch for branch in repository.heads() if is_measured(branch)]
    if "main" not in branches:
        click.echo(f"{repository.path} has no branch main", err=True)
    commits: dict[str, int] = {}
    for branch in branches:
        commits |= repository.since(branch, since)
    measured = store.commits()
    missing = {commit for commit in commits if commit[:8] not in measured}
    given_up = {commit for commit in missing if store.has_given_up(commit, SERIES)}
    if given_up:
        click.echo(f"{len(given_up)} commits are given up, after {TRIES} tries each", err=True)
    found = sorted(missing - given_up, key=commits.__getitem__, reverse=True)
    click.echo(
        f"{len(commits)} commits since {since} on {len(branches)} branches, {len(found)} without a result"
        + (f": the newest {count} of them" if len(found) > count else ""),
        err=True,
    )
    return found[:count]


def is_measured(branch: str) -> bool:
    """Tell whether the suite measures a branch: main, and stable ones since 3.0."""
    series = re.fullmatch(r"stable/(\d+)\.(\d+)\.x", branch)
    return branch == "main" or (series is not None and tuple(map(int, series.groups())) >= OLDEST)


def write(commits: Sequence[str], listed: Path, shards: int, output: Path | None) -> None:
    """Write the list that ``make measure`` reads, and for a workflow the same and the shards, none of them empty."""
    listed.write_text("".join(f"{commit}\n" for commit in commits))
    if output:
        jobs = min(shards, len(commits))
        names = [f"{number}/{jobs}" for number in range(1, jobs + 1)]
        with output.open("a") as file:
            file.write(f"shards={json.dumps(names)}\ncommits={' '.join(commits)}\n")


@click.command("pending")
@click.option("--commits", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--since", default="4 weeks ago", show_default=True, help="A date, as git reads it.")
@click.option("--count", default=40, show_default=True, type=click.IntRange(1), help="Commits at most, the newest.")
@click.option("--shards", default=1, show_default=True, type=click.IntRange(1), help="Jobs at most.")
@click.option(
    "--output", type=click.Path(path_type=Path), help="A workflow's file of outputs: the shards to run, the commits."
)
@RESULTS
@DJANGO
def command(
    commits: Path, since: str, count: int, shards: int, output: Path | None, results: Path, django: Path | None
) -> None:
    """List the commits of main and the stable branches that have no result."""
    write(pending(repository(django, files=False), results, since, count), commits, shards, output)
