"""The package index: which releases of a project it offers, and their source distributions."""

import difflib
import os
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import requests
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version
from pypi_simple import PYPI_SIMPLE_ENDPOINT, DistributionPackage, PyPISimple
from pypi_simple.errors import NoSuchProjectError, UnsupportedRepoVersionError
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from tools.terminal import Problem, console

TIMEOUT = (10.0, 60.0)
"""Seconds to wait for a connection to the index, and for its next byte."""


@dataclass(frozen=True)
class Release:
    """A version of a project, and the source distribution that holds it."""

    version: Version
    package: DistributionPackage

    @property
    def series(self) -> str:
        """The feature series, such as "6.1" for 6.1.3."""
        return f"{self.version.major}.{self.version.minor}"

    def runs_on(self, python: Version) -> bool:
        """Whether the release admits this version of Python."""
        # As pip does: 3.15.0rc1 counts as 3.15.0.
        return SpecifierSet(self.package.requires_python or "").contains(python.base_version)


def available(project: str) -> list[Release]:
    """Return the releases of `project` that the index offers as .tar.gz sdists, in version order.

    Pre-releases and yanked releases are left out. The index is the one of PIP_INDEX_URL, if set.
    Raises Problem if the index cannot be reached or has no such release.
    """
    endpoint = _endpoint()
    with explained(f"cannot list the releases of {project}"), PyPISimple(endpoint) as index:
        packages = index.get_project_page(project, timeout=TIMEOUT).packages
    releases = {r.version: r for p in packages if (r := _final(p))}
    if not releases:
        raise Problem(f"{host(endpoint)} offers no source distribution of {project}: check PIP_INDEX_URL")
    return [releases[version] for version in sorted(releases)]


def choose(
    releases: Sequence[Release], wanted: Sequence[str], python: Version, oldest: Version, default_count: int = 3
) -> list[Release]:
    """Return those of `releases` that the words of `wanted` name, in version order, each once.

    A word is a series ("6.1": its newest patch), an exact version ("6.1.2"; "6.1.0" is the first of
    its series), or "all": the newest patch of every series that `python` runs. Without a word it is
    the newest patch of the last `default_count` series that `python` runs. None is older than `oldest`.
    Raises Problem for a word that names no release, an older one, or one that `python`
    cannot run.
    """
    if older := next((word for word in wanted if (version := version_of(word)) and version < oldest), None):
        raise Problem(f"release {older} is older than {oldest}, the oldest that is measured")
    known = sorted((r for r in releases if r.version >= oldest), key=lambda r: r.version)
    newest = {r.series: r for r in known}
    runnable = [r for r in newest.values() if r.runs_on(python)]
    if not runnable:
        raise Problem(f"no release runs on Python {python}: use another Python")
    if not wanted:
        return runnable[-default_count:]
    named = [_named(word, known, newest, python) for word in wanted if word != "all"]
    chosen = {r.version: r for r in [*named, *(runnable if "all" in wanted else [])]}
    return [chosen[version] for version in sorted(chosen)]


def download(release: Release, sdist: Path, label: str) -> None:
    """Write the source distribution of a release to a file, under a bar. Raises Problem where that fails."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with PyPISimple(_endpoint()) as index, Progress(*columns, console=console(stderr=True)) as progress:
        bar: Any = partial(_bar, progress, label)
        index.download_package(release.package, sdist, progress=bar, timeout=TIMEOUT)


def _endpoint() -> str:
    return os.environ.get("PIP_INDEX_URL") or PYPI_SIMPLE_ENDPOINT


def host(url: str | None) -> str:
    # The whole URL may hold a password.
    return urlsplit(url or "").hostname or "the package index"


def _final(package: DistributionPackage) -> Release | None:
    """Return the release that `package` holds; None unless it is a final .tar.gz sdist."""
    version = version_of(package.version or "")
    is_tarball = package.package_type == "sdist" and package.filename.endswith(".tar.gz")
    if version is None or version.is_prerelease or package.is_yanked or not is_tarball:
        return None
    return Release(version, package)


def _named(word: str, known: Sequence[Release], newest: dict[str, Release], python: Version) -> Release:
    """Return the release that `word` names, a key of `newest` or an exact version.

    Raises Problem if there is none, or if it needs another Python.
    """
    version = version_of(word)
    # "6" equals 6.0, but whoever writes it does not mean the first release of 6.0.
    exact = [r for r in known if r.version == version and version is not None and len(version.release) > 2]
    release = newest.get(word) or next(iter(exact), None)
    if release is None:
        names = dict.fromkeys([*newest, *(str(r.version) for r in known)])
        nearest = ", ".join(difflib.get_close_matches(word, names)) or "none"
        raise Problem(f"unknown release {word}: the nearest are {nearest}, the series {', '.join(newest)}")
    if not release.runs_on(python):
        needs = f"needs Python {release.package.requires_python} and this is {python}"
        raise Problem(f"release {release.version} {needs}: name another release or use another Python")
    return release


def version_of(word: str) -> Version | None:
    """Return the version that a word is, None where it is none."""
    try:
        return Version(word)
    except InvalidVersion:
        return None


@contextmanager
def _bar(progress: Progress, label: str, size: int | None) -> Iterator[Any]:
    """Yield one line of a progress display, as the index client wants it."""
    task = progress.add_task(label, total=size)
    yield SimpleNamespace(update=partial(progress.advance, task))
    progress.stop_task(task)


@contextmanager
def explained(failure: str) -> Iterator[None]:
    """Turn what network, index, archive or disk do wrong into one line: Problem."""
    index = (NoSuchProjectError, UnsupportedRepoVersionError)
    try:
        yield
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError, *index) as error:
        raise Problem(f"{failure}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Say what happened, and what to do if that is not plain."""
    remedy = "check the network or PIP_INDEX_URL, then try again"
    match error:
        case NoSuchProjectError():
            return f"{host(error.url)} answered 404: check PIP_INDEX_URL"
        case requests.HTTPError(response=requests.Response() as answer):
            return f"{host(answer.url)} answered {answer.status_code}: {remedy}"
        case requests.RequestException():
            url = error.request.url if error.request else _endpoint()
            return f"{host(url)} gave no answer ({type(error).__name__}): {remedy}"
        case OSError(strerror=str(strerror)):
            return f"{strerror} ({error.filename})" if error.filename else strerror
        case _:
            return str(error).partition("\n")[0] or type(error).__name__
