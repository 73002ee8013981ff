"""``make history``: docs/history.md, by templates/history.md from results: no figure on it is typed by hand."""

import math
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import click
from packaging.version import Version

from harness.callgrind import FINEST
from tools.configuration import ROOT
from tools.results import LISTED, listed_in
from tools.site import async_or_not
from tools.site.changes import Change
from tools.site.documents import FOLDER
from tools.site.grouping import groups
from tools.site.log import Entry, of_commits, percent, size
from tools.site.order import Commit
from tools.site.overview import CELLS
from tools.site.plugin import site_in
from tools.site.results import FAILED, Result
from tools.site.site import Site, shown
from tools.site.templating import environment
from tools.terminal import Problem

PAGE = FOLDER / "history.md"
SUBJECT = re.compile(r"\b(\w{10}) \d{4}-\d\d-\d\d (.*)")
STEPPING = (("WSGI", "sync"), ("ASGI", "sync"), ("ASGI", "async"))
STEPS = ("handlers.Hello", "middleware.StartProject")
Cell = tuple[str, str]
OTHERS = ("track_hops", "track_threads", "track_event_loops", "track_tasks")
MOST = 3
"""Scenarios that are told of a commit which changes other parts alone."""


class HistoryRow(NamedTuple):
    """What a commit changed of a scenario, or one of ``distance`` commits: a text for each of ``STEPPING``."""

    commit: Commit
    base: Commit
    distance: int
    cells: Sequence[str]
    others: str


