"""Runs a program that ends, with all that it started, when this process does: even if this one is killed.

Between the two stands a keeper, ``python -m harness.kept``. It ends the program once its own standard input is closed,
which the kernel does for whoever dies, and then itself. All orphans of the program become its children, so that none
is left, whatever session it hides in.
"""

import contextlib
import ctypes
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.instructions import InstructionCounter

GRACE = 2.0
"""Seconds that a program has to end by itself."""

_PR_SET_CHILD_SUBREAPER = 36
_OWN_STDOUT, _LOG = 1, 2  # the keeper's descriptors to which a program may write
_ROOT = Path(__file__).parent.parent


class Kept:
    """A program that runs until ``close()``, or until this process ends."""

    def __init__(
        self, command, log=None, env=None, folder=None, stop=signal.SIGTERM, cpus=None, user=None, inherited=os.environ
    ):
        """Start ``command``, its output in the file ``log`` or where this process's goes.

        ``folder`` is removed after its end. ``env`` is added to the environment, which is ``inherited``. ``stop`` is
        the signal that asks the program to end, ``cpus`` is the set of CPUs that it may use, ``user`` is the name
        under which it runs (Python 3.9).
        """
        self.log = log and Path(log)
        environment = dict(inherited, **(env or {}))
        words = [str(_OWN_STDOUT if log is None else _LOG), str(int(stop)), str(folder or ""), user or ""]
        with self.log.open("wb") if log else contextlib.nullcontext() as output:
            self._keeper = subprocess.Popen(
                [sys.executable, "-m", "harness.kept", *words, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if log else None,
                stderr=output,
                env=dict(environment, PYTHONPATH=_path(environment)),
                start_new_session=True,
                preexec_fn=None if cpus is None else lambda: os.sched_setaffinity(0, cpus),
            )

    @property
    def pid(self):
        """The keeper's process, of which the program and all that it started are descendants."""
        return self._keeper.pid

    @property
    def ended(self):
        """The exit status of the program once it has ended, None before."""
        return self._keeper.poll()

    def wait(self, timeout=None):
        """Wait for the program to end by itself; return its status. Raises subprocess.TimeoutExpired."""
        return self._keeper.wait(timeout)

    def instructions(self):
        """Return the instructions in user space of all that ran, that which has ended too; None if not to be had."""
        self._keeper.stdin.write(b"\n")
        self._keeper.stdin.flush()
        answer = self._keeper.stdout.readline().strip()
        return int(answer) if answer else None

    def last_words(self):
        """Return the last line that the program wrote."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self._keeper.stdin.close()
        self._keeper.wait()
        if self._keeper.stdout:
            self._keeper.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


@contextlib.contextmanager
def temporary_folder(prefix, parent=None):
    """Yield a new folder, a ``Path`` in ``parent``, that goes with this process, even if that is killed."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    with Kept(["sleep", "infinity"], folder / "keeper.log", folder=folder):
        yield folder


def _path(environment):
    return os.pathsep.join(filter(None, [environment.get("PYTHONPATH", ""), str(_ROOT)]))


def main(output, stop, folder, user, *command):
    """Keep a program: end it when standard input ends, answer each line with the instructions so far."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ends = _report_ended_children()
    count = _instruction_counter()
    options = {"user": user, "group": _group_of(user), "extra_groups": []} if user else {}
    options.update(stdin=subprocess.DEVNULL, stdout=int(output), start_new_session=True)
    process = subprocess.Popen(command, **options)
    while process.poll() is None:
        ready, _, _ = select.select([0, ends], [], [])
        if ends in ready:
            os.read(ends, 1024)
        elif not os.read(0, 1):
            break
        else:
            print(count(), flush=True)
    status = process.poll()
    _end_group(process.pid, int(stop))
    _end_orphans()
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    return 128 - status if status and status < 0 else status


def _group_of(user):
    return pwd.getpwnam(user).pw_gid


def _report_ended_children():
    """Return a descriptor to which each child's end writes."""
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writes)
    return reads


def _instruction_counter():
    """Return what counts the instructions of all that is started from now on, or says nothing where none may."""
    try:
        return InstructionCounter()
    except OSError:
        return lambda: ""


def _end_group(group, stop):
    """Ask a process group to end, wait for its last process, and kill what is left of it."""
    _signal_group(group, stop)
    deadline = time.monotonic() + GRACE
    while _signal_group(group, 0) and time.monotonic() < deadline:
        _reap()
        time.sleep(0.01)
    _signal_group(group, signal.SIGKILL)


def _signal_group(group, number):
    """Send a signal; tell whether any process of the group was there."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def _reap():
    """Take leave of the children that have ended; tell whether any is left."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    return False


def _end_orphans():
    """Kill the children that left the program's process group, and those that they leave in turn."""
    while _reap():
        for pid in Path("/proc/self/task/%d/children" % os.getpid()).read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
