"""The order of the measured commits: by git where it is at hand, else by their dates."""

import json
import sys
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from packaging.version import Version
from pydantic import AfterValidator, TypeAdapter

from tools import git
from tools.index import version_of
from tools.site.results import Result


@dataclass(frozen=True)
class Commit:
    """A measured commit. ``base`` is its nearest measured ancestor, ``distance`` how many commits lie between + 1.

    ``branch`` is the one of asv's branches, the stable branch or the tag of a release on whose line of first parents it
    is. ``distance`` is 0 where it is unknown, what is a text empty.
    """

    hash: str
    seconds: int
    subject: str = ""
    release: Annotated[str, AfterValidator(lambda word: word and str(Version(word)))] = ""
    base: str | None = None
    distance: int = 0
    branch: str = ""

    @property
    def label(self) -> str:
        return self.release or self.hash[:10]


REMEMBERED = TypeAdapter(Commit)
"""A line of what is remembered: one commit, so that a change of it changes a line."""


@dataclass(frozen=True)
class Order:
    """The measured commits, each after its base, and by what that is known: git, what git said before, or dates.

    ``branches`` are those that asv.conf.json names.
    """

    commits: Mapping[str, Commit]
    source: Literal["git", "memory", "dates"]
    branches: Sequence[str] = ("main",)

    @property
    def releases(self) -> list[Commit]:
        """The measured releases, oldest first."""
        return sorted((c for c in self.commits.values() if c.release), key=lambda commit: Version(commit.release))

    @property
    def main(self) -> list[Commit]:
        """The commits of asv's branches, and the releases; all commits where there is none of these."""
        found = [each for each in self.commits.values() if each.release or each.branch in self.branches]
        return found or list(self.commits.values())

    @property
    def by_release(self) -> "Order":
        """The releases alone, each with the one before it as its base."""
        bases = [None, *(each.hash for each in self.releases)]
        pairs = zip(self.releases, bases, strict=False)
        return replace(self, commits={each.hash: replace(each, base=base, distance=0) for each, base in pairs})

    def line(self, commit: str | None) -> Iterator[Commit]:
        """Yield a measured commit, and its measured ancestors, the newest first."""
        while commit:
            yield self.commits[commit]
            commit = self.commits[commit].base

    def distance(self, base: str, commit: str) -> int:
        """Return how many commits lead from a measured ancestor to a commit, the last one counted; 0 if unknown."""
        count = 0
        for each in self.line(commit):
            if each.hash == base:
                return count
            if not each.distance:
                break
            count += each.distance
        return 0

    def public(self, commit: Commit) -> bool:
        """Whether it is a commit of the project, not one of a private branch, or of none."""
        return self.source == "dates" or bool(commit.release or commit.branch)


