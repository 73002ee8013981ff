"""Runs other programs, and parts of this one, so that they, and all that they start, end with the tool."""

import contextlib
import multiprocessing
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from asv.util import UserError

from harness.kept import Kept
from tools import git
from tools.configuration import ROOT

PASSED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|TMPDIR|LANG|LANGUAGE|LC_[A-Z]+"
    r"|LD_LIBRARY_PATH"  # by which a Python finds its own library, where a workflow sets one up
    r"|PYENV_(ROOT|VERSION)"
    r"|DATABASE_URL|INSTRUCTIONS"  # what this suite itself reads
)
"""The variables that code of a measured commit sees. Any other may be a secret, or a file that a workflow's next step
believes: GITHUB_TOKEN, GITHUB_ENV."""

INSTALLING = re.compile(
    r"PIP_[A-Z_]+|VIRTUALENV_[A-Z_]+|XDG_(CACHE_HOME|CONFIG_HOME|CONFIG_DIRS)|NETRC"
    r"|(HTTPS?|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE",
    re.IGNORECASE,
)
"""Those besides by which an environment is installed: how the package index is reached."""


LOCKED = {"PIP_CONSTRAINT": str(ROOT / ".ci/locks/asv.txt"), "PIP_REQUIRE_HASHES": "1"}
"""By these asv, which calls pip by names, installs what the lock has, by digest."""


def asv(configuration: Path, *arguments: str) -> int:
    """Run asv, its output going where the tool's goes, and return its exit status. It may install."""
    command = [sys.executable, "-m", "asv", "--config", str(configuration), *arguments]
    with Kept(command, stop=signal.SIGINT, inherited=asv_environment(installing=True)) as program:
        return int(program.wait())


def asv_environment(installing: bool = False) -> dict[str, str]:
    """Return the environment variables that asv runs with."""
    environment = measured_environment() | git.settings_of_others()
    if installing:
        environment |= {name: value for name, value in os.environ.items() if INSTALLING.fullmatch(name)} | LOCKED
    # asv looks for pythonX.Y on the PATH first, where an inactive shim of pyenv may be in the way.
    environment["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), environment.get("PATH", "")])
    return environment


def measured_environment() -> dict[str, str]:
    """Return the environment variables that measured code may see."""
    return {name: value for name, value in os.environ.items() if PASSED.fullmatch(name)}


def our_cpus() -> list[int]:
    """Return the CPUs that this process may use."""
    return sorted(os.sched_getaffinity(0))


@contextlib.contextmanager
def pool(size: int) -> Iterator[ProcessPoolExecutor]:
    """Yield processes that end with this one, however it ends; no forks, since this one may have threads.

    Raises asv.util.UserError where one of them ended before its work was done.
    """
    # They get this process's path, from which asv takes its folder once it has loaded a plugin.
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(size, context, initializer=end_with_parent)
    processes = executor._processes  # which it drops when it ends
    try:
        with executor:
            yield executor
    except BrokenProcessPool:
        raise UserError(f"a process {ended([each.exitcode for each in processes.values()])}") from None


def ended(statuses: Sequence[int | None]) -> str:
    """Return how the first of some processes ended, in words; the pool terminates the others."""
    status = next((each for each in statuses if each not in (None, 0, -signal.SIGTERM)), -signal.SIGTERM) or 0
    if status == -signal.SIGKILL:
        return "was killed: where memory ran out, free some, and try again"
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}; its last lines above say why"


def end_with_parent() -> None:
    """End this process as soon as the one that started it has ended. An interruption is left to that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
