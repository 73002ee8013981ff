"""The status page: what was measured when, what failed and why, what waits, by which versions of the suite."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from tools.results import LISTED, Dispute, Failure, Unusable, checked, listed_in
from tools.site.charts import day
from tools.site.grouping import groups
from tools.site.results import FAILED, UNAVAILABLE, Result
from tools.site.site import Site, shown

Line = TypeVar("Line", Failure, Dispute)


class MeasuredDay(NamedTuple):
    """The results of a machine and an environment that were measured on one day.

    ``fewest`` and ``most`` are how many benchmarks one of them has, ``outdated`` how many have some that the suite has
    in another version.
    """

    day: str
    machine: str
    environment: str
    results: int
    fewest: int
    most: int
    outdated: int


class FailedScenario(NamedTuple):
    """A scenario that has no figure in some cell of so many results, since a benchmark failed there."""

    name: str
    results: int
    newest: Result


def days(site: Site) -> list[MeasuredDay]:
    """Return what was measured, the newest first."""
    found = groups(site.archive.results, lambda each: (day(each.measured / 1000), each.machine, each.environment))
    return [
        MeasuredDay(
            *key,
            len(own),
            min(len(result.benchmarks) for result in own),
            max(len(result.benchmarks) for result in own),
            sum(bool(result.outdated) for result in own),
        )
        for key, own in sorted(found.items(), reverse=True)
    ]


def failed_scenarios(site: Site) -> list[FailedScenario]:
    """Return what failed within results, the most often first; asv stores no reason."""
    counts: Counter[str] = Counter()
    newest: dict[str, Result] = {}
    for result in sorted(site.archive.results, key=lambda each: each.date):
        cells = (number for number, value in enumerate(result.values) if value == FAILED)
        for name in {site.suite.cells[number].scenario for number in cells}:
            counts[name] += 1
            newest[name] = result
    found = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [FailedScenario(name, count, newest[name]) for name, count in found]


class Disputed(NamedTuple):
    """A metric of a cell that two jobs found to be different, and the job and the figure of each."""

    commit: str
    metric: str
    said: list[tuple[str, str]]


def failures(site: Site) -> list[Failure]:
    """Return the commits that could not be measured, the newest try first."""
    lines = (line for path in sorted(site.archive.folder.glob("*/*.failures")) for line in lines_of(path, Failure))
    return sorted(lines, key=lambda failure: (failure.at, failure.commit), reverse=True)


def disputes(site: Site) -> list[Disputed]:
    """Return what two jobs disagreed in, which a merge kept out, of the benchmarks and cells that the suite has."""
    paths = sorted(site.archive.folder.glob("*/*.disputes"))
    lines = (line for path in paths for line in lines_of(path, Dispute))
    return [disputed(site, each) for each in lines if each.cell < site.suite.size.get(each.benchmark, 0)]


def disputed(site: Site, dispute: Dispute) -> Disputed:
    cell = site.suite.cells[site.suite.first[dispute.benchmark] + dispute.cell]
    said = [(job or "no job", shown(cell, UNAVAILABLE if figure is None else figure)) for job, figure in dispute.said]
    return Disputed(dispute.commit, f"{cell.scenario} {cell.name}, {cell.metric}", said)


def lines_of(path: Path, kind: type[Line]) -> Iterator[Line]:
    """Yield the lines of a file that are of a kind; of another it is said that it is left out."""
    for line in path.read_bytes().splitlines():
        try:
            yield checked(kind, line)
        except Unusable as problem:
            print(f"Left out: {path}: no {kind.model_config['title']}: {problem}", file=sys.stderr)


def waiting(site: Site) -> list[tuple[str, str]] | None:
    """Return the listed commits that have no result, each with why it is listed; None where there is no list."""
    path = site.archive.folder / LISTED
    if not path.is_file():
        return None
    return [(commit, why) for commit, why in listed_in(path) if commit not in site.by_commit]
