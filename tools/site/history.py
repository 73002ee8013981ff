"""The order of the measured commits: by git where it is at hand, else by their dates."""

import json
import sys
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from packaging.version import InvalidVersion, Version

from tools import git
from tools.site.results import Result


@dataclass(frozen=True)
class Commit:
    """A measured commit. ``base`` is its nearest measured ancestor, ``distance`` how many commits lie between + 1.

    ``distance`` is 0 where it is unknown, ``subject`` empty where git is not at hand.
    """

    hash: str
    seconds: int
    subject: str = ""
    release: str = ""
    base: str | None = None
    distance: int = 0

    @property
    def label(self) -> str:
        return self.release or self.hash[:10]


@dataclass(frozen=True)
class History:
    """The measured commits, each after its base, and by what that is known: git, what git said before, or dates."""

    commits: Mapping[str, Commit]
    source: Literal["git", "memory", "dates"]

    @property
    def releases(self) -> list[Commit]:
        """The measured releases, oldest first."""
        return sorted((c for c in self.commits.values() if c.release), key=lambda commit: Version(commit.release))


def of(results: Sequence[Result], repository: Path | None, memory: Path) -> History:
    """Return the history of what was measured: by git, or as ``memory`` has it, or by date.

    Authors' dates, which results hold, put most commits of Django in the wrong place, so what git says is written to
    ``memory``, beside the results.
    """
    dates = {result.commit: result.date // 1000 for result in sorted(results, key=lambda result: result.date)}
    lines = log(repository, dates) if repository else []
    if repository and lines:
        known = by_ancestry(lines, dates, tags(repository))
        remember(known.values(), memory)
        return History(strangers(dates, known) | known, "git")
    known = {commit.hash: commit for commit in recall(memory) if commit.hash in dates}
    if known:
        return History(strangers(dates, known) | known, "memory")
    return History(by_date(dates), "dates")


def strangers(dates: Mapping[str, int], known: Container[str]) -> dict[str, Commit]:
    """Return the commits that are not known, compared with none."""
    return {commit: Commit(commit, seconds) for commit, seconds in dates.items() if commit not in known}


def remember(commits: Iterable[Commit], memory: Path) -> None:
    """Write commits, one a line, so that a change of one changes a line."""
    memory.write_text("".join(f"{json.dumps(asdict(commit))}\n" for commit in commits), encoding="utf-8")


def recall(memory: Path) -> Iterator[Commit]:
    """Yield the commits that ``remember`` wrote; none where nothing was, and not what it would not have written."""
    if not memory.is_file():
        return
    for line in memory.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            yield checked(**json.loads(line))
        except (ValueError, TypeError):
            print(f"Left out: {memory}: no commit: {line[:60]!r}", file=sys.stderr)


def checked(hash: str, seconds: int, subject: str, release: str, base: str | None, distance: int) -> Commit:
    """Return a commit. Raises TypeError or ValueError where a field is none of a commit's."""
    words = (hash, subject, release, base or "")
    if not all(isinstance(word, str) for word in words) or not isinstance(seconds + distance, int):
        raise TypeError("a field of a wrong type")
    return Commit(hash, seconds, subject, str(Version(release)) if release else "", base, distance)


def by_date(dates: Mapping[str, int]) -> dict[str, Commit]:
    """Return commits in the order of their dates, each compared with the one before."""
    commits: dict[str, Commit] = {}
    base = None
    for commit, seconds in dates.items():
        commits[commit] = Commit(commit, seconds, base=base)
        base = commit
    return commits


def by_ancestry(
    lines: Iterable[tuple[str, str, int, str]], measured: Iterable[str], releases: Mapping[str, str]
) -> dict[str, Commit]:
    """Return the measured commits among ``lines``, parents first, each with its nearest measured first-parent."""
    wanted = set(measured)
    nearest: dict[str, tuple[str | None, int]] = {}
    commits: dict[str, Commit] = {}
    for commit, parent, seconds, subject in lines:
        base, distance = nearest.get(parent, (None, 0))
        if commit in wanted:
            commits[commit] = Commit(
                commit, seconds, subject, releases.get(commit, ""), base, distance + 1 if base else 0
            )
            nearest[commit] = commit, 0
        else:
            nearest[commit] = base, distance + 1
    return commits


def log(repository: Path, commits: Iterable[str]) -> list[tuple[str, str, int, str]]:
    """Return hash, first parent, seconds and subject of the commits and their first-parent ancestors, oldest first.

    Empty where there is no such repository, or it has none of them.
    """
    pretty = "--format=%H%x00%P%x00%ct%x00%s"
    checked = said(repository, "cat-file", "--batch-check=%(objectname) %(objecttype)", lines=commits).splitlines()
    known = [line.split()[0] for line in checked if line.endswith(" commit")]
    if not known:
        return []
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


def version_of(tag: str) -> Version | None:
    try:
        return Version(tag)
    except InvalidVersion:
        return None


def said(repository: Path, *arguments: str, lines: Iterable[str] = ()) -> str:
    """Return what git says of a repository, nothing where it fails."""
    try:
        return git.text(repository, *arguments, stdin="\n".join(lines).encode())
    except git.GitFailed:
        return ""
