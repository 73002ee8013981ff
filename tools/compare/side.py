"""A process of one side of a comparison, and the cells in it: the tool's end of ``harness/side.py``."""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import IO, Any

import psutil

from tools import process
from tools.compare.tree import Tree
from tools.configuration import ROOT
from tools.results import Named
from tools.terminal import CannotMeasure

MEASURED: tuple[str, ...] = (str(Path(sys.prefix, "measured", "bin", "python")),)
"""The Python of the measured environment, which the Makefile sets up."""

START = 20.0
"""Seconds that a process may take until it can measure, beside those that start with it."""

PATIENCE, IMPATIENCE = 10.0, 2.0
"""Seconds that an answer may take, and those that it may once a cell of the same process hung: most take 0.1 s."""

_numbers = itertools.count()


class Hung(CannotMeasure):
    """There was no answer in so many seconds."""

    def __init__(self, label: str, where: str, seconds: float) -> None:
        self.reason = f"hung: no answer within {seconds:g} seconds"
        super().__init__(f"{label}: {where}: {self.reason}")


@dataclass(frozen=True)
class Cell(Named):
    """A benchmark with one value of each of its parameters."""

    benchmark: str
    index: int
    params: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join([self.scenario, ", ".join(self.params)])


class Side:
    """A process that measures the Django of a tree. It ends with ``close``, or with the tool.

    ``layout`` is the seed of its layout of memory. ``hung`` are the cells that had to be killed, ``versions`` those of
    what it runs, by name, as it says.
    """

    def __init__(self, tree: Tree, parts: Sequence[str], layout: int = 0) -> None:
        self.label = tree.label
        self.hung: list[Cell] = []
        self.versions: dict[str, str] = {}
        self._unread = b""
        self._cell: Cell | None = None
        self.log = tree.path.parent / f"{tree.path.name}-{next(_numbers)}.log"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPATH": os.pathsep.join([str(tree.path), str(ROOT)]), "PYTHONHASHSEED": str(layout + 1)}
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [*MEASURED, "-m", "harness.side", str(layout), *parts],
                cwd=tree.path,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                start_new_session=True,
            )

    def cells(self, beside: int = 0) -> list[Cell]:
        """Return the cells that it measures. To be called first, and once; ``beside`` how many others start.

        Raises CannotMeasure where the process ends or hangs.
        """
        answer = self._answer(START * (1 + beside))
        self.versions = answer["versions"]
        return [Cell(name, index, tuple(params)) for name, index, params in answer["cells"]]

    @contextlib.contextmanager
    def entered(self, cell: Cell) -> Iterator[dict[str, Any]]:
        """Set a cell up; its answer is empty, or says why the cell is not there.

        Raises Hung where the cell did not answer in time; it is killed, and others can be entered.
        """
        self._cell = cell
        answer = self.ask("enter", cell.benchmark, cell.index)
        yield answer
        if not answer:
            self._send("leave")
        self._cells_answer()

    def ask(self, *command: object) -> Any:
        """Return the answer to a command. Raises CannotMeasure where the process, or that of the cell, is gone."""
        self._send(*command)
        answer = self._cells_answer()
        if "ended" in answer:
            raise CannotMeasure(f"{self.label}: a cell's process ended with status {answer['ended']}")
        return answer

    def pin(self, cpu: int) -> None:
        """Keep the cells that are entered from now on on one CPU."""
        os.sched_setaffinity(self._process.pid, {cpu})

    def close(self) -> None:
        """End the process and the cell that it is in."""
        # The end of its commands ends it, even where it was started in the background and ignores interruptions.
        self._close(self._process.stdin)
        process.end(self._process)
        self._close(self._process.stdout)

    def _close(self, stream: IO[bytes] | None) -> None:
        if stream:
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    def _send(self, *command: object) -> None:
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # the answer, which is none, tells
            self._process.stdin.write(" ".join(map(str, command)).encode() + b"\n")
            self._process.stdin.flush()

    def _cells_answer(self) -> Any:
        try:
            return self._answer(IMPATIENCE if self.hung else PATIENCE)
        except Hung:
            assert self._cell
            self.hung.append(self._cell)
            self._kill_cell()
            raise

    def _kill_cell(self) -> None:
        """Kill the process of a cell, with all that it started. Raises Hung where the process has no other."""
        for child in psutil.Process(self._process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        while b'{"ended"' not in self._line(PATIENCE):  # the answer may have been under way, in whole or in part
            pass

    def _answer(self, seconds: float) -> Any:
        return json.loads(self._line(seconds))

    def _line(self, seconds: float) -> bytes:
        """Return what the process says next. Raises CannotMeasure where it has ended, Hung where it is not in time."""
        assert self._process.stdout
        deadline = time.monotonic() + seconds
        while b"\n" not in self._unread:
            if not wait([self._process.stdout.fileno()], max(0, deadline - time.monotonic())):
                where = str(self._cell) if self._cell else "what it imports"
                raise Hung(self.label, where, seconds)
            if not (said := self._process.stdout.read(2**16)):
                raise CannotMeasure(f"{self.label} does not run: {self._last_words()}")
            self._unread += said
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _last_words(self) -> str:
        return (self.log.read_text().strip().splitlines() or ["it said nothing"])[-1]


def batch(side: Side, cell: Cell, unit: str, number: int) -> float:
    """Return the seconds or instructions of some calls. Raises CannotMeasure where they fail."""
    answer = side.ask("batch", unit, number)
    if "failed" in answer:
        raise CannotMeasure(f"{side.label}: {cell}: {answer['failed']}")
    return float(answer["value"])
