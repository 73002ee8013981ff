"""asv's graphs of results that were read already: what asv asks of a result, and a graph that is reduced once."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from asv import graph

from tools.site.asv import compute_steps
from tools.site.results import Result
from tools.site.steps import LAST, Data, steps_of_counts
from tools.site.suite import Suite


class Stored:
    """What asv's publishing asks of ``asv.results.Results``, of a result that was read already."""

    def __init__(self, result: Result, suite: Suite) -> None:
        self.result, self.suite = result, suite
        self.commit_hash, self.date = result.commit, result.date
        self.params, self.env_vars = result.params, result.env_vars

    def get_result_keys(self, benchmarks: Mapping[str, Any]) -> list[str]:
        return [name for name in self.result.benchmarks if name in benchmarks]

    def get_result_value(self, key: str, params: object) -> list[float | None]:
        return [value if math.isfinite(value) else None for value in self._of(key, self.result.values)]

    def get_result_stats(self, key: str, params: object) -> list[dict[str, float] | None]:
        """Return what asv weighs a figure by: the ends of its interval, here around 0; None of a count."""
        if self.suite.cells[self.suite.first[key]].exact:
            return [None] * self.suite.size[key]
        halves = self._of(key, self.result.halves)
        return [None if math.isnan(half) else {"ci_99_a": -half, "ci_99_b": half} for half in halves]

    @cached_property
    def started_at(self) -> dict[str, int]:
        return dict.fromkeys(self.result.benchmarks, self.result.measured)

    def _of(self, key: str, values: Sequence[float]) -> Sequence[float]:
        first = self.suite.first[key]
        return values[first : first + self.suite.size[key]]


class Graphs(graph.GraphSet):  # type: ignore[misc]
    """asv's set of graphs, which knows a graph again without making its path anew.

    ``complete`` is called when all points are in it, which is after asv has asked for newer commits.
    """

    def __init__(self, complete: Callable[[], None]) -> None:
        super().__init__()
        self._complete = complete
        self._known: dict[tuple[str, frozenset[Any]], graph.Graph] = {}

    def get_graph(self, benchmark_name: str, params: dict[str, Any]) -> graph.Graph:
        key = benchmark_name, frozenset(params.items())
        if key not in self._known:
            self._known[key] = super().get_graph(benchmark_name, params)
        return self._known[key]

    def detect_steps(self, *arguments: Any, **options: Any) -> None:
        self._complete()
        super().detect_steps(*arguments, **options)


class Graph(graph.Graph):  # type: ignore[misc]
    """A graph whose points are reduced once, when the first is asked for, and whose counts step where they do."""

    _steps: Any

    def save(self, html_dir: str) -> None:
        path = Path(html_dir, f"{self.path}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        # asv writes it value by value, which takes ten times as long.
        path.write_text(json.dumps([point[:2] for point in self.get_data()], separators=(",", ":")), encoding="utf-8")

    def detect_steps(self, pool: Any = None) -> None:
        if self._steps is None and self.get_data():
            self._steps = [steps_of_counts(series) or self._fit(series[-LAST:], pool) for series in self._series()]
        super().detect_steps(pool)

    def _series(self) -> Iterator[Data]:
        rows = self.get_data()
        if self.scalar_series:
            yield rows
            return
        for number in range(self.n_series):
            yield [(revision, values[number], weights[number]) for revision, values, weights in rows]

    def _fit(self, series: Data, pool: Any) -> Any:
        if pool is None:
            return compute_steps(series, reraise=False)
        return pool.apply_async(compute_steps, (series,))

    def get_data(self) -> Any:
        return self._data

    @cached_property
    def _data(self) -> Any:
        if any(len(values) > 1 for values in self.data_points.values()):
            return super().get_data()
        self.n_series: int = self.n_series or 1
        nothing = [None] * self.n_series
        rows = sorted(
            (revision, values[0] if values else nothing, self.data_weights[revision][0] if values else nothing)
            for revision, values in self.data_points.items()
        )
        measured = [place for place, (_, values, _) in enumerate(rows) if any(value is not None for value in values)]
        rows = rows[measured[0] : measured[-1] + 1] if measured else []
        return [(revision, v[0], w[0]) for revision, v, w in rows] if self.scalar_series else rows
