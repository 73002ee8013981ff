"""The status page: what was measured when, what failed and why, what waits, by which versions of the suite."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tools.results import LISTED, Failure, Unusable, checked, listed_in
from tools.site.charts import day
from tools.site.grouping import groups
from tools.site.results import FAILED, Result
from tools.site.site import Site


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


def failures(site: Site) -> list[Failure]:
    """Return the commits that could not be measured, the newest try first; a line of none is said, and left out."""
    lines = (line for path in sorted(site.archive.folder.glob("*/*.failures")) for line in lines_of(path))
    return sorted(lines, key=lambda failure: (failure.at, failure.commit), reverse=True)


def lines_of(path: Path) -> Iterator[Failure]:
    for line in path.read_bytes().splitlines():
        try:
            yield checked(Failure, line)
        except Unusable as problem:
            print(f"Left out: {path}: no failure: {problem}", file=sys.stderr)


def waiting(site: Site) -> list[tuple[str, str]] | None:
    """Return the listed commits that have no result, each with why it is listed; None where there is no list."""
    path = site.archive.folder / LISTED
    if not path.is_file():
        return None
    return [(commit, why) for commit, why in listed_in(path) if commit not in site.by_commit]
