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

OF_A_COMMIT = ("project", "asv-build-cache", "asv-install-status.json")
"""What asv keeps of the commit that is installed: by the last two it could be led to install nothing."""

LINKS = (Path(LINK).name, Path(RECORD).name)


def forget_commit(folder: Path) -> None:
    """Remove what the environment in a folder holds of the commit that was installed last."""
    for pattern in (*(f"*/{name}" for name in OF_A_COMMIT), *(f"*/lib/python*/site-packages/{name}" for name in LINKS)):
        for path in folder.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def remember(folder: Path) -> None:
    """Keep what the environment in a folder holds."""
    files.write(_kept(folder), json.dumps(_digests(folder)))


def changed(folder: Path) -> list[str]:
    """Return the files that are not what they were when that was kept; all where it never was."""
    known = json.loads(_kept(folder).read_text()) if _kept(folder).exists() else {}
    return sorted({name for name, _ in known.items() ^ _digests(folder).items()})


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _kept(folder).unlink(missing_ok=True)


def _kept(folder: Path) -> Path:
    return folder.with_name("environment.json")


def _digests(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): _digest(path) for path in _files(folder)}


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        if Path(place).parent == folder:
            folders[:] = set(folders).difference(OF_A_COMMIT)
            names = sorted(set(names).difference(OF_A_COMMIT))
        links = [name for name in folders if Path(place, name).is_symlink()]
        yield from (Path(place, name) for name in [*names, *links] if name not in LINKS)


def _digest(path: Path) -> str:
    if path.is_symlink():
        return str(path.readlink())
    return f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
