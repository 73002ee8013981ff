"""``make bench`` from end to end: releases of the package index measured, compared, published and shown."""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from browser import served, wait_until_painted, watch
from conftest import ROOT, eventually, path_without
from playwright.sync_api import Page
from rich.console import Console
from stand_in import result

from tools.bench.pythons import runs
from tools.bench.table import ReleaseOnPython, tables_of
from tools.results import ResultFile

pytestmark = pytest.mark.xdist_group("bench")  # its fixtures take long: one worker has them all

OLDEST, NEWEST = "3.0", "6.1" if sys.version_info >= (3, 12) else "5.2"

# What a clone holds of what the commands need.
CLONED = (".ci", ".python-version", "asv.conf.json", "benchmarks", "benchproject", "docs", "harness", "tools")


def clone(folder: Path) -> Path:
    for name in CLONED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    handlers = folder / "benchmarks/handlers.py"
    source = handlers.read_text().replace("layouts = 6", "layouts = 1")  # each takes callgrind seconds
    handlers.write_text(source.replace("pairs = 12", "pairs = 2"))
    return folder


def tool(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of a clone, where it finds no valgrind: that takes a minute for each release."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=root,
        env={**os.environ, "HOME": str(root), "PATH": path_without("valgrind"), **environment},
        capture_output=True,
        text=True,
        timeout=500,
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A clone in which ``make bench`` ran over the oldest and the newest Django, and what it printed."""
    root = clone(tmp_path_factory.mktemp("clone"))
    done = tool(root, "tools", "bench", "--releases", f"{OLDEST} {NEWEST}", "--scenarios", "handlers floors")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return root, done.stdout


def cells(output: str, series: str) -> dict[str, list[str]]:
    """Return the printed table's rows of a series: the columns after the cell, by cell."""
    rows = re.findall(rf"^ +{series}\.\d+ +((?:WSGI|ASGI) a?sync) +(.*)$", output, re.MULTILINE)
    return {cell: columns.split() for cell, columns in rows}


def test_the_table_shows_the_newest_django(measured: tuple[Path, str]) -> None:
    shown = cells(measured[1], NEWEST)
    assert {cell: row[6:8] for cell, row in shown.items()} == {
        "WSGI sync": ["0", "0"],
        "WSGI async": ["1", "1"],
        "ASGI sync": ["3", "3"],
        "ASGI async": ["2", "2"],
    }
    assert shown["WSGI sync"][3] == "1.0"
    assert all(re.fullmatch(r"[\d.]+±[\d.]+[μm]s", row[2]) for row in shown.values())
    assert all(0.2 < float(row[4]) < 5 for row in shown.values() if row[4] != "n/a")
    assert {cell for cell, row in shown.items() if row[4] == "n/a"} == {"WSGI async", "ASGI async"}  # 3.0 has none
    assert all(re.fullmatch(r"[\d.]+%", shown[cell][5]) for cell in ("WSGI sync", "ASGI sync"))


def test_without_valgrind_the_instructions_are_not_applicable_and_it_says_why(measured: tuple[Path, str]) -> None:
    assert {tuple(row[:2]) for row in cells(measured[1], NEWEST).values()} == {("n/a", "n/a")}
    assert "No instructions: callgrind needs valgrind, install it." in measured[1]


@pytest.mark.usefixtures("valgrind")
def test_with_valgrind_they_are_counted_where_they_were_not(own: Path) -> None:
    again = tool(own, "tools", "bench", "--releases", NEWEST, "--scenarios", "handlers", PATH=os.environ["PATH"])
    assert again.returncode == 0, again.stderr
    shown = cells(again.stdout, NEWEST)
    assert all(re.fullmatch(r"[\d,]+k", row[0]) for row in shown.values())
    assert shown["WSGI sync"][1] == "1.0"
    assert 2 < float(shown["WSGI async"][1]) < 6
    assert "No instructions" not in again.stdout
    assert set(re.findall(r"handlers\.\w+\.\w+", again.stdout)) == {"handlers.Hello.track_instructions"}


def test_the_table_shows_the_oldest_django_and_what_it_cannot_do(measured: tuple[Path, str]) -> None:
    shown = cells(measured[1], OLDEST)
    assert shown["WSGI sync"][4] == shown["ASGI sync"][4] == "1.00"
    assert shown["WSGI sync"][6:8] == ["0", "0"]
    assert shown["ASGI sync"][6:8] == ["2", "2"]
    assert set(shown["WSGI async"] + shown["ASGI async"]) == {"n/a"}


def test_figures_beside_hello_world_have_a_table_of_their_own(measured: tuple[Path, str]) -> None:
    time = r"[\d.]+±[\d.]+[μnm]s"
    assert re.search(rf"^ +Coroutine.time_await +seconds +{time} +{time} *$", measured[1], re.MULTILINE)


def test_the_page_of_a_site_has_a_table_as_hello_world_has(capsys: pytest.CaptureFixture[str]) -> None:
    document = result("a" * 40, 1, {})
    figures = {"instructions": [800e3, 2.4e6], "hops": [0, 19], "queries": [4, 4]}
    document["results"] = {
        f"page.Page.track_{metric}": [values, [["'WSGI'", "'ASGI'"]], "0" * 64] for metric, values in figures.items()
    }
    releases = {ReleaseOnPython("6.1.3", "3.12"): ResultFile.model_validate(document)}
    units = {f"page.Page.track_{metric}": metric for metric in figures}
    Console(width=160).print(*tables_of("Django", releases, ["page"], units))
    printed = capsys.readouterr().out
    assert re.search(r"^ +6\.1\.3 +WSGI +800k +1\.0 .* 0 ", printed, re.M), printed
    assert re.search(r"^ +6\.1\.3 +ASGI +2,400k +3\.0 .* 19 ", printed, re.M), printed
    assert re.findall(r"Page\.\w+", printed) == ["Page.track_queries"] * 2
    assert "not run" in printed, "the time of it is in no result"
    assert "failed" not in printed


@pytest.mark.parametrize(
    ("python", "program", "complaint"),
    [
        ("3.9", "echo 3.9.1", "Python 3.9.1 is older than 3.11"),
        ("3.14", "echo 3.12.1", "no Python 3.14: python3.14 says that it is 3.12.1"),
        ("3.14t", "echo rubbish", "no Python 3.14t: python3.14t says that it is rubbish"),
        ("3.14", "echo not here >&2; exit 1", "no Python 3.14: python3.14 does not run here: not here"),
        ("3.14", "exit 1", "python3.14 does not run here: it said nothing"),
    ],
)
def test_a_python_that_does_not_do_is_refused(tmp_path: Path, python: str, program: str, complaint: str) -> None:
    stand_in = tmp_path / f"python{python}"
    stand_in.write_text(f"#!/bin/sh\n{program}\n")
    stand_in.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    done = tool(ROOT, "tools", "bench", "--pythons", python, PATH=path)
    assert done.returncode != 0
    assert re.fullmatch(rf"Error: .*{complaint}.*\n", done.stderr), done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not runs("3.12", "3.13"), reason="Python 3.12 and 3.13 are not both installed here")
