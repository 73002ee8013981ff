"""Build a local git history of a project's releases from their source distributions.

The history is a bare git repository that asv measures as it measures any other:

- A release is a *root* commit of the tree of its sdist. Results are stored by hash, so the hash may
  depend on nothing but the release: its tree, its name and version, and the time of its upload. The
  same release then has the same hash on every machine, and an older release that is added later
  changes no hash.
- Since the commits have no parents, their version order is laid over them with git's replacement
  objects, as `git replace --graft` does. git honours them in `log`, `rev-list --first-parent` and
  ranges, without a change of any hash. A clone does not take them over, but asv needs only a
  checkout by hash there.
- A replacement's committer date is later than that of the release below it. 6.0.10 was uploaded 23
  seconds after 6.1.3, and by their own dates `git name-rev`, hence asv, would call it "6.1.3~1".
- A tag names each release; it is written last, so a release that has a tag is complete. `main` is
  the newest.

git reads the content of each sdist from a stream (`git fast-import`). Nothing is extracted and no
working tree exists, so no attribute, ignore file, hook or setting of the user can change a byte.
"""

import posixpath
import shutil
import tarfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from itertools import pairwise
from pathlib import Path
from typing import IO

from packaging.version import Version

from harness.kept import temporary_folder
from tools import git
from tools.files import alone
from tools.index import Release, download, explained, host
from tools.terminal import Problem

IDENTITY = "release history <releases@localhost>"
"""Author and committer of each commit; a change of it changes every hash."""


def update(repository: Path, project: str, releases: Sequence[Release]) -> dict[str, str]:
    """Add those of `releases` that `repository` lacks; return version -> commit hash of `releases`.

    `repository` is made if need be. `project` is part of each commit's message, hence of its hash.
    A second run waits for the first. A run that is interrupted keeps what it has finished, and the
    next one goes on from there.
    Raises Problem if a download, its digest, its content, git or the disk fails.
    """
    lock = repository.with_name(f"{repository.name}.lock")
    with explained(f"cannot update {repository}"), alone(lock, repository):
        _sweep(repository)
        _create(repository)
        try:
            _add(repository, project, releases)
        finally:
            # First, since what a failed git leaves may be what fills the disk.
            _sweep(repository)
            _link(repository)
    hashes = at_hand(repository)
    return {version: hashes[version] for version in (str(r.version) for r in releases)}


def at_hand(repository: Path) -> dict[str, str]:
    """Return version -> commit hash of the releases in `repository`, in version order.

    It needs no network, so a caller without one can go on with what is here. Empty if there is no
    repository. Raises Problem if git cannot read it.
    """
    if not (repository / "HEAD").exists():
        return {}
    form = "--format=%(refname:strip=2) %(objectname)"
    lines = _git(repository, "for-each-ref", form, "refs/tags").splitlines()
    hashes = dict(line.split() for line in lines)
    return {version: hashes[version] for version in sorted(hashes, key=Version)}


def newest_by_series(versions: Iterable[str]) -> dict[str, str]:
    """Return series -> its newest version of some versions in order."""
    return {".".join(version.split(".")[:2]): version for version in versions}


def _add(repository: Path, project: str, releases: Sequence[Release]) -> None:
    present = at_hand(repository)
    for release in (r for r in releases if str(r.version) not in present):
        label = f"{project} {release.version}"
        with explained(f"cannot add {label}"), _scratch(repository) as folder:
            sdist = Path(folder, "sdist.tar.gz")
            download(release, sdist, label)
            _import(repository, _commit(project, release, sdist))


def _commit(project: str, release: Release, sdist: Path) -> Generator[bytes, None, None]:
    """Yield a stream for git: the tree of `sdist` as a root commit that a tag names."""
    uploaded = release.package.upload_time
    if uploaded is None:
        said = f"{host(release.package.url)} does not say when {release.package.filename} was uploaded"
        raise Problem(f"{said}: set PIP_INDEX_URL to an index with upload times (PEP 700)")
    date = int(uploaded.timestamp())
    yield _header(f"refs/tags/{release.version}", date, date, f"{project} {release.version}")
    for mode, path, content in _files(sdist):
        yield b"M %b inline %b\n" % (mode, _quoted(path)) + _data(content)


