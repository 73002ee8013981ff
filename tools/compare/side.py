"""A process of one side of a comparison, and the cells in it: ``harness.remote`` with a tree's Django."""

import contextlib
import itertools
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from harness.remote import PATIENCE, RemoteSide, SideHung
from tools.compare.tree import Tree
from tools.configuration import ROOT
from tools.process import measured_environment
from tools.results import Named

MEASURED: tuple[str, ...] = (str(Path(sys.prefix, "measured", "bin", "python")),)
"""The Python of the measured environment, which the Makefile sets up."""

IMPATIENCE = 2.0
"""Seconds that an answer may take once a cell of the same process hung: most take 0.1 s."""

_numbers = itertools.count()


@dataclass(frozen=True)
class Cell(Named):
    """A benchmark with one value of each of its parameters."""

    benchmark: str
    index: int
    params: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join([self.scenario, ", ".join(self.params)])


class Side(RemoteSide):
    """A process that measures the Django of a tree; others can be entered where a cell hung.

    ``hung`` are the cells that had to be killed.
    """

    _cell: Any

    def __init__(self, tree: Tree, parts: Sequence[str], layout: int = 0) -> None:
        self.hung: list[Cell] = []
        environment = {**measured_environment(), "PYTHONPATH": os.pathsep.join([str(tree.path), str(ROOT)])}
        log = tree.path.parent / f"{tree.path.name}-{next(_numbers)}.log"
        super().__init__(tree.label, parts, log, layout, MEASURED, tree.path, environment)  # type: ignore[no-untyped-call]

    def cells(self, beside: int = 0) -> list[Cell]:
        """Return the cells that it measures, as ``RemoteSide`` does."""
        found = super().cells(beside)  # type: ignore[no-untyped-call]
        return [Cell(name, index, tuple(params)) for name, index, params in found]

    def _cells_answer(self) -> Any:
        try:
            return self._answer(IMPATIENCE if self.hung else PATIENCE)
        except SideHung:
            self.hung.append(self._cell)
            self._kill_cell()
            raise

    def _kill_cell(self) -> None:
        """Kill the process of a cell, with all that it started. Raises SideHung where the process has no other."""
        for child in psutil.Process(self._process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        while b'{"ended"' not in self._line(PATIENCE):  # the answer may have been under way, in whole or in part
            pass
