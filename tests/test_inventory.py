"""Every benchmark runs on the oldest Django, on each long-term release and on the newest; none vanishes unnoticed."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import Djangos

INVENTORY = Path(__file__).with_name("inventory.txt")

EACH_DJANGO = pytest.mark.parametrize(
    "series", [pytest.param(series, marks=pytest.mark.xdist_group(series)) for series in Djangos.SERIES]
)

REASON = re.compile(r"asv: skipped: NotImplementedError\('.+'\)")

# On the newest Django only what this machine lacks is n/a, and what no Django has.
ALLOWED_ON_NEWEST = re.compile(r"DATABASE_URL|async transactions")


@cache
def outcomes(djangos: Djangos, series: str) -> dict[str, Any]:
    return djangos.run_cells(djangos.path(series))


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
    found = [f"{name} {len(cells)}" for name, cells in sorted(outcomes(djangos, series).items())]
    assert found == INVENTORY.read_text().splitlines()
