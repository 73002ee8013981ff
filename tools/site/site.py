"""All that the pages show, put together once: figures, changes, links."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode

from asv.util import human_value
from packaging.version import Version

from tools.results import TIME, VerdictWord
from tools.site.changes import Change, changes_of
from tools.site.charts import Timeline
from tools.site.grouping import groups
from tools.site.order import Commit, Order
from tools.site.results import FAILED, UNAVAILABLE, Archive, Result
from tools.site.runs import ServedRun
from tools.site.suite import MetricCell, Suite


class ShownFigure(NamedTuple):
    """A figure in a table: its text, its change since the previous release and what that means, and asv's graph."""

    text: str
    graph: str = ""
    change: str = ""
    significant: bool = False
    ratio: str = ""
    word: VerdictWord | None = None


@dataclass
class Site:
    """What is published. ``graphs`` says whether asv's own graphs are beside it."""

    project: str
    commit_url: str
    benchmarks: Path
    archive: Archive
    order: Order
    graphs: bool
    served: Sequence[ServedRun] = ()
    linked: set[Path] = field(default_factory=set)

    @property
    def title(self) -> str:
        what = "What a Django request costs"
        return what if self.project == "Django" else f"{what}, over the history of {self.project}"

    @property
    def suite(self) -> Suite:
        return self.archive.suite

    @cached_property
    def changes(self) -> list[Change]:
        """What changed along the commits, each compared with what was known of its ancestors."""
        return changes_of(self.suite, self.archive.results, self.order)

    @cached_property
    def release_changes(self) -> list[Change]:
        """What changed from release to release."""
        return changes_of(self.suite, self.archive.results, self.order.by_release)

    @cached_property
    def newest(self) -> Result | None:
        """The result that the site opens with: of the newest commit of main, or of the newest release if that is later.

        One with times, if there is any: of most commits only counts may have been measured.
        """
        latest = last([commit for commit in self.order.main if self.timed(commit)] or self.order.main)
        return self.best(latest.hash, None) if latest else None

    def timed(self, commit: Commit) -> bool:
        """Whether a request's time is known of it, beside the anchor or by itself."""
        cells = [self.suite.find(f"handlers.Hello.{method}", "WSGI", "sync") for method in (TIME, "time_request")]
        return any(
            math.isfinite(each.values[cell])
            for each in self.by_commit[commit.hash]
            for cell in cells
            if cell is not None
        )

    @cached_property
    def previous(self) -> Result | None:
        """What the newest is compared with: the release before it, or the result before it where none is known."""
        if self.newest is None:
            return None
        newest = self.commit(self.newest)
        older = [
            each
            for each in self.order.releases
            if not newest.release or Version(each.release) < Version(newest.release)
        ]
        if older:
            return self.best(older[-1].hash, self.newest)
        return self.best(newest.base, self.newest) if newest.base else None

    def best(self, commit: str, like: Result | None) -> Result | None:
        """Return the fullest result of a commit: of the environment of ``like``, and of its machine if there is one."""
        found = [
            each for each in self.by_commit.get(commit, ()) if like is None or each.environment == like.environment
        ]
        same = [each for each in found if like and each.machine == like.machine] or found
        return max(same, key=lambda each: sum(not math.isnan(value) for value in each.values), default=None)

    @cached_property
    def by_commit(self) -> dict[str, list[Result]]:
        return groups(self.archive.results, lambda result: result.commit)

    @cached_property
    def timelines(self) -> list[Timeline]:
        """The newest result's machine and environment over releases, and over the commits up to the newest."""
        tip = max(self.order.main, key=lambda each: (not each.release, each.seconds), default=None)
        line = list(self.order.line(tip.hash if tip else None))
        main = [commit for commit in reversed(line) if not commit.release]
        found = [Timeline("releases", self.of(self.order.releases)), Timeline("commits", self.of(main))]
        return [timeline for timeline in found if timeline]

    def of(self, commits: Iterable[Commit]) -> list[tuple[Commit, Result]]:
        results = ((commit, self.best(commit.hash, self.newest)) for commit in commits)
        return [(commit, result) for commit, result in results if result]

    def commit(self, result: Result) -> Commit:
        return self.order.commits[result.commit]

    def apart(self, commit: Commit) -> bool:
        """Whether a commit is a release that is on none of asv's branches, or whose base is a release too."""
        base = self.order.commits.get(commit.base or "")
        alone = commit.branch not in self.order.branches or base is None or base.release
        return bool(commit.release and alone)

    def setting(self, result: Result) -> str:
        """Return the versions by which a result's environment differs from others that are shown."""
        own = ((name, version) for name, version in result.versions.items() if (name, version) not in self.everywhere)
        return ", ".join(map(" ".join, own))

    @cached_property
    def everywhere(self) -> set[tuple[str, str]]:
        versions = [set(result.versions.items()) for result in self.archive.results]
        return set.intersection(*versions) if versions else set()

    @cached_property
    def anchor(self) -> str:
        """The release beside which the times are told; empty where they are told by themselves."""
        cell = self.suite.find(f"handlers.Hello.{TIME}", "WSGI", "sync")
        if self.newest is None or cell is None or not math.isfinite(self.newest.values[cell]):
            return ""
        return self.anchor_of(self.newest)

    def anchor_of(self, result: Result) -> str:
        return f"{self.project} {result.versions.get(self.project, 'of an unknown version')}"

    # Links, relative to the site's root.

    def graph(self, cell: MetricCell, commit: str = "") -> str:
        """Return where asv shows a cell's graph."""
        names = self.suite.param_names(cell.benchmark)
        chosen = {f"p-{name}": value for name, value in zip(names, cell.params, strict=True)}
        query = urlencode(chosen | ({"commits": commit} if commit else {}), quote_via=quote)
        return f"graphs.html#{quote(cell.benchmark)}" + (f"?{query}" if query else "")

    def commit_link(self, commit: Commit) -> str:
        """Return where a commit is shown, empty where it is nowhere."""
        shown = self.order.public(commit) and re.match(r"https?://", self.commit_url)
        return self.commit_url + commit.hash if shown else ""

    def comparison_link(self, base: Commit, commit: Commit) -> str:
        """Return where the commits after one up to another are shown, empty where they are nowhere."""
        host, kind, rest = self.commit_url.rpartition("/commit/")
        shown = self.commit_link(base) and self.commit_link(commit) and kind and not rest
        return f"{host}/compare/{base.hash}...{commit.hash}" if shown else ""

    def json(self, result: Result) -> str:
        """Return where a result's file is, and have it copied there."""
        self.linked.add(result.path)
        return f"results/{quote(result.path.parent.name)}/{quote(result.path.name)}"

    def scenario(self, name: str) -> str:
        return f"scenarios/{name}.html"


def last(commits: Sequence[Commit]) -> Commit | None:
    """Return the newest of some commits: releases by version, the newest of these and the others by time."""
    others = [each for each in commits if not each.release]
    releases = sorted((each for each in commits if each.release), key=lambda each: Version(each.release))
    return max(releases[-1:] + others, key=lambda each: each.seconds, default=None)


def shown(cell: MetricCell, value: float | None) -> str:
    """Return a figure as a person reads it."""
    if value is None or math.isnan(value):
        return "not measured"
    if value in (UNAVAILABLE, FAILED):
        return "n/a" if value == UNAVAILABLE else "failed"
    if cell.unit in ("seconds", "bytes"):
        text: str = human_value(value, cell.unit)
        return text
    if cell.kind == "cost":
        return f"{value / 1000:,.0f}k"  # the layout of memory moves what is below
    return f"{value:g}" if cell.exact else f"{value:.3g}"