def test_pythons_are_shown_side_by_side(tmp_path: Path) -> None:
    pythons = ("--pythons", "3.12 3.13", "--releases", "5.2")
    done = tool(clone(tmp_path), "tools", "bench", *pythons, "--scenarios", "handlers")
    assert done.returncode == 0, done.stderr
    assert re.search(r"ratio +to 3.12 +time +ratio +to 3.12 +of 5\.2\.\d+ +resolution", done.stdout)
    rows = re.findall(r"^ +5\.2\.\d+ +(\w+ a?sync) +(3\.1[23]) +n/a +n/a +n/a +\S+ +(\S+) +(\S+) ", done.stdout, re.M)
    cells = [f"{interface} {view}" for interface in ("WSGI", "ASGI") for view in ("sync", "async")]
    assert [row[:2] for row in rows] == [(cell, python) for cell in cells for python in ("3.12", "3.13")]
    assert [row[3] for row in rows][::2] == ["1.00"] * 4
    assert all(0.3 < float(row[3]) < 3 for row in rows)
    assert re.search(r"^Python 3\.12\.\d+, 3\.13\.\d+, Django 5\.2\.\d+, asgiref", done.stdout, re.M)


def test_the_conditions_are_shown(measured: tuple[Path, str]) -> None:
    for words in (
        "in turn with the anchor",
        "Django 5.2.19, median ± half",
        "asgiref 3.13.0",
        "asv_runner 0.3.2",
        "Machine ",
    ):
        assert words in measured[1]


