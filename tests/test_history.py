"""docs/history.md says what the stored results say, and the Changes page finds it from these alone."""

import atexit
import re
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT

from tools.site.changes import Change, changes_of
from tools.site.order import Order, order_commits
from tools.site.results import FAILED, Archive, Result, read
from tools.site.site import shown

PAGE = (ROOT / "docs/history.md").read_text()
CELLS = (("WSGI", "sync"), ("ASGI", "sync"), ("ASGI", "async"))
RELEASED = (("WSGI", "sync"), ("WSGI", "async"), ("ASGI", "sync"), ("ASGI", "async"))
COLUMNS = {
    4: [
        f"{name}.track_{count}"
        for name in ("handlers.Hello", "middleware.StartProject")
        for count in ("python_calls", "hops")
    ],
    2: ["handlers.Hello.time_request", "middleware.StartProject.time_request"],
}
"""The benchmarks of a release's row, by how many columns it has."""

SCENARIO = re.compile(r"Python calls of `([\w.]+)`")
ROW = re.compile(r"^\| `?(\w{10})`? \| [\d-]{10} \|", re.M)


@cache
def results() -> Path:
    """The results as git has them: whoever measures has others beside them, and benchmarks of their own."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    listed = subprocess.check_output(["git", "ls-files", "-z", "results"], cwd=ROOT)
    subprocess.run(
        ["git", "checkout-index", "-z", "--stdin", f"--prefix={folder.name}/"], input=listed, cwd=ROOT, check=True
    )
    return Path(folder.name, "results")


@cache
def archive() -> Archive:
    return read(results())


@cache
def history() -> Order:
    return order_commits(archive().results, None, results() / "commits.jsonl")


@cache
def changes() -> dict[str, list[Change]]:
    """The changes of each commit, by ten digits, without git."""
    found: dict[str, list[Change]] = {}
    for change in changes_of(archive().suite, archive().results, history()):
        found.setdefault(change.commit[:10], []).append(change)
    return found


def rows() -> list[tuple[str, str, list[str]]]:
    """The tables' rows: scenario, commit, and its Python calls as the page has them."""
    found = []
    for section in re.split(r"^## ", PAGE, flags=re.M):
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


@pytest.mark.parametrize("scenario", ["handlers.Hello", "middleware.StartProject"])
@pytest.mark.parametrize("cell", [0, 1])
def test_each_row_begins_where_the_one_before_ended(scenario: str, cell: int) -> None:
    steps = [figures[cell].split(" → ") for name, _, figures in rows() if name == scenario and figures[cell] != "="]
    assert len(steps) >= 20
    assert [before for before, _ in steps[1:]] == [after for _, after in steps[:-1]]


VERSION = re.compile(r"^\| (\d\.\d) \| (.+) \|$", re.M)


def test_the_page_has_its_tables() -> None:
    releases = [commit.release for commit in history().releases]
    assert [version for version, _ in VERSION.findall(PAGE)] == releases * len(COLUMNS)
    assert len(OTHER.findall(PAGE)) >= 10


@pytest.mark.parametrize(("version", "columns"), VERSION.findall(PAGE))
def test_the_page_says_what_releases_do(version: str, columns: str) -> None:
    told = columns.split(" | ")
    assert told == [" · ".join(figures_of(version, benchmark)) for benchmark in COLUMNS[len(told)]]


def figures_of(version: str, benchmark: str) -> Iterator[str]:
    for cell in RELEASED:
        number = archive().suite.find(benchmark, *cell)
        assert number is not None
        yield shown(archive().suite.cells[number], release(version).values[number])


def release(version: str) -> Result:
    (commit,) = [commit.hash for commit in history().releases if commit.release == version]
    (result,) = [result for result in archive().results if result.commit == commit]
    return result


def test_the_page_says_how_much_was_refused() -> None:
    refused = sum(value == FAILED for value in release("5.0").values)
    assert f"Of 5.0's {len(archive().suite.cells):,} figures {refused} are missing" in PAGE


OTHER = re.compile(r"^\| `(\w{10})` \| .* \| ([\w.]+) \| (.*) \| ([\w ]+) \| (.+ → .+) \|$", re.M)


@pytest.mark.parametrize(("commit", "scenario", "cell", "metric", "figures"), OTHER.findall(PAGE))
def test_the_page_says_what_other_parts_do(commit: str, scenario: str, cell: str, metric: str, figures: str) -> None:
    suite = archive().suite
    moves = [
        " → ".join(shown(suite.cells[change.cell], each) for each in (change.before, change.after))
        for change in changes()[commit]
        if (suite.cells[change.cell].scenario, suite.cells[change.cell].name, suite.cells[change.cell].metric)
        == (scenario, cell, metric)
    ]
    assert moves == [figures]


def test_what_does_not_show_does_not() -> None:
    """Of the commits in commits.txt, named or found by bisection, the page says how many show, and names the others."""
    (section,) = re.findall(r"^## What does not show.*?(?=^## |\Z)", PAGE, re.M | re.S)
    quiet = re.findall(r"^- `(\w{10})`", section, re.M)
    measured = {result.commit[:10] for result in archive().results}
    assert [commit for commit in quiet if commit in changes() or commit not in measured] == []
    listed = re.findall(r"\b(\w{10}) \d{4}-\d\d-\d\d (.*)", (results() / "commits.txt").read_text())
    known = [{commit for commit, why in listed if ("found by" in why) is bisected} for bisected in (False, True)]
    told = re.findall(r"(\d+) of the (\d+)", section)
    assert told == [(str(len(group & changes().keys())), str(len(group))) for group in known]
    assert set(quiet) == set.union(*known) - changes().keys()


def test_results_are_few_bytes_and_all_are_usable() -> None:
    assert archive().problems == []
    assert sum(path.stat().st_size for path in results().rglob("*") if path.is_file()) < 15e6
