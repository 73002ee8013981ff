"""``make milestones``: what tells the history: releases, named commits with parents, main every second month."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import click

from tools.history.pending import OLDEST
from tools.history.repository import DJANGO, Repository, repository

MONTHS = 2
"""Months from one commit of main to the next."""

BEGIN = datetime.date(2019, 6, 1)
"""The month in which Django's async story began."""


def milestones(repository: Repository, named: Path | None, until: datetime.date) -> str:
    """Return a list for ``make measure``, with a comment on each line. What is not there is said, and left out."""
    rows = [*releases(repository), *changes(repository, named), *months(repository, until)]
    known: dict[str, list[str]] = {}
    for commit, why in rows:
        known.setdefault(commit, []).append(why)
    return "".join(f"{commit}  # {'; '.join(reasons)}\n" for commit, reasons in known.items())


def releases(repository: Repository) -> Iterator[tuple[str, str]]:
    """Yield the feature releases, each with its name."""
    for tag in repository.tags():
        numbers = tag.split(".")
        if len(numbers) == 2 and all(map(str.isdigit, numbers)) and tuple(map(int, numbers)) >= OLDEST:
            yield repository.find(f"refs/tags/{tag}") or "", f"release {tag}"


def changes(repository: Repository, named: Path | None) -> Iterator[tuple[str, str]]:
    """Yield the parent of each commit that the first column of a CSV file names, then the commit."""
    for line in named.read_text().splitlines() if named else ():
        name = line.partition(",")[0].strip()
        commit, parent = repository.find(name), repository.find(f"{name}^")
        if name == "commit":
            continue
        if not (commit and parent):
            click.echo(f"not in {repository.path}, left out: {name}", err=True)
            continue
        yield parent, f"before {commit[:10]}"
        yield commit, repository.describe(commit)


def months(repository: Repository, until: datetime.date) -> Iterator[tuple[str, str]]:
    """Yield main as it was when every second month began."""
    month = BEGIN
    while month <= until:
        commit = repository.last_before("main", month.isoformat())
        if commit:
            yield commit, f"main before {month}"
        month = (month + datetime.timedelta(days=31 * MONTHS)).replace(day=1)


@click.command("milestones")
@click.option("--commits", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--named", type=click.Path(exists=True, path_type=Path), help="CSV whose first column names commits.")
@DJANGO
def command(commits: Path, named: Path | None, django: Path | None) -> None:
    """List the commits that tell the history: releases, named ones and their parents, every second month of main."""
    commits.write_text(milestones(repository(django), named, datetime.datetime.now(datetime.UTC).date()))
