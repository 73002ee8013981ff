"""``make attribute`` finds the one commit behind a change of several, and ``make report`` says what it did."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Checkout
from measuring import commits_of, measure

from tools.compare.trial import ASGI, PLANTED

pytestmark = pytest.mark.xdist_group("measure")

CROSSING = "        await __import__('asgiref.sync').sync.sync_to_async(planted)()\n"
COMMITS, CHANGING, BROKEN = 4, (1, 4), 3
"""Commits after the first, and which of them, from 1, add a crossing; the one that does not compile."""


@pytest.fixture(scope="module")
def history(origin: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A history of which two commits change what a request counts, and one does not compile."""
    path = tmp_path_factory.mktemp("attribute") / "checkout"
    subprocess.run(["git", "clone", "--quiet", origin, path], check=True)
    checkout = Checkout(path)
    for number in range(1, COMMITS + 1):
        file, line = ASGI
        if number in CHANGING:
            checkout.plant(file, line, CROSSING, PLANTED if number == CHANGING[0] else "")
        if number == BROKEN + 1:
            checkout.git("checkout", "HEAD~1", "--", "django/urls/base.py")
        checkout.write("django/urls/base.py" if number == BROKEN else "unread.py", f"commit {number}\n")
        checkout.commit()
    return checkout


@pytest.fixture(scope="module")
def results(history: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was measured of the first and the last of its commits."""
    folder = tmp_path_factory.mktemp("attribute") / "results"
    commits = commits_of(history.path)
    listed = folder.with_name("commits.txt")
    listed.write_text(f"{commits[0]}\n{commits[-1]}\n")
    done = measure(folder, history.path, listed)
    assert done.returncode == 0, done.stderr
    return folder


def tool(name: str, results: Path, history: Checkout, *arguments: str) -> str:
    where = ["--results", str(results), "--django", str(history.path)]
    done = subprocess.run(
        [sys.executable, "-m", "tools", name, *where, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def attribute(results: Path, history: Checkout, *arguments: str) -> str:
    return tool("attribute", results, history, "--anchor", "main", *arguments)


def test_it_says_before_it_measures_how_much(results: Path, history: Checkout) -> None:
    said = attribute(results, history, "--count", "0")
    assert said.splitlines()[0] == "1 stretch of 4 commits changed counts or instructions: some 2 to measure"
    assert re.search(r"^one of several: 4 commits to \w{10} .*: not measured yet$", said, re.MULTILINE)
    assert len(list(results.glob("*/????????-*.json"))) == 2
    assert "one of the 4 commits since then did it" in tool("report", results, history, commits_of(history.path)[0])


def test_each_change_has_its_commit_and_one_that_does_not_compile_is_passed_over(
    results: Path, history: Checkout
) -> None:
    begun = attribute(results, history, "--count", "1")
    assert begun.count(" benchmarks, ") == 1
    again = attribute(results, history, "--count", "1")
    assert again.splitlines()[-1].endswith(": not measured yet"), "a commit whose turn did not come can be measured"
    done = attribute(results, history)
    assert done.startswith("1 stretch of 2 commits")
    assert re.search(
        r"failed: SyntaxError: .*\none of several: 2 commits to .*: those between cannot be measured\n", done
    )
    commits = commits_of(history.path)[::-1]
    first, last = (tool("report", results, history, commits[number][:10]) for number in CHANGING)
    assert f"**slower** than {commits[0][:10]}, its parent." in first
    assert re.search(r"^\| handlers.Hello sync_to_async crossings \(ASGI\) \| \+1 in 2 cells \|", first, re.MULTILINE)
    assert f'BASE={commits[0][:10]} HEAD={commits[1][:10]} SCENARIOS="handlers"' in first
    assert f"**slower** than {commits[2][:10]}; one of the 2 commits since then did it" in last


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["0123456789"], "0123456789 names no measured commit: COMMIT= is a release or a hash; make measure first"),
        ([""], "nothing names no measured commit"),
        (["0123456789", "--django", "nowhere"], "git: cannot change to 'nowhere'"),
        (["0123456789", "--django", "/"], "git: not a git repository"),
    ],
)
def test_bad_input_of_a_report_ends_in_one_line(results: Path, arguments: list[str], complaint: str) -> None:
    command = [sys.executable, "-m", "tools", "report", "--results", str(results), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert complaint in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
