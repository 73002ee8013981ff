"""Every benchmark runs on the oldest Django, on each long-term release and on the newest; none vanishes unnoticed.

All cells run on the oldest and on the newest; the first and the last of each benchmark on those between, since all
would take half of the time that all tests have.
"""

import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import Djangos

INVENTORY = Path(__file__).with_name("inventory.txt")

WHOLE = (Djangos.SERIES[0], Djangos.NEWEST)

HALVES = {"a-l": "^[a-l]", "m-z": "^[^a-l]"}
"""Benchmarks by the first letter of their file. A worker has half of them: one took seven minutes for all."""

EACH_DJANGO = pytest.mark.parametrize(
    ("series", "half"),
    [
        pytest.param(series, half, marks=pytest.mark.xdist_group(f"{series} {half}"))
        for series in Djangos.SERIES
        for half in HALVES
    ],
)

REASON = re.compile(r"asv: skipped: NotImplementedError\('.+'\)")

# On the newest Django only what this machine lacks is n/a, and what no Django has.
ALLOWED_ON_NEWEST = re.compile(r"DATABASE_URL|async transactions|test_callgrind")

DATABASE = r"^(auth|cache|database|sessions)\.\w+\.time_"  # one benchmark of each class, since all share its setup


@cache
def outcomes(djangos: Djangos, series: str, half: str) -> dict[str, Any]:
    return djangos.run_cells(djangos.path(series), HALVES[half], chosen="all" if series in WHOLE else "ends")


def failures(found: dict[str, Any]) -> dict[str, str]:
    """Return the last line of each failed cell's traceback."""
    return {
        f"{name}-{index}": cell["failed"].splitlines()[-1]
        for name, cells in found.items()
        for index, cell in enumerate(cells)
        if "failed" in cell
    }


@EACH_DJANGO
def test_every_benchmark_runs_or_is_not_applicable(djangos: Djangos, series: str, half: str) -> None:
    assert failures(outcomes(djangos, series, half)) == {}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Django 6.0 needs Python 3.12")
def test_every_benchmark_with_a_database_runs_where_django_expects_an_open_connection(djangos: Djangos) -> None:
    found = djangos.run_cells(djangos.path("6.0"), DATABASE)
    assert failures(found) == {}
    assert len(found) == 7
    reasons = [cell["n/a"] for cells in found.values() for cell in cells if "n/a" in cell]
    assert [reason for reason in reasons if not ALLOWED_ON_NEWEST.search(reason)] == []


@EACH_DJANGO
def test_what_is_not_applicable_says_why(djangos: Djangos, series: str, half: str) -> None:
    reasons = {cell["n/a"] for cells in outcomes(djangos, series, half).values() for cell in cells if "n/a" in cell}
    assert [reason for reason in reasons if not REASON.fullmatch(reason)] == []
    if series == Djangos.NEWEST:
        assert [reason for reason in reasons if not ALLOWED_ON_NEWEST.search(reason)] == []


@EACH_DJANGO
def test_the_inventory_is_the_same_on_every_django(djangos: Djangos, series: str, half: str) -> None:
    """inventory.txt lists each benchmark and its number of results; it changes with the benchmarks, by hand."""
    found = {name: len(cells) for name, cells in outcomes(djangos, series, half).items()}
    listed = {name: int(cells) for name, cells in map(str.split, INVENTORY.read_text().splitlines())}
    whole = {name: cells if series in WHOLE else min(cells, 2) for name, cells in listed.items()}
    assert found == {name: cells for name, cells in whole.items() if re.match(HALVES[half], name)}
