"""``make bisect`` finds the commit that changed a metric, past commits that do not run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import asgiref
import pytest
from conftest import ROOT, UNUSED, Checkout

from tools.compare import instructions
from tools.compare.bisect import Bisection
from tools.compare.bisect import bisect as tools_bisect
from tools.compare.side import Cell, Side
from tools.terminal import CannotMeasure

START = "    def __call__(self, environ, start_response):\n"
PLANTED = "\n\ndef planted():\n    pass\n"
VARY = "        import random\n        [planted() for _ in range(random.randrange(9))]\n"
WSGI = "django/core/handlers/wsgi.py"


def bisect(checkout: Checkout, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools", "bisect", "--django", str(checkout.path), "--bad", "main", *arguments]
    state = checkout.state()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert checkout.state() == state
    assert "Traceback" not in done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def history(origin: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Twelve commits: the fourth calls once more, the ninth twice more; the sixth varies, the eighth does not run."""
    path = tmp_path_factory.mktemp("history") / "checkout"
    subprocess.run(["git", "clone", "--quiet", origin, path], check=True)
    checkout = Checkout(path)
    source = (path / WSGI).read_text()
    for number in range(1, 13):
        calls = (number >= 4) + 2 * (number >= 9)
        planted = source.replace(START, START + "        planted()\n" * calls + VARY * (number == 6))
        checkout.write(
            WSGI,
            planted + f"\n\ndef planted():\n    return {number}\n" + "raise ImportError('planted')\n" * (number == 8),
        )
        checkout.commit()
        checkout.git("tag", f"c{number}")
    checkout.git("switch", "--quiet", "--create", "stable", "c2")
    checkout.write("docs.txt", "released")
    checkout.commit()
    checkout.git("switch", "--quiet", "main")
    return checkout


@pytest.fixture
def asgiref_history(tmp_path: Path) -> Checkout:
    """Three commits of asgiref: the second calls once more where a sync function is called."""
    checkout = Checkout(tmp_path / "checkout")
    shutil.copytree(Path(asgiref.__file__).parent, checkout.path / "asgiref", ignore=UNUSED)
    checkout.git("init", "--quiet", "--initial-branch", "main")
    for number in range(1, 4):
        checkout.write("README.rst", f"{number}")
        if number == 2:
            checkout.plant(
                "asgiref/sync.py", "        if self._thread_sensitive:\n", "            planted()\n", PLANTED
            )
        checkout.commit()
        checkout.git("tag", f"c{number}")
    return checkout


def commit(history: Checkout, tag: str) -> str:
    return history.git("rev-parse", "--short=10", tag).strip()


def test_asgiref_s_own_commits_are_compared_and_bisected(asgiref_history: Checkout) -> None:
    found = bisect(asgiref_history, "--project", "asgiref", "--good", "c1", "--scenario", "handlers.Hello ASGI, sync")
    assert found.returncode == 0, found.stderr
    assert f"python_calls changed in {commit(asgiref_history, 'c2')}" in found.stdout
    assert "+3 asgiref.sync.planted, called by asgiref.sync.SyncToAsync.__call__" in found.stdout
    sides = ("--project", "asgiref", "--base", "c1", "--head", "c3", "--exact", "--scenarios", "handlers")
    line = [sys.executable, "-m", "tools", "compare", "--django", str(asgiref_history.path), *sides]
    compared = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert compared.returncode == 2, compared.stderr
    assert "async path cannot tell (+2 python_calls" in compared.stdout
    assert re.search(r"Python \S+, Django 5\.2\.19, asgiref 3\.\d+\.\d+; no instructions", compared.stdout)


@pytest.fixture(autouse=True)
def _temporary(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(temporary))


def test_each_commit_is_found_and_the_function_named(history: Checkout, temporary: Path) -> None:
    done = bisect(history, "--good", "c1", "--scenario", "handlers.Hello WSGI, sync", "--all")
    assert done.returncode == 0, done.stderr
    found = [line.split()[3] for line in done.stdout.splitlines() if line.startswith("python_calls changed in")]
    assert found == [commit(history, "c9"), commit(history, "c4")]
    vary = "handlers.Hello WSGI, sync: python_calls vary from one request to the next"
    assert f"skipped: {commit(history, 'c6')}: {vary}" in done.stderr
    for calls in (1, 2):
        caller = "django.core.handlers.wsgi.WSGIHandler.__call__"
        assert f"+{calls} django.core.handlers.wsgi.planted, called by {caller}" in done.stdout
    assert not list(temporary.iterdir())


