"""Merge and site read by one schema: what one refuses the other does, and what both take can be shown."""

import json
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asv.results import get_filename
from stand_in import BENCHMARK, ENVIRONMENT, benchmarks, result

from tools import results
from tools.history.asked import ask
from tools.history.merge import Merge
from tools.history.repository import Repository
from tools.site.results import FAILED, Result, outcome, withhold
from tools.site.suite import Suite, load

MACHINE = {"machine": "vm", "os": "Linux", "arch": "x86_64", "cpu": "a", "num_cpu": "2", "ram": "1000"}
COMMIT = "a" * 40
Document = dict[str, Any]


def row(**columns: Any) -> Callable[[Document], None]:
    """Return what changes columns of the one benchmark."""

    def change(document: Document) -> None:
        fields = dict.fromkeys(results.ResultRow._fields) | dict(
            zip(results.ResultRow._fields, document["results"][BENCHMARK], strict=False)
        )
        document["results"][BENCHMARK] = list((fields | columns).values())

    return change


def key(**changes: Any) -> Callable[[Document], None]:
    return lambda document: document.update(changes)


BAD = {
    "a count of 401 digits": row(result=[10**400] * 4),
    "infinity": row(result=[float("inf")] * 4),
    "another length": row(result=[1, 2]),
    "an interval of another length": row(stats_ci_99_a=[1, 2]),
    "a truth": row(result=[True] * 4),
    "a word": row(result=["1"] * 4),
    "a billion cells": row(result=None, params=[["1"] * 1000] * 3),
    "a start after the end of time": row(started_at=10**20),
    "the year 31,690,708": key(date=10**18),
    "a lone surrogate": key(python="\ud800"),
    "markup": key(env_vars={"A": "<script>"}),
    "a path": key(env_name="../up"),
    "one column more": key(result_columns=[*results.ResultRow._fields, "more"]),
    "one key more": key(more=1),
    "another version": key(version=3),
    "no packages": lambda document: document.pop("requirements"),
}


@pytest.fixture
def merging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Merge:
    """A merge of Django's one commit."""
    monkeypatch.setattr(Repository, "dates", lambda self: {COMMIT: 1000})
    return Merge(tmp_path / "into", ask(Repository(tmp_path), None, machines="vm"))


def taken(folder: Path, merging: Merge, change: Callable[[Document], None]) -> tuple[bool, Result | str]:
    """Return whether a result is merged, and what the site makes of it."""
    document = {**result(COMMIT, 1, MACHINE), "job": "job"}
    change(document)
    shard = folder / "shard"
    path = shard / get_filename("vm", COMMIT, ENVIRONMENT)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(document))
    path.with_name("machine.json").write_text(json.dumps({**MACHINE, "version": 1}))
    (shard / "benchmarks.json").write_text(json.dumps(benchmarks()))
    merging.add(shard)
    suite, _ = load(shard)
    return str(path) not in merging.refused, outcome((path, "vm"), suite)


@pytest.mark.parametrize("name", BAD)
def test_what_the_site_refuses_merge_refuses(name: str, tmp_path: Path, merging: Merge) -> None:
    merged, shown = taken(tmp_path, merging, BAD[name])
    assert not merged
    assert isinstance(shown, str)


@pytest.mark.parametrize(
    "change",
    [
        row(),
        row(result=[float("nan")] * 4),
        row(result=[None] * 4),
        row(result=None),
        row(stats_ci_99_a=[float("-inf")] * 4, stats_ci_99_b=[float("inf")] * 4),
        key(durations={"<build>": 1.0}),
    ],
)
def test_what_merge_takes_the_site_shows(change: Callable[[Document], None], tmp_path: Path, merging: Merge) -> None:
    merged, shown = taken(tmp_path, merging, change)
    assert merged, merging.refused
    assert isinstance(shown, Result), shown


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("job"),
        key(requirements={}),
        row(samples=[[1.0]] * 4),
        row(version="1"),
        lambda document: document["params"].update(ram="9"),
    ],
)
def test_merge_asks_for_more_than_the_site(change: Callable[[Document], None], tmp_path: Path, merging: Merge) -> None:
    merged, shown = taken(tmp_path, merging, change)
    assert not merged
    assert isinstance(shown, Result), shown


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "another.Name.track_hops"},
        {"unit": "<script>"},
        {"code": "\ud800"},
        {"params": [["1"]]},
        {"params": [["1"] * 1000] * 3, "param_names": ["a", "b", "c"]},
    ],
)
def test_a_benchmark_that_is_none_is_left_out(changes: Document, tmp_path: Path) -> None:
    described = benchmarks()
    described[BENCHMARK] |= changes
    (tmp_path / "benchmarks.json").write_text(json.dumps(described))
    suite, problems = load(tmp_path)
    assert (list(suite.benchmarks), len(problems)) == ([], 1)


CELLS = [["'WSGI'", "'ASGI'"], ["'sync'", "'async'"]]
COUNTED = {
    "track_hops": "hops",
    "track_python_calls": "calls",
    "track_bytecodes": "bytecodes",
    "track_native_calls": "calls",
    "time_request": "seconds",
}


@pytest.mark.parametrize(
    ("refused", "taken_back"),
    [
        ({"track_hops": [3]}, True),
        ({"track_python_calls": [2]}, True),
        ({"track_bytecodes": [2], "track_native_calls": [2]}, False),
        ({name: [3] for name in COUNTED}, False),  # nothing of the cell could be measured
        ({"time_request": [3]}, False),
    ],
)
def test_what_was_the_same_by_chance_is_taken_back(refused: dict[str, list[int]], taken_back: bool) -> None:
    suite = Suite({f"a.B.{name}": {"params": CELLS, "unit": unit} for name, unit in COUNTED.items()})
    values = array("d", [1.0]) * len(suite.cells)
    for name, cells in refused.items():
        for cell in cells:
            values[suite.first[f"a.B.{name}"] + cell] = FAILED
    before = list(values)
    withhold(values, suite)
    for number, cell in enumerate(suite.cells):
        gone = taken_back and cell.exact and cell.interface == "ASGI"
        assert values[number] == (FAILED if gone else before[number]), cell
