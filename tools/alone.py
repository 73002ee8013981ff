"""Lets one run at a time at what several at once would spoil; the others wait, and say so.

``python tools/alone.py LOCK COMMAND ...`` runs a command so. It needs nothing that is not in Python, since by it the
Makefile installs what all else needs.
"""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(lock: Path, what: Path) -> Iterator[int]:
    """Hold the lock of a file, made if need be, and yield its descriptor. The lock ends with the process."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another run to finish with {what}", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


if __name__ == "__main__":
    path = Path(sys.argv[1])
    with alone(path, path.parent) as descriptor:
        os.set_inheritable(descriptor, True)  # the command, and what it starts, hold the lock in the place of this
        os.execvp(sys.argv[2], sys.argv[2:])
