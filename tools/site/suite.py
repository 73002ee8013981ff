"""What was measured: the cells of asv's benchmarks.json, each one figure of a result."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from asv.util import UserError

from tools.results import CONTROL, COUNTS, INSTRUCTIONS, SECONDS, TIME, WAITS, Named, Unusable, benchmarks_in
from tools.site.grouping import groups

CROSSINGS = ("sync_to_async", "async_to_sync")


@dataclass(frozen=True)
class MetricCell(Named):
    """One figure: a metric of a scenario, for one value of each parameter (as Python writes it)."""

    benchmark: str
    params: tuple[str, ...]
    unit: str

    @property
    def method(self) -> str:
        """The name of the function in ``benchmarks/``."""
        return self.benchmark.rpartition(".")[2]

    @property
    def metric(self) -> str:
        """The method's name, as words: ``hops`` for ``track_hops``, ``time`` for ``time_request``."""
        if self.method == TIME:
            return "time beside the anchor"
        kind, _, name = self.method.partition("_")
        if name in CROSSINGS:
            return f"{name} crossings"
        words = name.replace("_", " ").replace("python", "Python")
        return words if kind == "track" else "time" if name in ("request", "call") else f"time, {words}"

    @property
    def exact(self) -> bool:
        return self.unit in COUNTS

    @property
    def kind(self) -> str:
        """What the metric tells: "cost", "waits", "time", "memory", or other "counts", which explain."""
        if self.exact:
            return "waits" if self.unit in WAITS else "counts"
        return {INSTRUCTIONS: "cost", "bytes": "memory"}.get(self.unit, "time")

    @property
    def variant(self) -> tuple[str, ...]:
        """The parameters as a person writes them."""
        return tuple(plain(value) for value in self.params)

    @property
    def name(self) -> str:
        return ", ".join(self.variant)

    @property
    def interface(self) -> str:
        """WSGI or ASGI; empty where the cell is under neither."""
        first = self.variant[0] if self.variant else ""
        return {"Client": "WSGI", "AsyncClient": "ASGI"}.get(first, first if first in ("WSGI", "ASGI") else "")


def plain(value: str) -> str:
    """Return a parameter without the quotes of its repr."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] in "'\"" else value


class Suite:
    """The benchmarks of results, and their cells in one fixed order."""

    def __init__(self, benchmarks: Mapping[str, Mapping[str, Any]]) -> None:
        self.benchmarks = benchmarks
        self.cells: list[MetricCell] = []
        self.first: dict[str, int] = {}
        self.size: dict[str, int] = {}
        for name in sorted(benchmarks):
            self.first[name] = len(self.cells)
            described = benchmarks[name]
            unit = str(described.get("unit", ""))
            self.cells += [MetricCell(name, params, unit) for params in itertools.product(*described["params"])]
            self.size[name] = len(self.cells) - self.first[name]

    @cached_property
    def index(self) -> dict[tuple[str, tuple[str, ...]], int]:
        """The cells' numbers by benchmark and parameters."""
        return {(cell.benchmark, cell.params): number for number, cell in enumerate(self.cells)}

    @cached_property
    def floors(self) -> list[int]:
        """The cells that time what is the same code under each commit."""
        return [n for n, cell in enumerate(self.cells) if cell.part == "floors" and not cell.exact]

    @cached_property
    def steady(self) -> list[int]:
        """The cells that are compared across machines: exact metrics, and times beside the anchor."""
        return [n for n, cell in enumerate(self.cells) if cell.exact or cell.method == TIME]

    @cached_property
    def shaky(self) -> list[int]:
        """The cells that are compared on one machine: times and memory, but for what the anchor judges, or is."""
        floors = set(self.floors)
        return [
            number
            for number, cell in enumerate(self.cells)
            if not cell.exact and cell.method not in (TIME, CONTROL, SECONDS) and number not in floors
            if cell.kind != "time" or self.beside(number, TIME) is None
        ]

    def beside(self, number: int, method: str) -> int | None:
        """Return the number of another metric of the same cell of a scenario, None where there is none such."""
        cell = self.cells[number]
        return self.index.get((f"{cell.scenario}.{method}", cell.params))

    @cached_property
    def scenarios(self) -> dict[str, list[int]]:
        """The cells' numbers by scenario."""
        return groups(range(len(self.cells)), lambda number: self.cells[number].scenario)

    @cached_property
    def counted(self) -> dict[tuple[str, str], list[list[int]]]:
        """The numbers of exact metrics by scenario and interface, each cell's together."""
        exact = (number for number, cell in enumerate(self.cells) if cell.exact)
        cells = groups(exact, lambda number: (self.cells[number].scenario, self.cells[number].params))
        return groups(cells.values(), lambda own: (self.cells[own[0]].scenario, self.cells[own[0]].interface))

    def param_names(self, benchmark: str) -> Sequence[str]:
        names: Sequence[str] = self.benchmarks[benchmark]["param_names"]
        return names

    def find(self, benchmark: str, *variant: object) -> int | None:
        """Return the number of a cell by its parameters' values, None where there is none such."""
        return self.index.get((benchmark, tuple(repr(value) for value in variant)))


def load(results: Path) -> tuple[Suite, list[str]]:
    """Read benchmarks.json; return it without what is no benchmark, and a line for each of these.

    Raises asv.util.UserError where there is none to read: nothing can be said of figures without it.
    """
    path = results / "benchmarks.json"
    try:
        good, others = benchmarks_in(path)
    except Unusable as problem:
        raise UserError(f"{path} cannot be read ({problem}): asv run writes it") from problem
    return Suite(good), [f"{path}: no benchmark: {name[:80]!r}" for name in others]
