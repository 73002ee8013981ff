"""docs/history.md says what the stored results say, and the Changes page finds it from these alone."""

import re
from functools import cache

import pytest
from conftest import ROOT

from tools.site.changes import Change, changes_of
from tools.site.history import of
from tools.site.results import Archive, read
from tools.site.site import shown

RESULTS = ROOT / "results"
CELLS = (("WSGI", "sync"), ("ASGI", "sync"), ("ASGI", "async"))

SCENARIO = re.compile(r"Python calls of `([\w.]+)`")
ROW = re.compile(r"^\| `?(\w{10})`? \| [\d-]{10} \|", re.M)


@cache
def archive() -> Archive:
    return read(RESULTS)


@cache
def changes() -> dict[str, list[Change]]:
    """The changes of each commit, by ten digits, without git."""
    found: dict[str, list[Change]] = {}
    for change in changes_of(
        archive().suite, archive().results, of(archive().results, None, RESULTS / "commits.jsonl")
    ):
        found.setdefault(change.commit[:10], []).append(change)
    return found


def rows() -> list[tuple[str, str, list[str]]]:
    """The tables' rows: scenario, commit, and its Python calls as the page has them."""
    found = []
    for section in re.split(r"^## ", (ROOT / "docs/history.md").read_text(), flags=re.M):
        for line in section.splitlines():
            if match := ROW.match(line):
                scenario = SCENARIO.search(section)
                assert scenario, line
                found.append((scenario[1], match[1], [field.strip() for field in line.split("|")[4:7]]))
    return found


def stored(scenario: str, commit: str, cell: int) -> str:
    """Return what a commit changed of a cell, as the page has it."""
    index = archive().suite.find(f"{scenario}.track_python_calls", *CELLS[cell])
    described = archive().suite.cells[index or 0]
    moves = [change for change in changes().get(commit, []) if change.cell == index]
    return " → ".join(shown(described, each) for each in (moves[0].before, moves[0].after)) if moves else "="


@pytest.mark.parametrize(("scenario", "commit", "figures"), rows())
def test_the_page_says_what_is_stored(scenario: str, commit: str, figures: list[str]) -> None:
    assert figures == [stored(scenario, commit, cell) for cell in range(len(CELLS))]


def test_what_does_not_show_does_not() -> None:
    (section,) = re.findall(
        r"^## What does not show.*?(?=^## |\Z)", (ROOT / "docs/history.md").read_text(), re.M | re.S
    )
    quiet = re.findall(r"^- `(\w{10})`", section, re.M)
    assert len(quiet) >= 5
    measured = {result.commit[:10] for result in archive().results}
    assert [commit for commit in quiet if commit in changes() or commit not in measured] == []


def test_results_are_few_bytes_and_all_are_usable() -> None:
    assert archive().problems == []
    assert sum(path.stat().st_size for path in RESULTS.rglob("*") if path.is_file()) < 15e6
