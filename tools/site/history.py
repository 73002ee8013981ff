"""The order of the measured commits: by git where it is at hand, else by their dates."""

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

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
    """The measured commits, each after its base."""

    commits: Mapping[str, Commit]
    from_git: bool

    @property
    def releases(self) -> list[Commit]:
        """The measured releases, oldest first."""
        return sorted((c for c in self.commits.values() if c.release), key=lambda commit: Version(commit.release))


def of(results: Sequence[Result], repository: Path | None) -> History:
    """Return the history of what was measured; by git in ``repository`` if there is one that knows of these commits."""
    dates = {result.commit: result.date // 1000 for result in sorted(results, key=lambda result: result.date)}
    lines = log(repository, dates) if repository else []
    if repository is None or not lines:
        return History(by_date(dates), from_git=False)
    known = {commit for commit, *_ in lines}
    strangers = by_date({commit: date for commit, date in dates.items() if commit not in known}, alone=True)
    return History(strangers | by_ancestry(lines, dates, tags(repository)), from_git=True)


def by_date(dates: Mapping[str, int], alone: bool = False) -> dict[str, Commit]:
    """Return commits in the order of their dates, each compared with the one before, or with none."""
    commits: dict[str, Commit] = {}
    base = None
    for commit, seconds in dates.items():
        commits[commit] = Commit(commit, seconds, base=None if alone else base)
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
    checked = git(repository, "cat-file", "--batch-check=%(objectname) %(objecttype)", lines=commits).splitlines()
    known = [line.split()[0] for line in checked if line.endswith(" commit")]
    if not known:
        return []
    output = git(repository, "log", "--stdin", "--first-parent", "--topo-order", "--reverse", pretty, lines=known)
    rows = (line.split("\0", 3) for line in output.splitlines() if line)
    return [(commit, parents[:40], int(seconds), subject) for commit, parents, seconds, subject in rows]


def tags(repository: Path) -> dict[str, str]:
    """Return the final releases' versions by hash, the newest version of each."""
    output = git(
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


def git(repository: Path, *arguments: str, lines: Iterable[str] = ()) -> str:
    """Return what git says of a repository, nothing where it fails."""
    command = ["git", "-C", str(repository), *arguments]
    done = subprocess.run(
        command, input="\n".join(lines), capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    return done.stdout if done.returncode == 0 else ""
