"""Reads the figures of stored results: a benchmark's values by its parameters."""

import ast
import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tools.results import ResultFile, benchmarks_in, stored_in


class Figure(NamedTuple):
    """One value of a benchmark: its median, and half of asv's 99 % interval where it has samples.

    ``value`` is NaN where the measured version lacks the feature (n/a), None where the benchmark failed.
    """

    value: float | None
    half: float | None

    @property
    def measured(self) -> bool:
        """Whether there is a number."""
        return self.value is not None and not math.isnan(self.value)


def results_of(folder: Path, machine: str, commit: str, python: str) -> ResultFile | None:
    """Return the newest that is stored of a commit on a version of Python ("3.12"), or None.

    Raises Unusable where a file is no result of asv's.
    """
    paths = sorted((folder / machine).glob(f"{commit[:8]}-*.json"), key=lambda path: path.stat().st_mtime)
    results = (stored_in(path, ResultFile) for path in reversed(paths))
    return next((result for result in results if result.params["python"] == python), None)


def figures(result: ResultFile, benchmark: str) -> dict[tuple[Any, ...], Figure]:
    """Return a benchmark's figures by its parameters' values; empty where the benchmark was not run."""
    row = result.results.get(benchmark)
    if row is None:
        return {}
    keys = itertools.product(*[[ast.literal_eval(value) for value in each] for each in row.params])
    columns = (row.column(name) for name in ("result", "stats_ci_99_a", "stats_ci_99_b"))
    return {
        key: Figure(value, (high - low) / 2 if low is not None and high is not None else None)
        for key, value, low, high in zip(keys, *columns, strict=True)
    }


def units(folder: Path) -> dict[str, str]:
    """Return the unit of each benchmark that a folder of results knows."""
    known, _ = benchmarks_in(folder / "benchmarks.json")
    return {name: benchmark["unit"] for name, benchmark in known.items()}


def failures(result: ResultFile) -> Iterator[str]:
    """Yield the names of the benchmarks that failed for some parameters."""
    yield from (name for name, row in result.results.items() if None in row.column("result"))