def test_a_commit_that_does_not_run_is_skipped(history: Checkout) -> None:
    done = bisect(history, "--good", "c5", "--scenario", "handlers.Hello WSGI, sync")
    assert f"skipped: {commit(history, 'c8')}" in done.stderr
    assert done.stdout.startswith(f"python_calls changed in {commit(history, 'c9')} ")
    assert "or in one of the 1 commits before it, which could not be measured" in done.stdout


def test_a_good_commit_on_a_branch_of_its_own_is_left_for_where_it_parts(history: Checkout) -> None:
    done = bisect(history, "--good", "stable", "--scenario", "handlers.Hello WSGI, sync")
    assert f"stable lies beside main: from where they part, {commit(history, 'c2')}" in done.stderr
    assert done.stdout.startswith(f"python_calls changed in {commit(history, 'c9')} ")


def test_a_commit_that_hangs_is_passed_over(checkout: Checkout) -> None:
    source = (checkout.path / WSGI).read_text()
    checkout.git("tag", "good")
    for name, planted in (("hangs", "        while True:\n            pass\n"), ("bad", "        str()\n" * 9)):
        checkout.write(WSGI, source.replace(START, START + planted))
        checkout.commit()
        checkout.git("tag", name)
    done = bisect(checkout, "--good", "good", "--scenario", "handlers.Hello WSGI, sync")
    hung = "handlers.Hello WSGI, sync: hung: no answer within 10 seconds"
    assert f"skipped: {commit(checkout, 'hangs')}: {hung}" in done.stderr
    assert done.stdout.startswith(f"bytecodes changed in {commit(checkout, 'bad')} ")


class Planned(instructions.CPUCounter):
    """Tells a thousand instructions for each Python call."""

    processes = 2

    def per_call(self, side: Side, cell: Cell) -> float:
        with side.entered(cell):
            return 1000 * side.ask("trace")["counts"].get("python_calls", 0.0)


@pytest.mark.parametrize("metric", ["instructions", ""])
def test_instructions_are_counted_as_the_machine_can(
    history: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], metric: str
) -> None:
    monkeypatch.setattr(instructions, "counter", lambda side, cell: Planned())
    scenario = "handlers.Hello WSGI, sync"
    with pytest.raises(CannotMeasure, match=r"^nothing differs: instructions of .* are the same in c10 and main$"):
        Bisection(history.path, "c10", "main", scenario, metric)
    if metric:
        tools_bisect(history.path, "c1", "main", scenario, metric, every=False)
        said = capsys.readouterr().out
        assert said.startswith(f"instructions changed in {commit(history, 'c9')} ")
        assert re.search(rf"^  {scenario}: \+1\.\d% instructions", said, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("--good", "c10", "--scenario", "handlers.Hello WSGI, sync", "--metric", "hops"),
            "are the same in c10 and main",
        ),
        (("--good", "no-such", "--scenario", "handlers"), "has no revision no-such"),
        (("--good", "main", "--scenario", "handlers"), "main is no ancestor of main"),
        (("--good", "c1", "--scenario", "nonsense"), "no scenario nonsense: there are "),
        (("--good", "c1", "--scenario", "handlers.Bye"), "no cell's name begins with handlers.Bye"),
        (("--good", "c8", "--scenario", "handlers.Hello"), "handlers.Hello WSGI, sync: ImportError: planted"),
        (("--good", "c1", "--scenario", "handlers.Hello", "--metric", "colour"), "no metric colour: there are "),
    ],
)
def test_bad_input_ends_in_one_line_and_status_2(history: Checkout, arguments: tuple[str, ...], complaint: str) -> None:
    done = bisect(history, *arguments)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert complaint in done.stderr.splitlines()[-1]
