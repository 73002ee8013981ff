"""Runs a step of a commit behind a wall: without network, without other processes, with little that it can write.

``python -m tools.history.wall PLACES COMMAND`` is started in namespaces of its own by ``Wall.words``. It makes all that
the system holds read-only but the PLACES that are named as writable, gives up what rights would tear that down, and
becomes COMMAND. A user without rights may have such namespaces too, unless the system forbids it.
"""

import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

UNSHARE = ["unshare", "--net", "--pid", "--mount-proc", "--fork", "--kill-child"]
AS_USER = ["--user", "--map-root-user"]

# From linux/mount.h, linux/fcntl.h, linux/prctl.h, linux/sockios.h and linux/if.h.
_MS_BIND, _MS_REC = 4096, 16384
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1

KEPT = {0, 1, 3, 5, 6, 7, 23, 38}
"""The capabilities that root keeps: chown, dac_override, fowner, kill, setgid, setuid, sys_nice, and perfmon, by which
instructions are counted."""

_libc = ctypes.CDLL(None, use_errno=True)


class Wall:
    """The walls of a job; where the system permits none, its commands run as they are."""

    @cached_property
    def missing(self) -> str:
        """Why there is none, "" where there is."""
        try:
            done = subprocess.run([*self._words({}), "true"], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            return "there is no unshare"
        return (done.stderr.strip() or f"unshare ended with status {done.returncode}") if done.returncode else ""

    def words(self, places: Mapping[Path, bool]) -> list[str]:
        """Return the words before a command. ``places`` can be written, or not although they lie in one that can."""
        return [] if self.missing else self._words(places)

    def _words(self, places: Mapping[Path, bool]) -> list[str]:
        as_user = AS_USER if os.geteuid() else []
        return [*UNSHARE, *as_user, sys.executable, "-m", "tools.history.wall", json.dumps(_in_order(places))]


def _in_order(places: Mapping[Path, bool]) -> list[tuple[str, bool]]:
    """Return places, each after those that it lies in."""
    found = {path.resolve(): writable for path, writable in places.items() if path.exists()}
    return [(str(path), found[path]) for path in sorted(found)]


def main(places: str, *command: str) -> None:
    """Build the wall around this process. Raises OSError where it may not."""
    _switch_loopback_on()
    _make_readonly("/", recursive=True)
    for path, writable in json.loads(places):
        _call("mount", os.fsencode(path), os.fsencode(path), None, _MS_BIND | _MS_REC, None)
        _make_readonly(path, readonly=not writable)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(64):
        if capability not in KEPT:
            _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # which fails for those that there are not
    os.execvp(command[0], command)


def _switch_loopback_on() -> None:
    """Benchmarks may serve themselves."""
    with socket.socket() as anything:
        fcntl.ioctl(anything, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def _make_readonly(path: str, readonly: bool = True, recursive: bool = False) -> None:
    flag, flags = _MOUNT_ATTR_RDONLY, _AT_RECURSIVE if recursive else 0
    attributes = struct.pack("4Q", flag if readonly else 0, 0 if readonly else flag, 0, 0)  # struct mount_attr
    _call("syscall", _MOUNT_SETATTR, _AT_FDCWD, os.fsencode(path), flags, attributes, len(attributes))


def _call(function: str, *arguments: object) -> None:
    """Raises OSError with the reason."""
    if getattr(_libc, function)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as problem:
        sys.exit(f"no wall: {problem.strerror}")
