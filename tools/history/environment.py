"""What asv's environment holds: what one commit changes in it must not reach the next.

A digest of each file is kept beside it once it is made. What belongs to a commit is removed before the next is
installed.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from harness.install import LINK, RECORD
from tools import files

CHECKOUT = "project"
"""What asv calls its checkout of the commit that is installed."""

OF_A_COMMIT = ("asv-build-cache", "asv-install-status.json")
"""What else asv keeps of that commit: by these it could be led to install nothing."""

LINKS = (Path(LINK).name, Path(RECORD).name)


def forget_commit(folder: Path) -> None:
    """Remove what the environments in a folder hold of the commits that were installed last.

    Of its checkout the files stay: with the index that was kept git finds those that were written since, by their time
    of change, which no program sets, and checks them out again. To check all out anew takes ten seconds.
    """
    for name in OF_A_COMMIT:
        for path in folder.glob(f"*/{name}"):
            _remove(path)
    for name in LINKS:
        for path in folder.glob(f"*/lib/python*/site-packages/{name}"):
            _remove(path)
    for checkout in folder.glob(f"*/{CHECKOUT}"):
        if checkout.is_symlink() or not _kept_git(checkout).is_dir():
            _remove(checkout)
            continue
        for place, folders, names in os.walk(checkout):  # neither bytecode, nor what git takes for another repository
            for name in {".git", "__pycache__"}.intersection([*folders, *names]):
                _remove(Path(place, name))
                folders[:] = [each for each in folders if each != name]
        shutil.copytree(_kept_git(checkout), checkout / ".git", symlinks=True)


def remember(folder: Path) -> None:
    """Keep what the environments in a folder hold, and what git knows of the checkout of each.

    There are several of as many Pythons, and projects.
    """
    files.write(_kept(folder), json.dumps(_digests(folder)))
    _remove(_kept_gits(folder))
    for checkout in folder.glob(f"*/{CHECKOUT}"):
        shutil.copytree(checkout / ".git", _kept_git(checkout), symlinks=True)


def changed(folder: Path) -> list[str]:
    """Return the files that are not what they were when that was kept; all where it never was."""
    known = json.loads(_kept(folder).read_text()) if _kept(folder).exists() else {}
    return sorted({name for name, _ in known.items() ^ _digests(folder).items()})


def remove(folder: Path) -> None:
    for path in (folder, _kept(folder), _kept_gits(folder)):
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _kept(folder: Path) -> Path:
    return folder.with_name("environment.json")


def _kept_gits(folder: Path) -> Path:
    return folder.with_name("environment.git")


def _kept_git(checkout: Path) -> Path:
    return _kept_gits(checkout.parents[1]) / checkout.parent.name


def _digests(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): _digest(path) for path in _files(folder)}


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        if Path(place).parent == folder:
            folders[:] = set(folders).difference([*OF_A_COMMIT, CHECKOUT])
            names = sorted(set(names).difference(OF_A_COMMIT))
        links = [name for name in folders if Path(place, name).is_symlink()]
        yield from (Path(place, name) for name in [*names, *links] if name not in LINKS)


def _digest(path: Path) -> str:
    if path.is_symlink():
        return str(path.readlink())
    return f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
