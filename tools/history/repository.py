"""The git repository of the commits to measure: one that is named, or a mirror of Django's own."""

from pathlib import Path

import click
from asv import util

from tools import git
from tools.configuration import ROOT
from tools.terminal import Problem, printable

DJANGO = click.option(
    "--django", type=click.Path(path_type=Path), help="A git repository. By default a mirror of Django's own."
)

ANCHOR = "fe0a859f53"
"""The commit that every job measures, Django 6.1: by it, times of different jobs can be told apart."""

BRANCHES = ("refs/heads/main", "refs/heads/stable/*")
REFERENCES = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


class Repository:
    """A git repository, which is only read."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    def find(self, name: str) -> str | None:
        """Return the hash of the commit that a hash, a tag or a branch names, None where there is none."""
        return git.found(self.path, name) or None

    def describe(self, commit: str) -> str:
        """Return a commit's short hash, date and subject."""
        return git.describe(self.path, commit)

    def dates(self) -> dict[str, int]:
        """Return when the commits of all branches and tags were written, by hash, in milliseconds as asv has it."""
        lines = self._git("log", "--branches", "--tags", "--format=%H %at").splitlines()
        return {commit: int(seconds) * 1000 for commit, seconds in map(str.split, lines)}

    def heads(self) -> dict[str, str]:
        """Return the newest commits of main and the stable branches, by branch."""
        lines = self._git("for-each-ref", "--format=%(refname:strip=2) %(objectname)", *BRANCHES).splitlines()
        return dict(line.split() for line in lines)

    def tags(self) -> list[str]:
        return self._git("for-each-ref", "--format=%(refname:strip=2)", "--sort=version:refname", "refs/tags").split()

    def last_before(self, branch: str, date: str) -> str:
        """Return the commit that a branch was at on a day, "" where it was not there yet."""
        until = f"--until={date}T00:00:00Z"
        return self._git("rev-list", "--first-parent", "--max-count=1", until, f"refs/heads/{branch}")

    def since(self, branch: str, date: str) -> dict[str, int]:
        """Return the commits of a branch since a date, and when each was made; none of those that a merge brought."""
        lines = self._git("log", "--first-parent", "--format=%H %ct", f"--since={date}", f"refs/heads/{branch}")
        return {commit: int(seconds) for commit, seconds in map(str.split, lines.splitlines())}

    def between(self, base: str, commit: str) -> list[str]:
        """Return the commits of a branch after one of them and before another, newest first."""
        return self._git("rev-list", "--first-parent", f"{base}..{commit}").split()[1:]

    def _git(self, *arguments: str) -> str:
        return git.text(self.path, *arguments)


def commits_in(listed: str, repository: Repository) -> list[str]:
    """Return the hashes of the commits that a list names, each once. Names that are no commit are said and left out."""
    names = [name for line in listed.splitlines() for name in line.partition("#")[0].split()]
    found = {name: repository.find(name) for name in names}
    missing = [name for name, commit in found.items() if commit is None]
    if missing:
        click.echo(f"not in {repository.path}, left out: {printable(', '.join(missing))}")
    return list(dict.fromkeys(commit for commit in found.values() if commit))


def repository(django: Path | None, files: bool = True) -> Repository:
    """Return the repository ``django``, or else the mirror of the one that asv.conf.json names, brought up to date.

    Who asks for no files may get one of commits alone, which is less to fetch. Raises Problem where there is none and
    none can be had.
    """
    if django is None:
        whole, commits = (ROOT / ".asv" / name for name in ("django.git", "commits.git"))
        url = util.load_json(str(ROOT / "asv.conf.json"), js_comments=True)["repo"]
        if files or whole.exists() or "://" not in url:  # git leaves nothing out of what it has from a path
            return _mirror(url, whole)
        return _mirror(url, commits, "--filter=tree:0")
    if not django.is_dir():
        raise Problem(f"{django} is no folder: DJANGO must name a git repository of Django")
    git.text(django, "rev-parse", "--git-dir")
    return Repository(django)


def _mirror(url: str, path: Path, *without: str) -> Repository:
    mirror = Repository(path)
    git.create(mirror.path)
    before = mirror.heads()
    try:
        git.text(mirror.path, "fetch", "--quiet", "--prune", *without, url, *REFERENCES)
    except click.ClickException as problem:
        if not before:
            raise
        click.echo(f"{problem.message}; going on with the commits at hand", err=True)
    for branch, commit in mirror.heads().items():
        if branch in before and not git.leads(mirror.path, before[branch], commit):
            click.echo(f"{branch} was rewritten: the commits that left it keep their results", err=True)
    return mirror
