"""``make compare`` says what changed, by how much, and nothing of what did not; bad input ends in one line."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Checkout, Djangos, path_without
from test_bisect import Planned

from tools.compare import comparison, instructions
from tools.compare.command import command
from tools.compare.command import compare as tools_compare
from tools.compare.comparison import Comparison, Outcome, Pair
from tools.compare.side import Cell
from tools.compare.tree import Tree
from tools.terminal import NoCounter

HANDLE = "    async def handle(self, scope, receive, send):\n"
CALL = "    def __call__(self, environ, start_response):\n"
PLANTED = "\n\ndef planted():\n    pass\n"
WORKTREE = ("--base", "HEAD", "--head", "worktree", "--scenarios", "handlers")


def compare(checkout: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with an empty folder for what is temporary, and see that it is left empty."""
    done = subprocess.run(
        [sys.executable, "-m", "tools", "compare", "--django", checkout, *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert not list(folder.iterdir())
    assert not [line for line in processes() if str(folder) in line]
    return done


def processes() -> list[str]:
    return subprocess.check_output(["ps", "-eo", "args"], text=True).splitlines()


@pytest.fixture
def said(checkout: Checkout, temporary: Path) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Compare the working tree with its commit by the scenarios of handlers: the status and what the JSON holds."""

    def run(*options: str) -> tuple[int, dict[str, Any]]:
        state = checkout.state()
        done = compare(checkout.path, temporary, *WORKTREE, "--json", *options)
        assert checkout.state() == state
        assert "Traceback" not in done.stderr
        return done.returncode, json.loads(done.stdout)

    return run


def cell(report: dict[str, Any], *params: str) -> dict[str, Any]:
    return next(each for each in report["cells"] if each["params"] == list(params))


def test_no_cell_of_a_release_is_refused(releases: Path, temporary: Path) -> None:
    """Of all that is compared if nothing else is said, by the trees that compare makes of two releases."""
    done = compare(releases, temporary, "--base", "main~1", "--head", "main", "--exact")
    assert "python_calls" in done.stdout, done.stderr
    assert "not measured" not in (done.stdout + done.stderr).lower()


def test_one_more_call_is_found_and_named(checkout: Checkout, said: Callable[..., Any]) -> None:
    checkout.plant("django/core/handlers/wsgi.py", CALL, "        planted()\n", PLANTED)
    status, report = said("--exact")
    assert status == 2
    assert report["verdicts"]["sync path"]["word"] == "cannot tell"
    assert report["verdicts"]["async path"]["word"] == "unchanged"
    assert "+1 python_calls" in report["headline"]
    sync = cell(report, "WSGI", "sync")
    assert sync["changes"]["python_calls"] == 1
    planted = ["django.core.handlers.wsgi.planted", "django.core.handlers.wsgi.WSGIHandler.__call__", 1]
    assert sync["calls"] == [planted]
    assert cell(report, "ASGI", "async")["changes"] == {}


def test_one_more_crossing_is_found_and_named(checkout: Checkout, said: Callable[..., Any]) -> None:
    crossing = "        await sync_to_async(planted)()\n"
    checkout.plant("django/core/handlers/asgi.py", HANDLE, crossing, PLANTED)
    status, report = said("--exact")
    assert status == 1
    assert report["verdicts"]["sync path"]["word"] == "unchanged"
    asynchronous = cell(report, "ASGI", "async")
    assert asynchronous["changes"]["sync_to_async"] == asynchronous["changes"]["hops"] == 1
    assert "django.core.handlers.asgi.planted" in [called for called, _, _ in asynchronous["calls"]]


@pytest.fixture
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer processes, which tell a change of many per cent."""
    monkeypatch.setattr(instructions.Callgrind, "layouts", 3)
    monkeypatch.setattr(comparison, "PAIRS", 6)


@pytest.mark.usefixtures("fewer")
def test_inlined_work_is_found_by_bytecodes_instructions_and_time(
    checkout: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Said at once, in a table and in files."""
    checkout.plant("django/core/handlers/wsgi.py", CALL, "        for _ in range(6000):\n            pass\n")
    files = ("--markdown", str(tmp_path / "a.md"), "--json", str(tmp_path / "a.json"))
    status = command.main(["--django", str(checkout.path), *WORKTREE, *files], standalone_mode=False)
    done = capsys.readouterr()
    assert done.out.startswith("HEAD (")
    assert "handlers.Hello WSGI, sync: bytecodes" in done.err
    assert "Instructions and times" in done.out
    assert "### Instructions and times" in (tmp_path / "a.md").read_text()
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["status"] == status == 1
    sync = cell(report, "WSGI", "sync")
    assert set(sync["changes"]) <= {"bytecodes"}
    by = {estimate["unit"]: estimate for estimate in sync["estimates"]}
    assert by["instructions"]["change"] > 0.05
    assert all(estimate["change"] > estimate["resolution"] > 0 for estimate in by.values())
    assert all(estimate["low"] < estimate["change"] < estimate["high"] for estimate in by.values())


def test_facts_judge_by_waits_and_by_a_limit_of_instructions(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instructions, "counter", lambda side, cell: Planned())  # a thousand for each Python call
    monkeypatch.setattr(Comparison, "time", lambda comparison: iter(()))
    checkout.plant("django/core/handlers/wsgi.py", CALL, "        planted()\n" * 4, PLANTED)
    report = tools_compare("HEAD", "worktree", checkout.path, ["handlers"], exact=False)
    assert report.status == 1
    assert [report.facts(), report.facts(0.05), report.facts(0.01)] == [0, 0, 1]


def test_whose_code_runs_is_said(checkout: Checkout, said: Callable[..., Any]) -> None:
    checkout.plant("django/core/handlers/wsgi.py", CALL, "        __import__('json').dumps({})\n")
    _, report = said("--exact")
    base, head = (cell(report, "WSGI", "sync")[side]["packages"] for side in ("base", "head"))
    more = {whose: head[whose]["python_calls"] - base[whose]["python_calls"] for whose in base}
    assert more["the standard library"] == 3
    assert more["Django"] == more["asgiref"] == 0
    caller = "django.core.handlers.wsgi.WSGIHandler.__call__"
    assert ["json.dumps", caller, 1] in cell(report, "WSGI", "sync")["calls"]


def test_a_limit_without_a_counter_is_bad_input(
    checkout: Checkout, temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", path_without("valgrind"))
    monkeypatch.setenv("INSTRUCTIONS", "callgrind")
    checkout.plant("django/core/handlers/wsgi.py", CALL, "        planted()\n", PLANTED)
    done = compare(checkout.path, temporary, *WORKTREE, "--facts", "--limit", "5", "--exact")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("Error: --limit: no instructions were counted")


def test_a_template_alone_is_a_change(checkout: Checkout, said: Callable[..., Any]) -> None:
    checkout.write("django/views/templates/planted.html", "planted")
    status, report = said("--exact")
    assert status == 0
    assert "unchanged" in report["headline"]


@pytest.mark.usefixtures("fewer")
def test_less_work_is_faster_and_status_0(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a planned counter, which takes no minutes; the one of this machine counts what is inlined, above."""
    monkeypatch.setattr(instructions, "counter", lambda side, cell: Planned())
    checkout.plant("django/core/handlers/wsgi.py", CALL, "        [planted() for _ in range(6000)]\n", PLANTED)
    checkout.commit()
    checkout.git("revert", "--quiet", "--no-commit", "HEAD")
    report = tools_compare("HEAD", "worktree", checkout.path, ["handlers"], exact=False)
    assert report.status == 0
    assert report.verdicts["sync path"].word == "faster"
    (sync,) = [pair for pair in report.pairs if pair.cell.params == ("WSGI", "sync")]
    assert {each.unit: each.word for each in sync.estimates} == {"instructions": "faster", "time": "faster"}


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Django 3.0 is not tried on Python 3.14")
def test_what_the_base_lacks_is_not_available(djangos: Djangos, checkout: Checkout, temporary: Path) -> None:
    """The commit that brought async views, in release history."""
    checkout.replace(djangos.path("3.0"))
    checkout.commit()
    arguments = ("--base", "HEAD", "--head", "HEAD~1", "--scenarios", "handlers", "--exact", "--markdown")
    done = compare(checkout.path, temporary, *arguments)
    assert done.returncode in (0, 1), done.stderr
    assert re.match(r"\*\*HEAD \(.*\) → HEAD~1 \(.*\): sync path .*\*\*\n\n### Verdict\n\n\| ", done.stdout)
    assert re.search(
        r"\| n/a: Django 3.0.14 lacks async views \(Django 3.1\) +\| handlers.Hello WSGI, async", done.stdout
    )


def test_a_head_that_waits_for_ever_is_said_within_half_a_minute(checkout: Checkout, temporary: Path) -> None:
    waits = "        await __import__('asyncio').Event().wait()\n"
    checkout.plant("django/core/handlers/asgi.py", "    async def run_get_response(self, request):\n", waits)
    start = time.monotonic()
    done = compare(checkout.path, temporary, *WORKTREE)
    assert time.monotonic() - start < 30
    assert done.returncode == 2
    hung = r"Error: not measured: working tree .*: handlers.Hello ASGI, sync: hung: no answer within 10 seconds"
    assert re.match(hung, done.stderr.splitlines()[-1]), done.stderr
    assert "sync path unchanged" in done.stdout


def test_parts_that_cannot_be_compared_are_named(checkout: Checkout, tmp_path: Path, temporary: Path) -> None:
    checkout.plant("django/core/handlers/wsgi.py", CALL, "        planted()\n", PLANTED)
    arguments = ("--base", "HEAD", "--head", "worktree", "--exact", "--scenarios")
    files = ("--markdown", str(tmp_path / "a.md"), "--json", str(tmp_path / "a.json"))
    done = compare(checkout.path, temporary, *arguments, "handlers memory", *files)
    assert done.returncode == 2
    reason = "no benchmark that repeats one call: make bench and asv show its figures"
    assert re.search(rf"both +{reason} +memory", done.stdout)
    assert re.search(rf"\| both +\| {reason} +\| memory", (tmp_path / "a.md").read_text())
    assert json.loads((tmp_path / "a.json").read_text())["left_out"] == ["memory"]
    done = compare(checkout.path, temporary, *arguments, "memory")
    assert (done.returncode, done.stderr.strip()) == (2, f"Error: memory: {reason}")


def test_without_a_counter_of_instructions_the_rest_is_measured(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none(*arguments: object) -> None:
        raise NoCounter("no instructions: planted")

    monkeypatch.setattr(instructions, "counter", none)
    monkeypatch.setattr(Comparison, "time", lambda comparison: iter(()))
    checkout.plant("django/core/handlers/asgi.py", HANDLE, "        await sync_to_async(planted)()\n", PLANTED)
    report = tools_compare("HEAD", "worktree", checkout.path, ["handlers"], exact=False)
    assert report.status == 1
    assert "no instructions: planted" in capsys.readouterr().err
    assert "no instructions counted" in report.conditions


BROKEN = "raise ImportError('planted: this tree is broken')\n"
LIE = "        start_response('200 OK', [])\n        return [b'Hello, liar!']\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--base", "HEAD", "--head", "HEAD"), "hold the same code: nothing to compare"),
        (("--base", "HEAD", "--head", "worktree"), "hold the same code: nothing to compare"),
        (("--base", "no-such", "--head", "HEAD"), "has no revision no-such"),
        (("--base", "--help", "--head", "HEAD"), "has no revision --help"),
        (("--base", "broken", "--head", "HEAD"), "broken .* does not run: ImportError: planted: this tree is broken"),
        (("--base", "HEAD", "--head", "future"), r"future .* needs Python >=3\.99, this is 3\."),
        (("--base", "HEAD", "--head", "asgiref"), r"asgiref .* needs asgiref>=99; asv.conf.json pins 3\."),
        (("--base", "HEAD", "--head", "empty"), "empty holds no django/__init__.py"),
        (
            ("--base", "HEAD", "--head", "lie", "--exact"),
            "not measured: lie .*: handlers.Hello WSGI, sync: Lie: hello_sync ran 0 times",
        ),
        (
            ("--base", "HEAD", "--head", "broken", "--scenarios", "handler"),
            "no scenario handler: there are .*, handlers",
        ),
    ],
)
def test_bad_input_ends_in_one_line_and_status_2(
    spoilt: Checkout, temporary: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    state = spoilt.state()
    done = compare(spoilt.path, temporary, "--scenarios", "handlers", *arguments)
    assert done.returncode == 2
    assert re.search(rf"^Error: .*{complaint}", done.stderr.splitlines()[-1]), done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert spoilt.state() == state


@pytest.fixture(scope="session")
def spoilt(origin: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with branches that cannot be measured."""
    path = tmp_path_factory.mktemp("spoilt") / "checkout"
    subprocess.run(["git", "clone", "--quiet", origin, path], check=True)
    checkout = Checkout(path)
    project = '[project]\nname = "django"\nversion = "1"\n'
    checkout.branch("broken", lambda: checkout.write("django/__init__.py", BROKEN))
    checkout.branch("future", lambda: checkout.write("pyproject.toml", project + 'requires-python = ">=3.99"\n'))
    checkout.branch("asgiref", lambda: checkout.write("pyproject.toml", project + 'dependencies = ["asgiref>=99"]\n'))
    checkout.branch("lie", lambda: checkout.plant("django/core/handlers/wsgi.py", CALL, LIE))
    checkout.branch("empty", lambda: checkout.git("mv", "django", "other"))
    return checkout


def test_beside_a_lie_the_rest_is_measured(spoilt: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "counter", lambda side, cell: Planned())
    report = tools_compare("HEAD", "lie", spoilt.path, ["handlers"], exact=False)
    assert report.status == 2
    assert any("WSGI, sync: Lie: hello_sync ran 0 times" in failure for failure in report.failures)
    measured = {pair.cell.params: [each.unit for each in pair.estimates] for pair in report.pairs if pair.estimates}
    assert measured == {("ASGI", "async"): ["instructions", "time"]}


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_a_path_that_is_no_checkout(tmp_path: Path, temporary: Path, path: str) -> None:
    done = compare(tmp_path / path, temporary, "--base", "a", "--head", "b")
    assert done.returncode == 2
    assert re.match(r"Error: .* is no folder|Error: .*not a git repository", done.stderr)


@pytest.mark.parametrize("after", ["Hello WSGI, sync", "Hello ASGI, async"])
def test_ctrl_c_ends_it_all(checkout: Checkout, tmp_path: Path, temporary: Path, after: str) -> None:
    checkout.plant("django/http/response.py", "    def close(self):\n", "        planted()\n", PLANTED)
    state = checkout.state()
    command = [sys.executable, "-m", "tools", "compare", "--django", checkout.path, *WORKTREE]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if after in line:
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.splitlines()[-1].startswith("Error: interrupted")
    assert "Traceback" not in errors
    assert not list(temporary.iterdir())
    assert not [line for line in processes() if str(tmp_path) in line or str(temporary) in line]
    assert checkout.state() == state


@pytest.mark.parametrize(
    ("changed", "timed"),
    [
        ({}, ["handlers.Hello WSGI, sync", "handlers.Hello ASGI, async"]),
        (
            {"handlers.Hello WSGI, sync": 1, "sessions.Session WSGI": 9},
            ["handlers.Hello WSGI, sync", "handlers.Hello ASGI, async"],
        ),
        ({"sessions.Session WSGI": 9, "sessions.Session ASGI": 2}, ["sessions.Session WSGI"]),
    ],
)
def test_where_hello_world_did_not_change_the_cell_that_changed_most_is_timed(
    tmp_path: Path, changed: dict[str, int], timed: list[str]
) -> None:
    both = (Tree(tmp_path, "base"), Tree(tmp_path, "head"))
    cells = [
        Cell("handlers.Hello.time_request", 0, ("WSGI", "sync")),
        Cell("handlers.Hello.time_request", 3, ("ASGI", "async")),
        Cell("sessions.Session.time_request", 0, ("WSGI",)),
        Cell("sessions.Session.time_request", 1, ("ASGI",)),
    ]
    with Comparison(*both, []) as comparison:
        for cell in cells:
            outcomes = (Outcome({"counts": {"bytecodes": 100 + more}}) for more in (0, changed.get(str(cell), 0)))
            comparison.pairs[cell] = Pair(cell, *outcomes)
        assert [str(cell) for cell in comparison._timed()] == timed
