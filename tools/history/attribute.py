"""``make attribute``: measures what lies between, until each change of counts and instructions has one commit."""

import itertools
import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from tools.configuration import SERIES
from tools.history.measure import Job, begun, conditions, console, job_of, measure_one
from tools.history.repository import Repository, repository
from tools.results import INSTRUCTIONS
from tools.site.changes import Change
from tools.site.log import of_commits
from tools.site.plugin import site_in
from tools.site.site import Site


class Stretch(NamedTuple):
    """The commits after ``base`` up to ``commit``, one or more of which changed what some benchmarks count."""

    base: str
    commit: str
    benchmarks: frozenset[str]


def stretches(site: Site) -> list[Stretch]:
    """Return what Changes says of one of several commits: counts and instructions, which tell how they are halved."""
    found = [entry for entry in of_commits(site) if entry.distance != 1]
    told = (Stretch(each.base.hash, each.commit.hash, frozenset(counted(site, each.changes))) for each in found)
    return [stretch for stretch in told if stretch.benchmarks]


def counted(site: Site, changes: Sequence[Change]) -> Iterator[str]:
    cells = (site.suite.cells[change.cell] for change in changes)
    return (cell.benchmark for cell in cells if cell.exact or cell.unit == INSTRUCTIONS)


class Halving:
    """Chooses what to measure. ``tried`` are the benchmarks that were asked of each commit, whatever came of it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.tried: dict[str, set[str]] = defaultdict(set)

    def middle(self, stretch: Stretch) -> str | None:
        """Return the commit nearest to the middle of a stretch that can be measured; None where there is none."""
        between = self.job.repository.between(stretch.base, stretch.commit)
        left = [commit for commit in between if self.can_tell(commit, stretch.benchmarks)]
        return min(left, key=lambda commit: abs(between.index(commit) - len(between) // 2), default=None)

    def can_tell(self, commit: str, benchmarks: frozenset[str]) -> bool:
        return not benchmarks <= self.tried[commit] and not self.job.store.has_given_up(commit, SERIES)

    def round(self, found: list[Stretch]) -> Mapping[str, set[str]]:
        """Return what is to be measured so that each stretch is halved: the benchmarks by commit."""
        asked: dict[str, set[str]] = defaultdict(set)
        for stretch in found:
            middle = self.middle(stretch)
            if middle is not None:
                asked[middle] |= stretch.benchmarks
        return asked


def attribute(job: Job, count: int) -> None:
    """Measure commits, ``count`` at most, until each change has one, and say what is left.

    What was measured stays: the same again goes on. Raises Problem where nothing can be measured at all.
    """
    found = stretches(site_in(job.store.folder, job.repository.path))
    console.print(estimate(job.repository, found))
    halving = Halving(job)
    if found and count:
        with begun(job.asking(frozenset().union(*(stretch.benchmarks for stretch in found)))) as tried:
            while len(tried) < count and (asked := halving.round(found)):
                for commit, names in itertools.islice(asked.items(), count - len(tried)):
                    halving.tried[commit] |= names
                    if measure_one(job.asking(names), commit):
                        tried.append(commit)
                found = stretches(site_in(job.store.folder, job.repository.path))
    for stretch in found:
        console.print(f"one of several: {remaining(job.repository, stretch, halving)}")


def estimate(repository: Repository, found: list[Stretch]) -> str:
    if not found:
        return "each change of counts and instructions names one commit"
    sizes = [len(repository.between(stretch.base, stretch.commit)) + 1 for stretch in found]
    steps = sum(math.ceil(math.log2(size)) for size in sizes)
    plural = "stretches" if len(found) > 1 else "stretch"
    return f"{len(found)} {plural} of {sum(sizes)} commits changed counts or instructions: some {steps} to measure"


def remaining(repository: Repository, stretch: Stretch, halving: Halving) -> str:
    why = "not measured yet" if halving.middle(stretch) else "those between cannot be measured"
    size = len(repository.between(stretch.base, stretch.commit)) + 1
    return f"{size} commits to {repository.describe(stretch.commit)}: {why}"


@click.command("attribute")
@click.option("--count", type=click.IntRange(0), help="Measure so many commits at most; 0 only says how many.")
@conditions
def command(count: int | None, results: Path, django: Path | None, **options: Any) -> None:
    """Find the commit behind each change that is known of several, by halving: counts and instructions."""
    its = repository(django)
    with job_of(results, its, "", **options) as job:
        attribute(job, sys.maxsize if count is None else count)
