"""``make report``: what a commit did, as Markdown for a ticket, from results alone."""

from collections.abc import Sequence
from pathlib import Path

import click

from tools.site.log import Entry, Row, entries, of_releases
from tools.site.order import Commit
from tools.site.plugin import site_in
from tools.site.site import Site
from tools.site.templating import environment
from tools.terminal import Problem

JUDGING = ("cost", "time", "waits", "memory")
"""The kinds of metrics by which a change is judged; counts of calls explain it."""


def report(site: Site, name: str) -> str:
    """Return what a commit did, as Markdown. Raises Problem where it has no result, or several commits are meant."""
    commit = named(site, name)
    result = site.best(commit.hash, site.newest) or site.best(commit.hash, None)
    jinja = environment(site=site)
    jinja.autoescape = False
    return jinja.get_template("report.md").render(
        commit=commit,
        result=result,
        machine=site.archive.machines[result.machine] if result else None,
        entries=[(entry, split(entry, True), split(entry, False), parts(entry)) for entry in of_commit(site, commit)],
    )


def named(site: Site, name: str) -> Commit:
    """Return the measured commit that the first digits of a hash, or a release, name."""
    found = [each for each in site.order.commits.values() if each.release == name or each.hash.startswith(name)]
    if not name or not found:
        raise Problem(
            f"{name or 'nothing'} names no measured commit: COMMIT= is a release or a hash; make measure first"
        )
    if len(found) > 1:
        raise Problem(f"{name} names {len(found)} measured commits: give more digits of the hash")
    return found[0]


def of_commit(site: Site, commit: Commit) -> list[Entry]:
    """Return what a commit changed, the nearest base first; a release that no branch has, since the one before it."""
    found = [
        each for each in entries(site, site.changes, site.order) if each.commit == commit and not site.apart(commit)
    ]
    found += [each for each in of_releases(site) if each.commit.hash == commit.hash and not found]
    return sorted(found, key=lambda entry: entry.distance)


def split(entry: Entry, judging: bool) -> Sequence[Row]:
    """Return the rows that judge a change, or those that explain it."""
    return [row for row in entry.rows if (row.cell.kind in JUDGING) == judging]


def parts(entry: Entry) -> list[str]:
    return sorted({row.cell.part for row in entry.rows})


@click.command("report")
@click.argument("commit")
@click.option("--results", default="results", show_default=True, type=click.Path(path_type=Path))
@click.option("--django", type=click.Path(path_type=Path), help="A git repository. By default what results/ remembers.")
def command(commit: str, results: Path, django: Path | None) -> None:
    """Say in Markdown what a commit did: by which metric, where, and how to see it again."""
    click.echo(report(site_in(results, django), commit))