def test_results_are_stored_by_asv(measured: tuple[Path, str]) -> None:
    root, _ = measured
    stored = list((root / ".releases/django/results").glob("*/????????-*.json"))
    assert len(stored) == 2
    assert all("handlers.Hello.time_request" in json.loads(path.read_text())["results"] for path in stored)


def test_asv_compares_two_releases(measured: tuple[Path, str]) -> None:
    root, output = measured
    versions = re.search(r"Releases: (\S+), (\S+)", output)
    assert versions
    done = tool(root, "asv", "--config", "asv.releases.conf.json", "compare", *versions.groups())
    assert done.returncode == 0, done.stderr
    assert re.search(r"2 +\| +3 +\| +1.5.* handlers.Hello.track_hops\('ASGI', 'sync'\)", done.stdout), done.stdout


def test_a_second_run_measures_nothing(measured: tuple[Path, str]) -> None:
    root, first = measured
    again = tool(root, "tools", "bench", "--releases", f"{OLDEST} {NEWEST}", "--scenarios", "handlers floors")
    assert again.returncode == 0
    assert "Benchmarking" not in again.stdout
    assert cells(again.stdout, NEWEST) == cells(first, NEWEST)


def test_without_an_index_the_releases_at_hand_serve(measured: tuple[Path, str]) -> None:
    root, first = measured
    again = tool(root, "tools", "bench", "--scenarios", "handlers", PIP_INDEX_URL="http://127.0.0.1:9/")
    assert again.returncode == 0, again.stderr
    assert "Going on with what is at hand" in again.stdout
    assert cells(again.stdout, NEWEST) == cells(first, NEWEST)


def test_the_site_shows_graphs_without_network(measured: tuple[Path, str], page: Page) -> None:
    with served(measured[0] / ".releases/django/html") as address:
        complaints = watch(page, address)
        page.goto(address + "#handlers.Hello.time_request")
        graph = page.locator("#main-graph")
        graph.locator(".legend").get_by_text("interface-ASGI; view-sync").wait_for()
        wait_until_painted(graph.locator("canvas.flot-base"), 1000)
        page.screenshot(path=measured[0] / "graph.png")
    assert complaints == []


@pytest.mark.parametrize(
    ("arguments", "environment", "complaint"),
    [
        (("--releases", "7.5"), {}, r"unknown release 7\.5"),
        (("--releases", "rubbish;rm"), {}, "unknown release rubbish;rm"),
        (("--releases", "3.2.10", "--project", "asgiref"), {}, r"release 3\.2\.10 is older than 3\.6, the oldest"),
        (("--scenarios", "handler"), {}, "no scenario handler: there are .*, handlers, "),
        ((), {"PIP_INDEX_URL": "http://127.0.0.1:9/"}, "127.0.0.1"),
        (("--project", "no-such-project-of-ours"), {}, "no-such-project-of-ours"),
        (("--colour",), {}, "No such option"),
        (("--pythons", "newest"), {}, "no Python newest: name series"),
        (("--pythons", "3.99"), {}, "no Python 3.99: there is no python3.99 on the PATH; install it"),
    ],
)
def test_bad_input_ends_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], complaint: str
) -> None:
    done = tool(clone(tmp_path), "tools", "bench", *arguments, **environment)
    assert done.returncode != 0
    assert re.search(rf"^Error: .*{complaint}", done.stderr, re.MULTILINE), done.stderr
    assert "Traceback" not in done.stdout + done.stderr


BROKEN = "raise ImportError('planted: this commit is broken')\n"