def _header(ref: str, authored: int, committed: int, message: str) -> bytes:
    author = f"author {IDENTITY} {authored} +0000"
    committer = f"committer {IDENTITY} {committed} +0000"
    return f"commit {ref}\n{author}\n{committer}\n".encode() + _data(f"{message}\n".encode())


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"%b"' % escaped.encode("utf-8", "surrogateescape")


def _files(sdist: Path) -> Iterator[tuple[bytes, str, bytes]]:
    """Yield git mode, path below the one top-level folder, and content of each file of `sdist`.

    Raises tarfile.TarError for a member outside of that folder, a device, or a damaged archive.
    """
    top: str | None = None
    with tarfile.open(sdist, "r:gz") as archive:
        for member in archive:
            # Refuses what would leave the folder, though only a later checkout writes any file.
            name = tarfile.data_filter(member, str(sdist.parent)).name
            folder, _, path = posixpath.normpath(name).partition("/")
            top = top or folder
            if folder != top or not (path or member.isdir()):
                raise tarfile.ReadError(f"{name} is outside of the folder {top}")
            if member.issym():
                yield b"120000", path, member.linkname.encode("utf-8", "surrogateescape")
            elif file := archive.extractfile(member):
                yield b"100755" if member.mode & 0o100 else b"100644", path, file.read()


def _link(repository: Path) -> None:
    """Lay the version order over the commits and point `main` to the newest."""
    commits = list(at_hand(repository).values())
    if commits:
        _import(repository, _order(repository, commits))


def _order(repository: Path, commits: Sequence[str]) -> Generator[bytes, None, None]:
    """Yield a stream for git: each of `commits` but the first gets the one before as its parent."""
    form = "--format=%(objectname) %(tree) %(authordate:unix) %(subject)"
    lines = _git(repository, "for-each-ref", form, "refs/tags").splitlines()
    about = dict(line.split(" ", 1) for line in lines)
    latest = 0
    for older, newer in pairwise(["", *commits]):
        tree, date, message = about[newer].split(" ", 2)
        latest = max(latest + 1, int(date))
        if older:
            yield _header(f"refs/replace/{newer}", int(date), latest, message)
            yield f'from {older}\nM 040000 {tree} ""\n'.encode()
    yield f"reset refs/heads/main\nfrom {commits[-1]}\n".encode()


def _import(repository: Path, stream: Generator[bytes, None, None]) -> None:
    """Give the whole of `stream` to git, or nothing if it breaks off."""
    # Closed at once: a suspended generator holds its sdist open, and so the space of a full disk.
    with _scratch(repository) as folder, closing(stream), Path(folder, "stream").open("w+b") as file:
        file.writelines(stream)
        file.seek(0)
        _git(repository, "fast-import", "--quiet", "--force", stdin=file)


def _create(repository: Path) -> None:
    """Make the bare repository unless it exists.

    Raises Problem if something else is there.
    """
    if (repository / "HEAD").exists():
        return
    if repository.exists():
        raise Problem(f"{repository} is not a git repository: remove it")
    with _scratch(repository) as folder:
        new = folder / "new.git"
        git.create(new)
        # A killed init must not leave a directory that looks like a repository.
        new.rename(repository)


def _scratch(repository: Path) -> AbstractContextManager[Path]:
    """Return a folder beside the repository, from which a rename is one step."""
    return temporary_folder(prefix=f".{repository.name}.tmp-", parent=repository.parent)


def _sweep(repository: Path) -> None:
    """Remove what a killed run or git left; only the holder of the lock may."""
    for folder in repository.parent.glob(f".{repository.name}.tmp-*"):
        shutil.rmtree(folder)
    for pattern in ("objects/pack/tmp_*", "fast_import_crash_*"):
        for file in repository.glob(pattern):
            file.unlink()


def _git(repository: Path, *arguments: str, stdin: bytes | IO[bytes] = b"") -> str:
    """Return what git prints; raises Problem if it fails, OSError if it is missing."""
    try:
        # Named, since a damaged repository would have git look for one in the folders above.
        return git.text(repository, "--git-dir=.", *arguments, stdin=stdin)
    except git.GitFailed as problem:
        raise Problem(f"git {arguments[0]} failed in {repository}: {problem.reason}") from problem
