"""Runs other programs, and parts of this one, so that they, and all that they start, end with the tool."""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tools import git

GRACE = 10.0
"""Seconds that a program has to end by itself after it was interrupted."""


def run(command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> int:
    """Run ``command``, its output going where the tool's goes, and return its exit status.

    An interruption of the tool interrupts the program's whole process group, waits for it and is raised again.
    """
    process = subprocess.Popen(command, cwd=cwd, env=env, start_new_session=True, stdin=subprocess.DEVNULL)
    try:
        return process.wait()
    except BaseException:
        end(process)
        raise


def asv(configuration: Path, *arguments: str) -> int:
    """Run asv where its configuration lies, and return its exit status."""
    command = [sys.executable, "-m", "asv", "--config", str(configuration), *arguments]
    return run(command, cwd=configuration.parent, env=asv_environment())


def asv_environment() -> dict[str, str]:
    """Return the environment variables that asv runs with."""
    environment = git.environment_of_others()
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    # asv looks for pythonX.Y on the PATH first, where an inactive shim of pyenv may be in the way.
    environment["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), environment.get("PATH", "")])
    return environment


def end(process: subprocess.Popen[bytes]) -> None:
    """End the process group that ``process`` leads: interrupted first, killed if that does not suffice."""
    signal_group(process, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    signal_group(process, signal.SIGKILL)
    process.wait()


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the process group that ``process`` leads, if any of it is left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def our_cpus() -> list[int]:
    """Return the CPUs that this process may use."""
    return sorted(os.sched_getaffinity(0))


def pool(size: int) -> ProcessPoolExecutor:
    """Return processes that end with this one, however it ends; no forks, since this one may have threads."""
    return ProcessPoolExecutor(size, multiprocessing.get_context("spawn"), initializer=end_with_parent)


def end_with_parent() -> None:
    """End this process as soon as the one that started it has ended. An interruption is left to that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
