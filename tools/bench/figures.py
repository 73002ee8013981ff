"""Reads the figures of stored results: a benchmark's values by its parameters."""

import ast
import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from asv.results import Results


class Figure(NamedTuple):
    """One value of a benchmark: its median, and half of its interquartile range where it has samples.

    ``value`` is NaN where the measured version lacks the feature (n/a), None where the benchmark failed.
    """

    value: float | None
    spread: float | None

    @property
    def measured(self) -> bool:
        """Whether there is a number."""
        return self.value is not None and not math.isnan(self.value)


def results_of(folder: Path, machine: str, commit: str, python: str) -> Results | None:
    """Return the newest that is stored of a commit on a version of Python ("3.12"), or None.

    Raises asv.util.UserError where a file is no result of asv's.
    """
    paths = sorted((folder / machine).glob(f"{commit[:8]}-*.json"), key=lambda path: path.stat().st_mtime)
    results = [Results.load(str(path), machine_name=machine) for path in reversed(paths)]
    return next((result for result in results if result.params["python"] == python), None)


def figures(result: Results, benchmark: str) -> dict[tuple[Any, ...], Figure]:
    """Return a benchmark's figures by its parameters' values; empty where the benchmark was not run."""
    if benchmark not in result.get_all_result_keys():
        return {}
    params = result.get_result_params(benchmark)
    values = result.get_result_value(benchmark, params)
    stats = result.get_result_stats(benchmark, params)
    keys = itertools.product(*[[ast.literal_eval(value) for value in each] for each in params])
    return {key: Figure(value, _spread(stat)) for key, value, stat in zip(keys, values, stats, strict=True)}


def _spread(stat: dict[str, float] | None) -> float | None:
    return (stat["q_75"] - stat["q_25"]) / 2 if stat and "q_75" in stat else None


def units(folder: Path) -> dict[str, str]:
    """Return the unit of each benchmark that a folder of results knows."""
    known = json.loads((folder / "benchmarks.json").read_text())
    return {name: benchmark["unit"] for name, benchmark in known.items() if name != "version"}


def failures(result: Results) -> Iterator[str]:
    """Yield the names of the benchmarks that failed for some parameters."""
    for name in result.get_all_result_keys():
        if any(figure.value is None for figure in figures(result, name).values()):
            yield name


def is_without_instructions(result: Results, name: str) -> bool:
    """Tell whether a benchmark counts instructions, and had nothing to count them by."""
    return name.endswith(".track_instructions") and not any(
        figure.measured for figure in figures(result, name).values()
    )


def machine_of(folder: Path, machine: str) -> dict[str, str]:
    """Return asv's description of a machine."""
    description: dict[str, str] = json.loads((folder / machine / "machine.json").read_text())
    return description
