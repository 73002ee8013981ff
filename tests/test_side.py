"""A side's process proves, counts with the origin of each call, and counts instructions of all threads."""

import contextlib
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, Checkout, Djangos, Suite, eventually, with_environment

from harness import remote
from harness.remote import SideFailed, SideHung
from tools.compare import comparison, instructions, trial
from tools.compare import side as tools_side
from tools.compare.comparison import Comparison
from tools.compare.side import Cell, Side
from tools.compare.tree import Tree
from tools.terminal import NoCounter

HELLO = [Cell("handlers.Hello.time_request", index, ()) for index in range(4)]


@pytest.fixture
def side(djangos: Djangos, tmp_path: Path) -> Iterator[Side]:
    (tmp_path / "base").symlink_to(djangos.path(Djangos.NEWEST))
    with contextlib.closing(Side(Tree(tmp_path / "base", "newest"), ["handlers"])) as started:
        assert [(cell.benchmark, cell.index) for cell in started.cells()] == [(c.benchmark, c.index) for c in HELLO]
        yield started


def test_what_is_compared_sees_few_variables(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under callgrind, which inherits all, those of others are empty."""
    seen = tmp_path / "seen"
    (checkout.path / "django/__init__.py").open("a").write(
        f"import os\nopen({str(seen)!r}, 'w').write(str(os.environ))\n"
    )
    for name in ("GITHUB_ENV", "a_token", "python", "PYTHONPATH"):
        monkeypatch.setenv(name, "planted")
    tree = Tree(checkout.path, "spy")
    with contextlib.closing(Side(tree, ["handlers"])) as started:
        assert len(started.cells()) == len(HELLO)
    assert "planted" not in seen.read_text()
    given: dict[str, str] = {}
    monkeypatch.setattr(instructions.callgrind, "count", lambda *_, **variables: given.update(variables) or [])
    assert list(instructions.Callgrind().samples(tree, [])) == []
    assert (given["GITHUB_ENV"], given["a_token"], given["PYTHONPATH"]) == ("", "", str(tree.path))


@pytest.mark.parametrize("cell", HELLO, ids=str)
def test_each_trace_is_the_same(side: Side, cell: Cell) -> None:
    traces = []
    for _ in range(3):
        with side.entered(cell) as answer:
            assert answer == {}
            assert side.ask("prove") == {}
            traces.append(side.ask("trace"))
    assert traces[0]["inexact"] == []
    assert traces[0]["counts"] == traces[1]["counts"] == traces[2]["counts"]
    assert sum(times for _, _, times in traces[0]["calls"]) <= traces[0]["counts"]["python_calls"]


def test_a_command_that_fails_is_answered(side: Side) -> None:
    with side.entered(HELLO[0]):
        assert "failed" in side.ask("batch", "furlongs", 1)
        assert side.ask("prove") == {}


def test_a_process_that_dies_is_said(side: Side) -> None:
    with pytest.raises(SideFailed, match="newest: a cell's process ended with status"):
        side.ask("enter", "no.such.benchmark", 0)
    os.kill(side._process.pid, signal.SIGKILL)
    with pytest.raises(SideFailed, match="newest does not run"):
        side.ask("enter", HELLO[0].benchmark, 0)


THREADS = """
import sys, threading
sys.path.insert(0, {root!r})
from harness.instructions import InstructionCounter

def work():
    for _ in range(100_000):
        pass

def counted(call):
    counter = InstructionCounter()
    before = counter()
    call()
    after = counter()
    counter.close()
    return after - before

def in_thread():
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

here, there, nowhere = counted(work), counted(in_thread), counted(lambda: None)
assert here > 20 * nowhere, (here, nowhere)
assert 0.9 * here < there < 1.5 * here, (here, there)
"""


def test_instructions_of_all_threads_are_counted(side: Side, suite: Suite) -> None:
    with side.entered(HELLO[0]):
        if "failed" in side.ask("batch", "instructions", 1):
            pytest.skip("perf_event_open is not allowed here")
    suite.execute(THREADS.format(root=str(suite.root)))


def test_where_callgrind_takes_no_requests_it_is_said(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    """On such a machine the rest of a comparison goes on: NoCounter is caught, another CannotMeasure is not."""
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(side, "entered", lambda cell: contextlib.nullcontext())
    monkeypatch.setattr(side, "ask", lambda *command: {"failed": "perf_event_open: closed"})
    with pytest.raises(NoCounter, match="closed; allow perf_event_open: callgrind needs x86_64"):
        instructions.counter(side, HELLO[0])


def test_it_ends_at_once_where_interruptions_are_ignored(djangos: Djangos, tmp_path: Path) -> None:
    """A shell starts what it puts in the background so."""
    (tmp_path / "base").symlink_to(djangos.path(Djangos.NEWEST))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        side = Side(Tree(tmp_path / "base", "newest"), ["handlers"])
    finally:
        signal.signal(signal.SIGINT, before)
    side.cells()
    start = time.monotonic()
    side.close()
    assert time.monotonic() - start < 5


HANGS = {
    "awaits": "        await __import__('asyncio').Event().wait()\n",
    "blocks its thread": "        __import__('threading').Event().wait()\n",
    "is busy": "        while True:\n            pass\n",
}


@pytest.fixture
def newest(djangos: Djangos, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """The newest Django, in a folder where logs may be; all that it starts has this test's mark."""
    monkeypatch.setenv("TMPDIR", str(temporary))
    (tmp_path / "base").symlink_to(djangos.path(Djangos.NEWEST))
    return Tree(tmp_path / "base", "newest")


@pytest.mark.parametrize("lines", HANGS.values(), ids=HANGS)
def test_a_cell_that_hangs_is_killed_and_others_can_be_entered(
    newest: Tree, temporary: Path, monkeypatch: pytest.MonkeyPatch, lines: str
) -> None:
    monkeypatch.setattr(tools_side, "PATIENCE", 4)
    with (
        trial.planted(newest, trial.ASGI, lines) as head,
        contextlib.closing(Side(head, ["handlers"])) as started,
    ):
        started.cells()
        before = with_environment("TMPDIR", str(temporary))
        assert comparison.outcome(started, HELLO[3]).failed == "hung: no answer within 4 seconds"
        assert with_environment("TMPDIR", str(temporary)) == before
        assert comparison.outcome(started, HELLO[0]).counts["python_calls"] > 0
    assert with_environment("TMPDIR", str(temporary)) == []


def test_a_path_on_which_cells_hung_is_not_waited_for_again(newest: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools_side, "PATIENCE", 4)
    monkeypatch.setattr(comparison, "HUNG", 1)
    planted = trial.planted(newest, trial.ASGI, HANGS["awaits"])
    with planted as head, Comparison(newest, head, ["handlers", "views"]) as compared:
        pairs = list(compared.count())
        assert compared.hung
    said = {pair.head.failed for pair in pairs if pair.cell.params[0] == "ASGI"}
    assert said == {
        "hung: no answer within 4 seconds",
        "not tried: handlers.Hello ASGI, sync hung",
        "hung: no answer within 2 seconds",
        "not tried: handlers.Hello ASGI, async hung",
    }
    assert compared.verdicts.keys() >= {pair.cell for pair in pairs if pair.cell.params == ("WSGI", "sync")}


def test_a_django_that_hangs_at_import_is_said(newest: Tree, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "START", 3)
    with trial.planted(newest, trial.ASGI, "        None\n") as head:
        with (head.path / "django/__init__.py").open("a") as file:
            file.write("__import__('time').sleep(1000)\n")
        with (
            contextlib.closing(Side(head, ["handlers"])) as started,
            pytest.raises(SideHung, match=r"^planted: what it imports: hung: no answer within 3 seconds$"),
        ):
            started.cells()
    assert with_environment("TMPDIR", str(temporary)) == []


PROGRAM = """
import sys
from pathlib import Path
from tools.compare.side import Cell, Side
from tools.compare.tree import Tree

side = Side(Tree(Path(sys.argv[1]), "head"), ["handlers"])
hangs = side.cells()[-1]
with side.entered(hangs):
    side.ask("prove")
"""


def test_what_hangs_ends_with_a_tool_that_is_killed(newest: Tree, temporary: Path) -> None:
    with trial.planted(newest, trial.ASGI, HANGS["blocks its thread"]) as head:
        command = [sys.executable, "-c", PROGRAM, str(head.path)]
        with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}) as tool:
            assert eventually(lambda: len(with_environment("TMPDIR", str(temporary))) == 3, 30)
            time.sleep(1)  # until it is in the request
            tool.kill()
    assert eventually(lambda: with_environment("TMPDIR", str(temporary)) == [])