class Told:
    """What the template asks of a site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        order = list(site.order.commits)
        self.entries = sorted(of_commits(site), key=lambda entry: order.index(entry.commit.hash))

    def releases(self, scenario: str, *methods: str) -> Iterator[tuple[str, list[str]]]:
        """Yield each release, and for each metric what the four cells of a scenario have."""
        for commit in self.site.order.releases:
            result = self.result(commit.release)
            yield commit.release, [self.cells(result, f"{scenario}.{method}") for method in methods]

    def pythons(self, *benchmarks: str) -> Iterator[tuple[str, str, list[str]]]:
        """Yield what the four cells of some benchmarks have of each release that has results of several Pythons.

        Each is a release, a Python, and a text for each benchmark.
        """
        for commit in self.site.order.releases:
            found = {each.versions["Python"]: each for each in self.site.by_commit.get(commit.hash, ())}
            for python in sorted(found, key=Version) if len(found) > 1 else ():
                result = self.site.best(commit.hash, found[python]) or found[python]
                yield commit.release, python, [self.cells(result, benchmark) for benchmark in benchmarks]

    def cells(self, result: Result, benchmark: str) -> str:
        """Return what the four cells of a benchmark have in a result."""
        numbers = [self.number(benchmark, *cell) for cell in CELLS]
        return " · ".join(shown(self.site.suite.cells[number], result.values[number]) for number in numbers)

    def figure(self, release: str, benchmark: str, *variant: object) -> str:
        """Return a figure of a release. Raises Problem where there is no such cell or release."""
        number = self.number(benchmark, *variant)
        return shown(self.site.suite.cells[number], self.value(release, number))

    def ratio(self, release: str, base: str, benchmark: str, cell: Cell, other: Cell | None = None) -> float:
        """Return what a cell of a release has of a metric as a multiple of what it, or another one, has in another."""
        own, its = self.number(benchmark, *cell), self.number(benchmark, *(other or cell))
        return self.value(release, own) / self.value(base, its)

    def value(self, release: str, number: int) -> float:
        return self.result(release).values[number]

    def result(self, release: str) -> Result:
        """Return the fullest result of a release. Raises Problem where there is none."""
        found = [each for each in self.site.order.releases if each.release == release]
        result = self.site.best(found[0].hash, None) if found else None
        if result is None:
            raise Problem(f"docs/history.md tells of Django {release}, of which there is no result: measure it")
        return result

    def number(self, benchmark: str, *variant: object) -> int:
        number = self.site.suite.find(benchmark, *variant)
        if number is None:
            raise Problem(f"docs/history.md tells of {benchmark} {variant}, which the results do not have: measure it")
        return number

    def steps(self, scenario: str) -> Iterator[HistoryRow]:
        """Yield what changed the calls, the cost or the waits of a scenario, the oldest first."""
        for entry in self.entries:
            cells = [self.cell(entry, scenario, cell) for cell in STEPPING]
            others = self.others(entry, scenario)
            if others or any(cells):
                yield HistoryRow(entry.commit, entry.base, entry.distance, [each or "=" for each in cells], others)

    def cell(self, entry: Entry, scenario: str, cell: tuple[str, str]) -> str:
        """Return "+34% (271 → 334)": by how much the instructions changed, and the Python calls; empty if neither."""
        cost, calls = (
            self.change(entry, f"{scenario}.{method}", *cell) for method in ("track_instructions", "track_python_calls")
        )
        words = [percent(cost.relative)] if cost and math.isfinite(cost.relative) else []
        return " ".join([*words, *([f"({self.moved(calls)})"] if calls else [])])

    def others(self, entry: Entry, scenario: str) -> str:
        """Return the other counts of a scenario that a commit changed: "hops 2 → 3 (ASGI sync)"."""
        found = [
            (self.site.suite.cells[change.cell].metric, self.moved(change), " ".join(cell))
            for method in OTHERS
            for cell in CELLS
            if (change := self.change(entry, f"{scenario}.{method}", *cell)) and math.isfinite(change.before)
        ]
        alike = groups(found, lambda each: each[:2]).items()
        return "; ".join(f"{metric} {moved} ({', '.join(each[2] for each in own)})" for (metric, moved), own in alike)

    def change(self, entry: Entry, benchmark: str, *variant: object) -> Change | None:
        number = self.site.suite.find(benchmark, *variant)
        return next((each for each in entry.changes if each.cell == number), None)

    def moved(self, change: Change) -> str:
        cell = self.site.suite.cells[change.cell]
        return f"{shown(cell, change.before)} → {shown(cell, change.after)}"

    def step(self, commit: str, scenario: str, method: str, *cell: str) -> str:
        """Return what one commit did to a figure: "116 → 189", or "+34%" of its instructions.

        Raises Problem where the results do not say it of that commit alone.
        """
        alone = (each for each in self.entries if each.commit.hash.startswith(commit) and each.distance == 1)
        for change in (self.change(entry, f"{scenario}.{method}", *cell) for entry in alone):
            if change:
                exact = self.site.suite.cells[change.cell].exact
                return self.moved(change) if exact else percent(change.relative)
        raise Problem(f"docs/history.md tells what {commit} did to {scenario}.{method} {cell}: no result says so")

    def same(self, commit: str, scenario: str, *cell: str) -> str:
        """Return "nothing", which one commit did to the cost and the calls of a cell.

        Raises Problem where it was not measured beside its parent, or did something.
        """
        alone = (each for each in self.entries if each.commit.hash.startswith(commit))
        if not self.compared(commit) or any(self.cell(entry, scenario, (cell[0], cell[1])) for entry in alone):
            raise Problem(f"docs/history.md tells that {commit} did nothing to {scenario} {cell}: no result says so")
        return "nothing"

    def elsewhere(self) -> Iterator[tuple[Commit, str, str, str, str]]:
        """Yield commit, scenario, cell, metric and change of the listed commits which change neither of ``STEPS``."""
        seen = {step.commit.hash for scenario in STEPS for step in self.steps(scenario)}
        for entry in self.entries:
            if entry.distance == 1 and entry.commit.hash not in seen and entry.commit.hash[:10] in self.listed[0]:
                yield from self.largest(entry)

    def largest(self, entry: Entry) -> Iterator[tuple[Commit, str, str, str, str]]:
        """Yield the change of the calls, or else the bytecodes, of the scenarios that a commit changes most."""
        for method in ("track_python_calls", "track_bytecodes"):
            own = [each for each in entry.changes if self.site.suite.cells[each.cell].method == method]
            if own:
                scenarios = groups(own, lambda each: self.site.suite.cells[each.cell].scenario)
                most = [max(each, key=lambda change: abs(change.relative)) for each in scenarios.values()]
                for change in sorted(most, key=lambda change: -abs(change.relative))[:MOST]:
                    cell = self.site.suite.cells[change.cell]
                    yield entry.commit, cell.scenario, cell.name, cell.metric, self.moved(change)
                return

    @cached_property
    def listed(self) -> list[dict[str, str]]:
        """The commits that commits.txt names, and those that were found by what they changed, with their subjects."""
        lines = [found for _, why in listed_in(self.site.archive.folder / LISTED) for found in SUBJECT.findall(why)]
        return [{commit: why for commit, why in lines if ("found by" in why) is found} for found in (False, True)]

    def found(self, listed: Sequence[str]) -> str:
        """Return how many of some commits Changes tells of: "22 of the 40"."""
        return f"{sum(map(self.shows, listed))} of the {len(listed)}"

    def quiet(self) -> Iterator[tuple[str, str]]:
        """Yield the commits of both lists that Changes does not tell of, with their subjects."""
        for listed in self.listed:
            yield from ((commit, why) for commit, why in listed.items() if not self.shows(commit))

    def compared(self, commit: str) -> bool:
        """Whether a commit was measured, and its parent."""
        return any(each.hash.startswith(commit) and each.distance == 1 for each in self.site.order.commits.values())

    def shows(self, commit: str) -> bool:
        """Whether Changes tells of a commit alone."""
        return any(entry.commit.hash.startswith(commit) and entry.distance == 1 for entry in self.entries)

    def missing(self, release: str) -> int:
        """Return how many figures of a release were refused."""
        return sum(self.value(release, number) == FAILED for number in range(len(self.site.suite.cells)))


def render(site: Site) -> str:
    """Return the page. Raises Problem where the results do not hold what it tells."""
    jinja = environment(site=site, told=Told(site), finest=size(FINEST))
    jinja.autoescape = False
    jinja.filters["zip"] = zip
    return jinja.get_template("history.md").render()


@click.command("history")
@click.option("--results", default="results", show_default=True, type=click.Path(path_type=Path))
@click.option("--django", type=click.Path(path_type=Path), help="A git repository. By default what results/ remembers.")
def command(results: Path, django: Path | None) -> None:
    """Write docs/history.md and docs/async-or-not.md anew, from the results."""
    site = site_in(results, django)
    for page, text in {PAGE: render(site), async_or_not.PAGE: async_or_not.render(site.served)}.items():
        page.write_text(text, encoding="utf-8")
        click.echo(f"{page.relative_to(ROOT)} is written")
