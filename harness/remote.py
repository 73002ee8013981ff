"""The other end of ``harness/side.py``: starts a process of a side, and tells it what to measure."""

import contextlib
import json
import os
import signal
import subprocess
import time
from multiprocessing.connection import wait
from pathlib import Path

START = 20.0
"""Seconds that a process may take until it can measure, beside those that start with it."""

PATIENCE = 10.0
"""Seconds that an answer may take: most take 0.1 s."""

GRACE = 10.0
"""Seconds that a process has to end by itself after it was interrupted."""


class SideFailed(ConnectionError):
    """A side did not measure. The message says why."""


class SideHung(SideFailed):
    """There was no answer in so many seconds: ``reason`` says so, and the message of which side."""

    def __init__(self, label, where, seconds):
        self.reason = "hung: no answer within %g seconds" % seconds
        super().__init__("%s: %s: %s" % (label, where, self.reason))


class RemoteSide:
    """A process of a side. It ends with ``close``, or with this process.

    ``layout`` is the seed of its layout of memory, ``versions`` those of what it runs, by name, as it says.
    """

    def __init__(self, label, parts, log, layout, python, folder, environment):
        """Start it in a folder; ``parts`` are files in benchmarks/, ``environment`` is all of it but the hash seed."""
        self.label = label
        self.versions = {}
        self.log = Path(log)
        self._unread = b""
        self._cell = "what it imports"
        self._inside = False  # whether a cell answers
        with self.log.open("w") as output:
            self._process = subprocess.Popen(
                [*python, "-m", "harness.side", str(layout), *parts],
                cwd=folder,
                env=dict(environment, PYTHONHASHSEED=str(layout + 1)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                bufsize=0,
                start_new_session=True,
            )

    def cells(self, beside=0):
        """Return the cells that it measures, ``[name, index, [parameter]]``; ``beside`` is how many others start.

        To be called first, and once. Raises SideFailed where the process ends or hangs.
        """
        answer = self._answer(START * (1 + beside))
        self.versions = answer["versions"]
        return answer["cells"]

    @contextlib.contextmanager
    def entered(self, cell):
        """Set up a cell, a ``benchmark`` and an ``index``; the answer is empty, or says why the cell is not there.

        Raises SideHung where the cell did not answer in time.
        """
        self._cell = cell
        answer = self.ask("enter", cell.benchmark, cell.index)
        self._inside = True
        try:
            yield answer
        finally:
            if self._inside:
                self._inside = False
                if not answer:
                    self._send("leave")
                self._cells_answer()

    def ask(self, *command):
        """Return the answer to a command. Raises SideFailed where the process, or that of the cell, is gone."""
        self._send(*command)
        answer = self._cells_answer()
        if "ended" in answer:
            self._inside = False
            raise SideFailed("%s: a cell's process ended with status %s" % (self.label, answer["ended"]))
        return answer

    def batch(self, unit, number):
        """Return the seconds or instructions of some calls of the cell. Raises SideFailed where they fail."""
        answer = self.ask("batch", unit, number)
        if "failed" in answer:
            raise SideFailed("%s: %s: %s" % (self.label, self._cell, answer["failed"]))
        return float(answer["value"])

    def pin(self, cpu):
        """Keep the cells that are entered from now on on one CPU."""
        os.sched_setaffinity(self._process.pid, {cpu})

    def close(self):
        """End the process and the cell that it is in."""
        # The end of its commands ends it, even where it was started in the background and ignores interruptions.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._process.stdout.close()

    def _signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _send(self, *command):
        with contextlib.suppress(BrokenPipeError):  # the answer, which is none, tells
            self._process.stdin.write(" ".join(map(str, command)).encode() + b"\n")
            self._process.stdin.flush()

    def _cells_answer(self):
        return self._answer(PATIENCE)

    def _answer(self, seconds):
        return json.loads(self._line(seconds))

    def _line(self, seconds):
        """Return what the process says next. Raises SideFailed where it has ended, SideHung where it is not in time."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._unread:
            if not wait([self._process.stdout.fileno()], max(0, deadline - time.monotonic())):
                self._inside = False
                raise SideHung(self.label, self._cell, seconds)
            said = self._process.stdout.read(2**16)
            if not said:
                self._inside = False
                raise SideFailed("%s does not run: %s" % (self.label, self._last_words()))
            self._unread += said
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _last_words(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)  # what ends it is said after its answers have ended
        return (self.log.read_text().strip().splitlines() or ["it said nothing"])[-1]
