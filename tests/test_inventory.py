"""Every benchmark runs on the oldest Django, on each long-term release and on the newest; none vanishes unnoticed.

All cells run on the oldest and on the newest; the first and the last of each benchmark on those between, since all
would take half of the time that all tests have.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import Djangos

INVENTORY = Path(__file__).with_name("inventory.txt")

WHOLE = (Djangos.SERIES[0], Djangos.NEWEST)

EACH_DJANGO = pytest.mark.parametrize(
    "series", [pytest.param(series, marks=pytest.mark.xdist_group(series)) for series in Djangos.SERIES]
)

REASON = re.compile(r"asv: skipped: NotImplementedError\('.+'\)")

# On the newest Django only what this machine lacks is n/a, and what no Django has.
ALLOWED_ON_NEWEST = re.compile(r"DATABASE_URL|async transactions")


@cache
def outcomes(djangos: Djangos, series: str) -> dict[str, Any]:
    return djangos.run_cells(djangos.path(series), chosen="all" if series in WHOLE else "ends")


@EACH_DJANGO
def test_every_benchmark_runs_or_is_not_applicable(djangos: Djangos, series: str) -> None:
    failed = {
        f"{name}-{index}": cell["failed"].splitlines()[-1]
        for name, cells in outcomes(djangos, series).items()
        for index, cell in enumerate(cells)
        if "failed" in cell
    }
    assert failed == {}


@EACH_DJANGO
def test_what_is_not_applicable_says_why(djangos: Djangos, series: str) -> None:
    reasons = {cell["n/a"] for cells in outcomes(djangos, series).values() for cell in cells if "n/a" in cell}
    assert [reason for reason in reasons if not REASON.fullmatch(reason)] == []
    if series == Djangos.NEWEST:
        assert [reason for reason in reasons if not ALLOWED_ON_NEWEST.search(reason)] == []


@EACH_DJANGO
def test_the_inventory_is_the_same_on_every_django(djangos: Djangos, series: str) -> None:
    """inventory.txt lists each benchmark and its number of results; it changes with the benchmarks, by hand."""
    found = {name: len(cells) for name, cells in outcomes(djangos, series).items()}
    listed = {name: int(cells) for name, cells in map(str.split, INVENTORY.read_text().splitlines())}
    assert found == {name: cells if series in WHOLE else min(cells, 2) for name, cells in listed.items()}