def order_commits(
    results: Sequence[Result],
    repository: Path | None,
    memory: Path,
    branches: Sequence[str] = ("main",),
    keep: bool = True,
) -> Order:
    """Return the history of what was measured: by git and as ``memory`` has it, or by date where neither knows.

    Authors' dates, which results hold, put most commits of Django in the wrong place, so what git says is written to
    ``memory``, beside the results, if it is to be kept. What is known stays so where this git knows less: a mirror
    without tags, a shallow clone.
    """
    dates = {result.commit: result.date // 1000 for result in sorted(results, key=lambda result: result.date)}
    known = in_order({commit.hash: commit for commit in recall(memory) if commit.hash in dates})
    said = asked(repository, dates, branches) if repository else {}
    if said:
        named = {commit.release for commit in said.values()}
        known = in_order(known | {name: completed(commit, known.get(name), named) for name, commit in said.items()})
        if keep:
            memory.write_text("".join(f"{json.dumps(asdict(commit))}\n" for commit in known.values()), encoding="utf-8")
    if known:
        strangers = {name: Commit(name, seconds) for name, seconds in dates.items() if name not in known}
        return Order(strangers | known, "git" if said else "memory", branches)
    bases = zip(dates, [None, *dates], strict=False)
    return Order({name: Commit(name, dates[name], base=base) for name, base in bases}, "dates", branches)


def asked(repository: Path, dates: Iterable[str], branches: Sequence[str]) -> dict[str, Commit]:
    """Return the measured commits that git knows, oldest first."""
    releases = tags(repository)
    tips = heads(repository, branches) | {release: commit for commit, release in releases.items()}
    lines = log(repository, dates, tips.values())
    return by_ancestry(lines, dates, releases, lines_of(lines, tips))


def completed(commit: Commit, before: Commit | None, named: Container[str]) -> Commit:
    """Return a commit with what was known of it and git does not say; no release that git finds elsewhere."""
    if before is None:
        return commit
    if commit.base is None:
        commit = replace(commit, base=before.base, distance=before.distance)
    release = before.release if before.release not in named else ""
    return replace(commit, release=commit.release or release, branch=commit.branch or before.branch)


def in_order(commits: Mapping[str, Commit]) -> dict[str, Commit]:
    """Return commits in their order, but each after its base; without one where that is not known, or in a circle."""
    found: dict[str, Commit] = {}
    for commit in commits.values():
        line = []
        while commit.hash not in found and commit not in line:
            line.append(commit)
            commit = commits.get(commit.base or "", commit)
        for each in reversed(line):
            found[each.hash] = each if each.base in found else replace(each, base=None, distance=0)
    return found


def recall(memory: Path) -> Iterator[Commit]:
    """Yield the commits that were remembered; none where nothing was, and not what would not have been."""
    for line in memory.read_bytes().splitlines() if memory.is_file() else ():
        try:
            yield REMEMBERED.validate_json(line, strict=True)
        except ValueError:
            print(f"Left out: {memory}: no commit: {line.decode(errors='replace')[:60]!r}", file=sys.stderr)


def by_ancestry(
    lines: Iterable[tuple[str, str, int, str]],
    measured: Iterable[str],
    releases: Mapping[str, str],
    branches: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Commit]:
    """Return the measured commits among ``lines``, parents first, each with its nearest measured first-parent."""
    wanted = set(measured)
    nearest: dict[str, tuple[str | None, int]] = {}
    commits: dict[str, Commit] = {}
    for commit, parent, seconds, subject in lines:
        base, distance = nearest.get(parent, (None, 0))
        if commit in wanted:
            names = releases.get(commit, ""), base, distance + 1 if base else 0, branches.get(commit, "")
            commits[commit] = Commit(commit, seconds, subject, *names)
            nearest[commit] = commit, 0
        else:
            nearest[commit] = base, distance + 1
    return commits


def lines_of(lines: Iterable[tuple[str, str, int, str]], tips: Mapping[str, str]) -> dict[str, str]:
    """Return the first of ``tips`` on whose line of first parents each commit is, by hash."""
    parents = {commit: parent for commit, parent, *_ in lines}
    found: dict[str, str] = {}
    for name, tip in tips.items():
        place = tip
        while place in parents and place not in found:
            found[place] = name
            place = parents[place]
    return found


def heads(repository: Path, branches: Sequence[str]) -> dict[str, str]:
    """Return the newest commits of some branches, and of the stable ones, by branch."""
    patterns = [*(f"refs/heads/{branch}" for branch in branches), "refs/heads/stable/"]
    output = said(repository, "for-each-ref", "--format=%(refname:strip=2) %(objectname)", *patterns)
    found = dict(line.split() for line in output.splitlines())
    return {name: found[name] for name in sorted(found, key=lambda name: name not in branches)}


def log(repository: Path, commits: Iterable[str], tips: Iterable[str]) -> list[tuple[str, str, int, str]]:
    """Return hash, first parent, seconds and subject of commits, tips and their first-parent ancestors, oldest first.

    Empty where there is no such repository, or it has none of the commits.
    """
    pretty = "--format=%H%x00%P%x00%ct%x00%s"
    checked = said(repository, "cat-file", "--batch-check=%(objectname) %(objecttype)", lines=commits).splitlines()
    known = [line.split()[0] for line in checked if line.endswith(" commit")]
    if not known:
        return []
    known += tips
    output = said(repository, "log", "--stdin", "--first-parent", "--topo-order", "--reverse", pretty, lines=known)
    # Not splitlines, since a subject may hold any other end of a line.
    rows = (line.split("\0", 3) for line in output.split("\n") if line)
    return [(commit, parents[:40], int(seconds), subject) for commit, parents, seconds, subject in rows]


def tags(repository: Path) -> dict[str, str]:
    """Return the final releases' versions by hash, the newest version of each."""
    output = said(
        repository, "for-each-ref", "--format=%(refname:strip=2)%00%(objectname)%00%(*objectname)", "refs/tags"
    )
    found: dict[str, Version] = {}
    for line in output.splitlines():
        name, hash_, peeled = line.split("\0")
        version = version_of(name)
        if version and not version.is_prerelease:
            commit = peeled or hash_
            found[commit] = max(version, found.get(commit, version))
    return {commit: str(version) for commit, version in found.items()}


def said(repository: Path, *arguments: str, lines: Iterable[str] = ()) -> str:
    """Return what git says of a repository, nothing where it fails."""
    try:
        return git.text(repository, *arguments, stdin="\n".join(lines).encode())
    except git.GitFailed:
        return ""
