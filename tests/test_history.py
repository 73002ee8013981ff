"""docs/history.md says what the stored results say, and the Changes page finds it from these alone."""

import atexit
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT

from tools.site import async_or_not
from tools.site.history import PAGE, STEPS, Told, render
from tools.site.plugin import site_in
from tools.site.site import Site
from tools.terminal import Problem


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
def site() -> Site:
    return site_in(results())


def fullest(folder: Path, commit: str) -> Path:
    """Return the file of a commit that has most: other Pythons have less."""
    return max(folder.glob(f"*/{commit[:8]}-*.json"), key=lambda path: path.stat().st_size)


def test_the_page_is_what_the_results_say() -> None:
    assert PAGE.read_text() == render(site()), "make history writes it anew"


def test_async_or_not_says_what_the_stored_runs_say() -> None:
    assert async_or_not.PAGE.read_text() == async_or_not.render(site().served), "make history writes it anew"


def test_a_run_that_is_not_stored_is_named() -> None:
    with pytest.raises(Problem, match=r"async-or-not\.md tells of a run of hello, .* and none is stored: make served"):
        async_or_not.render([])


@pytest.mark.parametrize("scenario", STEPS)
@pytest.mark.parametrize("cell", [0, 1])
def test_each_row_begins_where_the_one_before_ended(scenario: str, cell: int) -> None:
    """No commit that changed these calls is left out: it is a row, or in a row of several."""
    calls = [re.findall(r"\((\w+) → (\w+)\)", step.cells[cell]) for step in Told(site()).steps(scenario)]
    steps = [found[0] for found in calls if found and found[0][0] != "failed" != found[0][1]]
    assert len(steps) >= 10
    assert [before for before, _ in steps[1:]] == [after for _, after in steps[:-1]]


def test_pythons_are_told_side_by_side(tmp_path: Path) -> None:
    own = shutil.copytree(results(), tmp_path / "results")
    (release,) = [each.hash for each in site().order.releases if each.release == "6.0"]
    path = fullest(own, release)
    stored = json.loads(path.read_text().replace('"3.12"', '"3.9"'))
    of_one = stored["results"]["handlers.Hello.track_instructions"]
    of_one[0] = [1e6, 2e6, 3e6, 4e6]
    stored["results"] = {"handlers.Hello.track_instructions": of_one}
    (path.parent / f"{release[:8]}-env-other.json").write_text(json.dumps(stored))
    rows = re.findall(r"^\| 6\.0 \| (3\.\d+) \| (.*?) \| (.*?) \|$", render(site_in(own)), re.MULTILINE)
    assert [python for python, *_ in rows] == ["3.9", "3.12"]
    assert rows[0][1] == "1,000k · 2,000k · 3,000k · 4,000k"
    assert rows[1][1:] == tuple(
        Told(site()).cells(site().best(release, None), f"{scenario}.track_instructions") for scenario in STEPS
    )


def test_a_figure_that_is_not_what_was_stored_is_seen(tmp_path: Path) -> None:
    own = shutil.copytree(results(), tmp_path / "results")
    (release,) = [each.hash for each in site().order.releases if each.release == "4.2"]
    path = fullest(own, release)
    stored = json.loads(path.read_text())
    stored["results"]["handlers.Hello.track_instructions"][0][0] *= 1.1
    path.write_text(json.dumps(stored))
    assert render(site_in(own)) != PAGE.read_text()


@pytest.mark.parametrize(
    "claim",
    [
        lambda told: told.step("fc0fa72ff4", "handlers.Hello", "track_queries", "WSGI", "sync"),
        lambda told: told.step("0000000000", "handlers.Hello", "track_hops", "ASGI", "sync"),
        lambda told: told.same("65a9f14196", "middleware.StartProject", "WSGI", "sync"),
        lambda told: told.same("0000000000", "handlers.Hello", "WSGI", "sync"),
        lambda told: told.figure("1.0", "handlers.Hello.track_hops", "ASGI", "sync"),
    ],
)
def test_what_no_result_says_is_not_told(claim: Callable[[Told], str]) -> None:
    with pytest.raises(Problem, match=r"docs/history\.md tells"):
        claim(Told(site()))


def test_results_are_few_bytes_and_all_are_usable() -> None:
    assert site().archive.problems == []
    assert sum(path.stat().st_size for path in results().rglob("*") if path.is_file()) < 25e6
