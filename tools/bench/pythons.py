"""The Pythons on which releases are measured: those that are installed here and new enough."""

import functools
import re
import shutil
import subprocess
from collections.abc import Sequence

from packaging.version import Version

from tools.configuration import PYTHON, SERIES
from tools.index import version_of
from tools.terminal import Problem

OLDEST = Version("3.11")
"""The oldest that asgiref runs on, as asv.conf.json pins it."""


def pythons_of(words: Sequence[str]) -> dict[str, Version]:
    """Return the version of each Python that is named, ``{"3.13": Version("3.13.0")}``, each once, as it says.

    Without a word it is the one that runs this. "3.14t" is free-threaded. Raises Problem for one that is not there,
    or too old.
    """
    return {word: _version(word) for word in words or [SERIES]}


def runs(*words: str) -> bool:
    """Tell whether all of these Pythons run here, and are new enough."""
    try:
        return len(pythons_of(words)) == len(words)
    except Problem:
        return False


@functools.cache
def _version(word: str) -> Version:
    if not re.fullmatch(r"3\.\d+t?", word):
        raise Problem(f'no Python {word}: name series that are installed, as in PYTHONS="3.12 3.13"')
    version = PYTHON if word == SERIES else _said_by(f"python{word}", word)
    if version < OLDEST:
        raise Problem(f"Python {version} is older than {OLDEST}, the oldest that the pinned asgiref runs on")
    return version


def _said_by(program: str, word: str) -> Version:
    """Return the version that a program says it is. Raises Problem where it does not run, or is of another series."""
    code = "import platform; print(platform.python_version())"
    try:
        done = subprocess.run([shutil.which(program) or program, "-c", code], capture_output=True, text=True)
    except OSError:
        raise Problem(f"no Python {word}: there is no {program} on the PATH; install it") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise Problem(f"no Python {word}: {program} does not run here: {said}")
    version = version_of(done.stdout.strip())
    if version is None or f"{version.major}.{version.minor}" != word.rstrip("t"):
        raise Problem(f"no Python {word}: {program} says that it is {done.stdout.strip() or 'nothing'}")
    return version
