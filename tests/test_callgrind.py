"""callgrind counts the measured calls alone, the same in the same layout of memory, and says where it does not."""

import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Djangos, Suite, with_environment

from harness import callgrind, layout
from tools.compare.instructions import CPUCounter
from tools.compare.side import Side
from tools.compare.tree import Tree

HELLO = [f"handlers.Hello.time_request:{index}" for index in range(4)]
INVENTORY = [line.split() for line in (ROOT / "tests/inventory.txt").read_text().splitlines()]
COUNTED = [f"{name}:0" for name, _ in INVENTORY if name.endswith(".track_instructions")]

pytestmark = [
    pytest.mark.usefixtures("valgrind"),
    pytest.mark.xdist_group("callgrind"),  # one worker has what the first tests count
]


def counted(django: Path, cells: list[str], layouts: int = 1) -> list[dict[str, Any]]:
    return list(callgrind.count(cells, layouts, PYTHONPATH=str(django)))


def counted_by(suite: Suite, djangos: Djangos, cells: list[str]) -> dict[str, Any]:
    """Return what a copy of the suite counts in one layout."""
    program = f"import json; from harness import callgrind; print(json.dumps(*callgrind.count({cells!r}, 1)))"
    environment = {**os.environ, "PYTHONPATH": str(djangos.path(Djangos.NEWEST))}
    found: dict[str, Any] = json.loads(
        subprocess.check_output([sys.executable, "-c", program], cwd=suite.root, env=environment)
    )
    return found


@pytest.fixture(scope="module")
def hello(djangos: Djangos) -> list[dict[str, Any]]:
    return counted(djangos.path(Djangos.NEWEST), HELLO, layouts=6)


def middle(layouts: list[dict[str, Any]], cell: str) -> float:
    """Return the middle of what three layouts count: of two, one pair in a hundred is more than 1 % apart."""
    return statistics.median(layout[cell] for layout in layouts)


def test_the_same_layout_counts_the_same(djangos: Djangos, hello: list[dict[str, Any]]) -> None:
    (again,) = counted(djangos.path(Djangos.NEWEST), HELLO)
    assert again[HELLO[0]] == hello[0][HELLO[0]]
    assert again == pytest.approx(hello[0], rel=1e-2)  # which thread comes first is chance


def test_another_layout_counts_a_little_else(hello: list[dict[str, Any]]) -> None:
    for cell in HELLO:
        assert hello[0][cell] != hello[1][cell]
        assert middle(hello[:3], cell) == pytest.approx(middle(hello[3:], cell), rel=0.01)


def test_a_cell_counts_the_same_among_others_and_alone(djangos: Djangos, hello: list[dict[str, Any]]) -> None:
    """Within what a layout does: what was imported before lies beside it."""
    alone = counted(djangos.path(Djangos.NEWEST), HELLO[3:], layouts=3)
    assert middle(alone, HELLO[3]) == pytest.approx(middle(hello[:3], HELLO[3]), rel=0.01)


def test_it_counts_what_the_cpu_counts(djangos: Djangos, tmp_path: Path, hello: list[dict[str, Any]]) -> None:
    (tmp_path / "base").symlink_to(djangos.path(Djangos.NEWEST))
    side = Side(Tree(tmp_path / "base", "newest"), ["handlers"])
    try:
        cell = side.cells()[0]
        with side.entered(cell):
            if "failed" in side.ask("batch", "instructions", 1):
                pytest.skip("perf_event_open is not allowed here")
        assert CPUCounter().per_call(side, cell) == pytest.approx(hello[0][HELLO[0]], rel=0.1)
    finally:
        side.close()


def test_every_benchmark_of_instructions_counts_them(djangos: Djangos) -> None:
    (layout,) = counted(djangos.path(Djangos.NEWEST), COUNTED)
    assert {cell: number for cell, number in layout.items() if not isinstance(number, float)} == {}
    assert min(layout.values()) > 100_000


def test_what_a_django_lacks_is_not_applicable(djangos: Djangos) -> None:
    (layout,) = counted(djangos.path("3.0"), HELLO[1:3])
    assert layout[HELLO[1]] == {"n/a": "Django 3.0.14 lacks async views (Django 3.1)"}
    assert layout[HELLO[2]] > 100_000


