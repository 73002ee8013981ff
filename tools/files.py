"""Files that several processes write: each whole or not at all, and locks that end with who holds them.

``python tools/files.py LOCK COMMAND ...`` runs a command alone. It needs nothing that is not in Python, since by it the
Makefile installs what all else needs.
"""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of a file, which is removed afterwards; yield whether it could be had."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            # Whoever held it before may have removed it meanwhile: then this is the lock of a file that is gone.
            if _is_at(path, file.fileno()):
                try:
                    yield True
                finally:
                    path.unlink()
                return


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def alone(lock: Path, what: Path) -> Iterator[int]:
    """Hold the lock of a file, made if need be, and yield its descriptor; who has to wait says so."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another run to finish with {what}", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def write(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, however the process ends and whoever else writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    part.replace(path)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    with alone(path, path.parent) as descriptor:
        os.set_inheritable(descriptor, True)  # the command, and what it starts, hold the lock in the place of this
        os.execvp(sys.argv[2], sys.argv[2:])
