"""A side's process proves, counts with the origin of each call, and counts instructions of all threads."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Djangos, Suite

from tools.compare import instructions
from tools.compare.side import Cell, Side
from tools.compare.tree import Tree
from tools.terminal import CannotMeasure

HELLO = [Cell("handlers.Hello.time_request", index, ()) for index in range(4)]


@pytest.fixture
def side(djangos: Djangos, tmp_path: Path) -> Iterator[Side]:
    (tmp_path / "base").symlink_to(djangos.path(Djangos.NEWEST))
    with contextlib.closing(Side(Tree(tmp_path / "base", "newest"), ["handlers"])) as started:
        assert [(cell.benchmark, cell.index) for cell in started.cells()] == [(c.benchmark, c.index) for c in HELLO]
        yield started


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
    with pytest.raises(CannotMeasure, match="newest: a cell's process ended with status"):
        side.ask("enter", "no.such.benchmark", 0)
    os.kill(side._process.pid, signal.SIGKILL)
    with pytest.raises(CannotMeasure, match="newest does not run"):
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


def counter_of_the_machine(side: Side) -> instructions.Counter:
    with contextlib.suppress(CannotMeasure):
        return instructions.counter(side, HELLO[0])
    pytest.skip("this machine has no counter of instructions: allow perf_event_open or install valgrind")


def test_instructions_of_all_threads_are_counted(side: Side, suite: Suite) -> None:
    if counter_of_the_machine(side).name != instructions.Counter.name:
        pytest.skip("perf_event_open is not allowed here")
    suite.execute(THREADS.format(root=str(suite.root)))


@pytest.mark.usefixtures("valgrind")
def test_callgrind_counts_what_the_machine_counts(djangos: Djangos, tmp_path: Path, side: Side) -> None:
    (tmp_path / "head").symlink_to(djangos.path(Djangos.NEWEST))
    callgrind = instructions.Callgrind()
    with contextlib.closing(Side(Tree(tmp_path / "head", "head"), ["handlers"], callgrind.command)) as slow:
        slow.cells()
        counted = [callgrind.per_call(slow, HELLO[0]) for _ in range(2)]
    assert counted[0] == pytest.approx(counted[1], rel=1e-3)
    machine = counter_of_the_machine(side)
    if machine.name == instructions.Counter.name:
        assert machine.per_call(side, HELLO[0]) == pytest.approx(counted[0], rel=0.1)


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