def test_a_cell_that_fails_or_is_killed_is_said_and_the_others_are_counted(suite: Suite, djangos: Djangos) -> None:
    hook = "    def setup(self, interface, view):\n        import os, signal\n"
    kill = "        if (interface, view) == ('WSGI', 'async'):\n            os.kill(os.getpid(), signal.SIGKILL)\n"
    fail = "        if (interface, view) == ('ASGI', 'sync'):\n            raise ValueError('planted')\n"
    rest = "        super().setup(interface, view)\n"
    suite.change("benchmarks/handlers.py", "    rounds = 2\n", "    rounds = 2\n\n" + hook + kill + fail + rest)
    found = counted_by(suite, djangos, HELLO)
    assert "was it killed" in found[HELLO[1]]["failed"]
    assert found[HELLO[2]] == {"failed": "ValueError: planted"}
    assert found[HELLO[0]] > 100_000
    assert found[HELLO[3]] > 100_000


COUNTING = """
import sys
from asv_runner._aux import update_sys_path
update_sys_path(sys.argv[1])
from asv_runner.discovery import get_benchmark_from_name
benchmark = get_benchmark_from_name(sys.argv[1], "handlers.Hello.track_instructions-3")
CELL = "%s:%d" % benchmark.cells[3]
benchmark.set_cache({cache})
benchmark.do_setup()
try:
    {check}
finally:
    benchmark.do_teardown()
"""

SAMPLES = "assert benchmark.do_run() == {'samples': [100.0, 102.0], 'number': 1}"
KILLED = """
    try:
        benchmark.do_run()
    except RuntimeError as problem:
        assert "handlers.Hello.track_instructions:3: {'failed': 'killed'}" == str(problem)
    else:
        raise AssertionError
"""
MISSING = """
    from asv_runner.benchmarks.mark import SkipNotImplemented
    try:
        benchmark.do_run()
    except SkipNotImplemented as reason:
        assert reason.message == "callgrind needs valgrind, install it"
    else:
        raise AssertionError
"""


@pytest.mark.parametrize(
    ("cache", "check"),
    [
        ("[{CELL: 100.0}, {CELL: 102.0}]", SAMPLES),
        ("[{CELL: 100.0}, {CELL: {'failed': 'killed'}}]", KILLED),
        ("'callgrind needs valgrind, install it'", MISSING),
    ],
    ids=["a sample for each layout", "failed", "n/a with the remedy"],
)
def test_asv_is_given(suite: Suite, cache: str, check: str) -> None:
    suite.execute(COUNTING.format(cache=cache, check=check.strip()))


def test_the_command_is_not_there_or_the_machine_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(callgrind.NoCallgrind, match="install it"):
        list(callgrind.count(HELLO))
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(callgrind.NoCallgrind, match="needs x86_64, this is aarch64"):
        list(callgrind.count(HELLO))


def test_a_valgrind_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callgrind, "_COMMAND", ("valgrind", "--tool=no-such-tool"))
    with pytest.raises(callgrind.CallgrindFailed, match=r"callgrind ended with status 1: .*no-such-tool"):
        list(callgrind.count(HELLO, 1))


def test_what_takes_too_long_ends_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch, temporary: Path, djangos: Djangos
) -> None:
    monkeypatch.setattr(callgrind, "START", 0.5)
    monkeypatch.setattr(callgrind, "PATIENCE", 0.0)
    monkeypatch.setenv("TMPDIR", str(temporary))
    with pytest.raises(callgrind.CallgrindFailed, match="has not counted within 0 seconds"):
        counted(djangos.path(Djangos.NEWEST), HELLO)
    assert with_environment("TMPDIR", str(temporary)) == []


def test_a_layout_is_made_of_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in it, and how many numbers of classes an import finds taken."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    one, same, other = (list(map(len, layout.lay_out(seed))) for seed in (1, 1, 2))
    assert one == same != other
    assert math.isclose(sum(one) / len(one), layout.SIZES / 2, rel_tol=0.02)
    assert math.isclose(len(one), layout.OBJECTS / 2, rel_tol=0.02)
    finders = sys.meta_path[:3]
    assert [each.find_spec("module") for each in finders] == [None] * 3
    drawn = [[each.chance.random() for _ in range(3)] for each in finders]
    assert drawn[2] == drawn[1] != drawn[0]
    layout.leave_imports()
    assert not [each for each in sys.meta_path if isinstance(each, layout.TakenNumbers)]


def test_a_request_that_looks_for_a_module_in_vain_pays_for_no_layout(djangos: Djangos, suite: Suite) -> None:
    """Only what is imported before it is measured finds numbers of classes taken."""
    search = "    import importlib.util; importlib.util.find_spec('missing_module')\n"
    head = "\ndef hello_sync(request):\n"
    suite.change("benchproject/views/hello.py", head, head + search)
    some = counted_by(suite, djangos, HELLO[:1])
    suite.change("harness/layout.py", "NUMBERS = 8", "NUMBERS = 1")
    assert counted_by(suite, djangos, HELLO[:1]) == pytest.approx(some, rel=0.02)
