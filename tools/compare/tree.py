"""One side of a comparison as a folder: the Django or the asgiref of a release, a revision or a working tree.

It is copied out, an asgiref beside the Django with which its releases are measured.

The user's checkout is read by git and never written: nothing is checked out, stashed or refreshed in it.
"""

import hashlib
import io
import re
import shutil
import tarfile
import tomllib
from collections.abc import Sequence
from configparser import ConfigParser
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tools import git, index, releases
from tools.configuration import PYTHON, ReleaseHistory
from tools.terminal import CannotMeasure

WORKTREE = "worktree"
METADATA = ("pyproject.toml", "setup.cfg")
TRANSLATION = re.compile(r"/locale/(?!(en|de)(/|$))[^/.]+(/|$)")
"""Four of five files, which no benchmark reads: they ask for English and, behind LocaleMiddleware, for German."""


@dataclass(frozen=True)
class Tree:
    """A folder that serves as PYTHONPATH, and what is in it: "6.1.3", or "main (fc0fa72ff4, 2020-03-18)"."""

    path: Path
    label: str

    @property
    def digest(self) -> str:
        """A hash of all files of the packages, as long as none is compiled."""
        digest = hashlib.sha256()
        for file in sorted(path for path in self.path.glob("*/**/*") if path.is_file()):
            digest.update(str(file.relative_to(self.path)).encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()


def tree_of(side: str, checkout: Path | None, folder: Path, project: str = "Django") -> Tree:
    """Copy what ``side`` names to ``folder`` and return it.

    It is "worktree", a revision of ``checkout``, or else a release of ``project``. Raises CannotMeasure where it is
    nothing of them, or needs another Python or asgiref than runs here.
    """
    folder.mkdir()
    history = ReleaseHistory(project)
    names = [history.package, *METADATA]
    if checkout is None:
        label = _release(history, side, folder, names)
    elif side == WORKTREE:
        label = _working_tree(checkout, folder, names)
    elif _commit(checkout, side) or not re.fullmatch(r"\d+\.\d+(\.\d+)?", side):
        label = _revision(checkout, side, folder, names)
    else:
        label = _release(history, side, folder, names)
    if not (folder / history.package / "__init__.py").is_file():
        raise CannotMeasure(f"{side} holds no {history.package}/__init__.py: name a checkout of {project}")
    _check_requirements(folder, label)
    if history.project != "Django":
        _release(ReleaseHistory("Django"), history.pinned("Django"), folder, ["django"])
    return Tree(folder, label)


def commits(checkout: Path, good: str, bad: str) -> list[str]:
    """Return the hashes from ``good`` to ``bad``, with both, oldest first. Raises CannotMeasure if none lead there.

    Where ``good`` lies on a branch of its own, as a release does, the first is the last commit that both share.
    """
    first, last = (existing(checkout, revision) for revision in (good, bad))
    first = _merge_base(checkout, first, last) or first
    path = _git(checkout, "rev-list", "--reverse", "--topo-order", "--ancestry-path", f"{first}..{last}").split()
    if not path:
        raise CannotMeasure(f"{good} is no ancestor of {bad}")
    return [first, *path]


def _merge_base(checkout: Path, *commits: str) -> str:
    """Return the newest commit that all of these come from, or "" if there is none."""
    try:
        return git.text(checkout, "merge-base", *commits)
    except git.GitFailed:
        return ""  # so git says that there is none


def _release(history: ReleaseHistory, side: str, folder: Path, names: Sequence[str]) -> str:
    if side == WORKTREE or not side or not side[0].isdigit():
        remedy = f"name a checkout of {history.project} by DJANGO=path"
        raise CannotMeasure(f"{side or 'an empty name'} is no release: {remedy}")
    known = releases.at_hand(history.repository)
    version = side if side in known else releases.newest_by_series(known).get(side)
    if version is None:
        chosen = index.choose(index.available(history.project), [side], PYTHON, history.oldest)
        known = releases.update(history.repository, history.project, chosen)
        version = str(chosen[0].version)
    _extract(history.repository, known[version], folder, names)
    return version


def _revision(checkout: Path, side: str, folder: Path, names: Sequence[str]) -> str:
    commit = existing(checkout, side)
    _extract(checkout, commit, folder, names)
    date = _git(checkout, "log", "-1", "--format=%cs", commit).strip()
    short = commit[:10]
    return f"{short} ({date})" if commit.startswith(side) else f"{side} ({short}, {date})"


def _working_tree(checkout: Path, folder: Path, names: Sequence[str]) -> str:
    """Copy the files that git knows or would add, as they are now."""
    top = Path(_git(checkout, "rev-parse", "--show-toplevel").strip())
    listed = _git(top, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *names)
    for name in filter(None, listed.split("\0")):
        if (top / name).is_file() and not TRANSLATION.search(name):  # a file may be deleted and not yet staged
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(top / name, folder / name)
    return f"working tree of {top}"


def _extract(repository: Path, commit: str, folder: Path, names: Sequence[str]) -> None:
    present = _git(repository, "ls-tree", "--name-only", commit, *names).split()
    archive = _run(repository, "archive", "--format=tar", commit, *present) if present else b""
    if archive:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder, [member for member in tar if not TRANSLATION.search(member.name)], filter="data")


def existing(checkout: Path, revision: str) -> str:
    """Return the hash of a revision. Raises CannotMeasure where there is none."""
    if commit := _commit(checkout, revision):
        return commit
    raise CannotMeasure(f"{checkout} has no revision {revision}: git log --all shows what there is")


def _commit(checkout: Path, revision: str) -> str:
    """Return the hash of a revision, or "" if there is none. Raises CannotMeasure where there is no repository."""
    if not checkout.is_dir():
        raise CannotMeasure(f"{checkout} is no folder: DJANGO must name a git checkout")
    _git(checkout, "rev-parse", "--git-dir")
    return git.found(checkout, revision)


def _git(repository: Path, *arguments: str) -> str:
    return _run(repository, *arguments).decode(errors="replace")


def _run(repository: Path, *arguments: str) -> bytes:
    """Return what git prints. Raises CannotMeasure with git's own reason where it fails."""
    try:
        return git.output(repository, *arguments)
    except git.GitFailed as problem:
        raise CannotMeasure(f"{repository}: {problem.reason}") from problem


def _check_requirements(folder: Path, label: str) -> None:
    python, requirements = _requirements(folder)
    if not SpecifierSet(python).contains(PYTHON.base_version):
        raise CannotMeasure(f"{label} needs Python {python}, this is {PYTHON}: make clean, then name one by PYTHON=")
    for requirement in map(Requirement, requirements):
        if requirement.name == "asgiref" and not requirement.specifier.contains(metadata.version("asgiref")):
            raise CannotMeasure(f"{label} needs {requirement}; asv.conf.json pins {metadata.version('asgiref')}")


def _requirements(folder: Path) -> tuple[str, Sequence[str]]:
    """Return the versions of Python and the packages that a tree asks for."""
    pyproject, setup = (folder / name for name in METADATA)
    project = tomllib.loads(pyproject.read_text()).get("project", {}) if pyproject.is_file() else {}
    if project:
        return project.get("requires-python", ""), project.get("dependencies", [])
    parser = ConfigParser()
    parser.read(setup)
    options = parser["options"] if parser.has_section("options") else {}
    return options.get("python_requires", ""), options.get("install_requires", "").split("\n")[1:]