@pytest.fixture
def own(measured: tuple[Path, str], tmp_path: Path) -> Path:
    """A clone with the measured releases, which a test may spoil."""
    root = clone(tmp_path)
    shutil.copytree(measured[0] / ".releases", root / ".releases", ignore=shutil.ignore_patterns("env"))
    (root / ".releases/django/env").symlink_to(measured[0] / ".releases/django/env")
    shutil.copy(measured[0] / ".asv-machine.json", root)
    return root


def git(folder: Path, *arguments: str) -> str:
    person = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
    return subprocess.check_output(["git", *person, *arguments], cwd=folder, text=True).strip()


def test_a_broken_release_is_said_and_the_others_are_kept(own: Path) -> None:
    history, work = own / ".releases/django/history.git", own / "work"
    git(own, "clone", "--quiet", str(history), str(work))
    (work / "django/__init__.py").write_text(BROKEN)
    git(work, "commit", "--quiet", "--all", "--message", "broken")
    git(work, "tag", "9.9")
    git(work, "push", "--quiet", "origin", "9.9")
    done = tool(
        own,
        *("tools", "bench", "--releases", f"9.9 {NEWEST}", "--scenarios", "handlers floors"),
        PIP_INDEX_URL="http://127.0.0.1:9/",
    )
    assert done.returncode == 1
    assert "planted: this commit is broken" in done.stdout
    assert done.stderr.splitlines()[-1].startswith("Error: not measured: 9.9")
    assert set(cells(done.stdout, NEWEST)) == {"WSGI sync", "WSGI async", "ASGI sync", "ASGI async"}


@pytest.mark.parametrize(
    ("number", "status", "last"),
    [(signal.SIGINT, 130, "Interrupted: "), (signal.SIGTERM, 130, "Interrupted: "), (signal.SIGKILL, -9, "")],
)
def test_an_interrupted_run_leaves_nothing_running(own: Path, number: signal.Signals, status: int, last: str) -> None:
    shutil.rmtree(own / ".releases/django/results")
    command = ["tools", "bench", "--releases", f"{OLDEST} {NEWEST}", "--scenarios", "floors"]
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=own,
        env={**os.environ, "HOME": str(own)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if "Benchmarking" in line:
                break
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert not last or errors.splitlines()[-1].startswith(last)
    assert eventually(lambda: not [line for line in processes() if str(own) in line])


def test_rounds_that_were_interrupted_are_measured_again(own: Path) -> None:
    """Only a whole measurement counts as measured: asv keeps samples of a benchmark until its last round."""
    path = next((own / ".releases/django/results").glob("*/????????-*.json"))
    stored = json.loads(path.read_text())
    row, samples = stored["results"]["floors.Coroutine.time_await"], stored["result_columns"].index("samples")
    row[samples:] = [None] * (samples - len(row)) + [[[1.0, 2.0]]]
    path.write_text(json.dumps(stored))
    again = tool(own, "tools", "bench", "--releases", f"{OLDEST} {NEWEST}", "--scenarios", "floors")
    assert again.returncode == 0, again.stderr
    assert set(re.findall(r"floors\.\w+\.\w+", again.stdout)) == {"floors.Coroutine.time_await"}


def test_runs_at_once_wait_for_each_other_and_leave_nothing_elsewhere(own: Path, temporary: Path) -> None:
    command = [sys.executable, "-m", "tools", "bench", "--releases", NEWEST, "--scenarios", "floors"]
    home = own / "home"
    home.mkdir()
    folders = {"HOME": str(home), "TMPDIR": str(temporary)}
    environment = {**os.environ, **folders, "PIP_INDEX_URL": "http://127.0.0.1:9/"}
    with (own / ".releases/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        runs = [subprocess.Popen(command, cwd=own, env=environment, stderr=subprocess.PIPE, text=True) for _ in "12"]
        for run in runs:
            assert run.stderr
            assert run.stderr.readline() == f"waiting for another run to finish with {own / '.releases'}\n"
    for run in runs:
        assert (run.communicate(timeout=120)[1], run.returncode) == ("", 0)
    assert [path.name for path in (*home.iterdir(), *temporary.iterdir())] == [".asv-machine.json"]


def processes() -> list[str]:
    return subprocess.check_output(["ps", "-eo", "args"], text=True).splitlines()
