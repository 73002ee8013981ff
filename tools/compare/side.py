"""A process of one side of a comparison, and the cells in it: the tool's end of ``harness/side.py``."""

import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tools import process
from tools.compare.tree import Tree
from tools.configuration import ROOT
from tools.terminal import CannotMeasure

MEASURED: tuple[str, ...] = (str(Path(sys.prefix, "measured", "bin", "python")),)
"""The Python of the measured environment, which the Makefile sets up."""

_numbers = itertools.count()


@dataclass(frozen=True)
class Cell:
    """A benchmark with one value of each of its parameters."""

    benchmark: str
    index: int
    params: tuple[str, ...]

    @property
    def scenario(self) -> str:
        """The name without the method: "handlers.Hello"."""
        return self.benchmark.rpartition(".")[0]

    @property
    def part(self) -> str:
        """The file: "handlers"."""
        return self.benchmark.partition(".")[0]

    def __str__(self) -> str:
        return " ".join([self.scenario, ", ".join(self.params)])


class Side:
    """A process that measures the Django of a tree. It ends with ``close``, or with the tool."""

    def __init__(self, tree: Tree, parts: Sequence[str], command: Sequence[str] = MEASURED) -> None:
        self.label = tree.label
        self.log = tree.path.parent / f"{tree.path.name}-{next(_numbers)}.log"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPATH": os.pathsep.join([str(tree.path), str(ROOT)]), "PYTHONHASHSEED": "0"}
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [*command, "-m", "harness.side", *parts],
                cwd=tree.path,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def cells(self) -> list[Cell]:
        """Return the cells that it measures. To be called first, and once."""
        return [Cell(name, index, tuple(params)) for name, index, params in self._answer()]

    @contextlib.contextmanager
    def entered(self, cell: Cell) -> Iterator[dict[str, Any]]:
        """Set a cell up; its answer is empty, or says why the cell is not there."""
        answer = self.ask("enter", cell.benchmark, cell.index)
        yield answer
        if not answer:
            self._send("leave")
        self._answer()

    def ask(self, *command: object) -> Any:
        """Return the answer to a command. Raises CannotMeasure where the process, or that of the cell, is gone."""
        self._send(*command)
        answer = self._answer()
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

    def _answer(self) -> Any:
        assert self._process.stdout
        if line := self._process.stdout.readline():
            return json.loads(line)
        said = self.log.read_text().strip().splitlines() or ["it said nothing"]
        raise CannotMeasure(f"{self.label} does not run: {said[-1]}")


def batch(side: Side, cell: Cell, unit: str, number: int) -> float:
    """Return the seconds or instructions of some calls. Raises CannotMeasure where they fail."""
    answer = side.ask("batch", unit, number)
    if "failed" in answer:
        raise CannotMeasure(f"{side.label}: {cell}: {answer['failed']}")
    return float(answer["value"])
