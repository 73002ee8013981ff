"""The verdict follows from what was measured by the rules of docs/method.md, with the false alarms that it admits."""

import random

import pytest

from tools.compare import verdict
from tools.compare.side import Cell
from tools.compare.verdict import Estimate


def estimate(change: float, unit: str = "instructions") -> Estimate:
    return Estimate(unit, 1000.0, change, change - 0.002, change + 0.002, 0.005)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "estimates", "word"),
    [
        ({}, [], "unchanged"),
        ({}, [estimate(0.004), estimate(-0.004, "time")], "unchanged"),
        ({}, [estimate(0.006)], "slower"),
        ({}, [estimate(-0.006)], "faster"),
        ({}, [estimate(0.006, "time")], "slower"),
        ({}, [estimate(0.006), estimate(-0.006, "time")], "cannot tell"),
        ({"python_calls": 1}, [], "cannot tell"),
        ({"python_calls": 1}, [estimate(0.001)], "unchanged"),
        ({"python_calls": 1}, [estimate(-0.006)], "faster"),
        ({"python_calls": -1}, [], "cannot tell"),
        ({"python_calls": -1}, [estimate(0.001)], "unchanged"),
        ({"python_calls": -1}, [estimate(-0.006)], "faster"),
        ({"python_calls": -9, "tasks": -1}, [], "cannot tell"),
        ({"python_calls": -9, "tasks": -1}, [estimate(0.001)], "unchanged"),
        ({"python_calls": -9, "tasks": -1}, [estimate(0.006)], "slower"),
        ({"python_calls": -9, "tasks": -1}, [estimate(0.006, "time")], "slower"),
        ({"python_calls": -9, "hops": 1}, [], "slower"),
        ({"python_calls": -9, "hops": 1}, [estimate(0.001)], "slower"),
        ({"python_calls": -9, "hops": 1}, [estimate(-0.006)], "cannot tell"),
        ({"python_calls": -9, "hops": 1}, [estimate(-0.006), estimate(-0.006, "time")], "faster"),
        ({"hops": 1, "tasks": -1}, [], "cannot tell"),
        ({"hops": 1, "tasks": -1}, [estimate(0.001)], "unchanged"),
        ({"hops": 2, "tasks": -1}, [estimate(0.001)], "slower"),
        ({"bytecodes": 5, "native_calls": 1}, [], "cannot tell"),
        ({"bytecodes": 5}, [estimate(0.006)], "slower"),
        *[({metric: 1}, [], "slower") for metric in verdict.WAITS],
    ],
)
def test_a_cell_is_judged_by_all_that_is_known(changes: dict[str, int], estimates: list[Estimate], word: str) -> None:
    assert verdict.judge(changes, estimates).word == word


def test_a_group_is_judged_by_its_worst_cell() -> None:
    cells = [Cell("middleware.Stack.time_request", index, ("WSGI", "sync", str(index))) for index in range(3)]
    unchanged, slower = verdict.judge({}, [estimate(0.0)]), verdict.judge({"hops": 1}, [])
    said = verdict.by_group({cells[0]: unchanged, cells[1]: slower, cells[2]: unchanged})
    assert said == dict.fromkeys(("sync path", "middleware"), ("slower", "+1 hops", f"1 of 3 cells, {cells[1]}", False))


def test_a_cell_that_was_measured_speaks_for_those_that_were_counted() -> None:
    cells = [Cell("middleware.Stack.time_request", index, ("WSGI", "sync", str(index))) for index in range(2)]
    counted, measured = verdict.judge({"python_calls": 1}, []), verdict.judge({"python_calls": 2}, [estimate(0.001)])
    assert verdict.summary({cells[0]: counted, cells[1]: measured}).word == "unchanged"
    assert verdict.summary({cells[0]: counted}).word == "cannot tell"
    assert verdict.summary({cells[0]: verdict.judge({"hops": 1}, []), cells[1]: measured}).word == "slower"


def test_no_change_of_instructions_is_told_from_none_that_code_which_never_runs_makes() -> None:
    """Equal samples, as callgrind has them of equal layouts, have no variance."""
    said = verdict.instructions([1000.0] * 8, [1000.5] * 8, 4)
    assert said.word == "unchanged"
    assert str(said) == "+0.0% instructions (± 0.4%)"


@pytest.mark.parametrize(
    ("params", "path"),
    [
        (("WSGI", "sync", "4"), "sync path"),
        (("WSGI", "async"), "mixed path"),
        (("ASGI", "sync"), "mixed path"),
        (("ASGI", "async"), "async path"),
        (("WSGI", "10 MB"), "sync path"),
        (("ASGI",), "async path"),
        (("AsyncClient", "async"), "async path"),
        (("sync_to_async", "1", "0"), None),
        ((), None),
    ],
)
def test_the_path_of_a_cell(params: tuple[str, ...], path: str | None) -> None:
    assert verdict.path_of(Cell("part.Scenario.time_it", 0, params)) == path


def noise(generator: random.Random, count: int, mean: float = 0.0, deviation: float = 0.004) -> list[float]:
    return [generator.gauss(mean, deviation) for _ in range(count)]


def test_the_same_is_called_changed_as_seldom_as_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once in a hundred here, so that it is seen: of 4,000 simulated comparisons 40, give or take 4 deviations."""
    monkeypatch.setattr(verdict, "FALSE_ALARM", 0.01)
    generator = random.Random(1)

    def instructions() -> Estimate:
        return verdict.instructions([1 + x for x in noise(generator, 12)], [1 + x for x in noise(generator, 12)], 1)

    def times() -> Estimate:
        return verdict.times(1e-3, noise(generator, 8), noise(generator, 8), 1)

    for compare in (instructions, times):
        false = sum(compare().word != "unchanged" for _ in range(4000))
        assert 15 <= false <= 65, compare.__name__


def test_a_change_is_estimated_and_its_interval_holds_it() -> None:
    generator = random.Random(2)
    found = within = 0
    for _ in range(500):
        base, head = noise(generator, 12, 1.0), noise(generator, 12, 1.01)
        said = verdict.instructions(base, head, 4)
        found += said.word == "slower"
        within += said.low <= 0.01 <= said.high
    assert found > 400
    assert 450 <= within <= 500


def test_more_cells_need_a_larger_change() -> None:
    base, head = noise(random.Random(3), 12, 1.0), noise(random.Random(4), 12, 1.0)
    assert verdict.instructions(base, head, 8).resolution > verdict.instructions(base, head, 1).resolution
