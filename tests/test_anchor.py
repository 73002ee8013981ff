"""The anchor: a release that each environment holds, timed in turn with the checkout that is linked before it."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import RUN, UNUSED, Djangos, Suite, eventually, link, with_environment

ANCHOR = "5.2"
WSGI, ENTRY = "django/core/handlers/wsgi.py", "    def __call__(self, environ, start_response):\n"

TIME = """
import json, os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from asv_runner._aux import update_sys_path
update_sys_path(sys.argv[1])
from asv_runner.discovery import get_benchmark_from_name
benchmark = get_benchmark_from_name(sys.argv[1], "handlers.Hello.track_time_to_anchor")
from harness import anchor
try:
    print(json.dumps(anchor.time_beside(benchmark, 2)))
except anchor.NoAnchor as reason:
    raise SystemExit(str(reason))
"""


@pytest.fixture
def checkout(environment: Path, djangos: Djangos, tmp_path: Path) -> Path:
    """The release that is the anchor, once more: in a folder that may be changed, linked into the environment."""
    release = djangos.path(ANCHOR)
    for each in release.glob("[dD]jango*"):
        shutil.copytree(each, environment / each.name, ignore=UNUSED)
    shutil.copytree(release / "django", tmp_path / "checkout/django", ignore=UNUSED)
    link(environment, tmp_path / "checkout")
    return tmp_path / "checkout"


def python(environment: Path) -> Path:
    return environment.parents[2] / "bin/python"


def run(environment: Path, suite: Suite) -> subprocess.CompletedProcess[str]:
    command = [python(environment), "-c", TIME, suite.root / "benchmarks"]
    variables = {"PATH": os.environ["PATH"]}
    return subprocess.run(command, cwd=suite.root, env=variables, capture_output=True, text=True, timeout=300)


def timed(environment: Path, suite: Suite) -> list[dict[str, Any]]:
    """Return what two pairs of processes say of each cell of hello world, on one CPU."""
    done = run(environment, suite)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def plant(environment: Path, checkout: Path, line: str) -> None:
    """Put a line at the beginning of a WSGI request into the checkout, and install that."""
    source = (checkout / WSGI).read_text()
    assert source.count(ENTRY) == 1
    (checkout / WSGI).write_text(source.replace(ENTRY, f"{ENTRY}        {line}\n"))
    link(environment, checkout)


def mean(samples: list[float]) -> float:
    """Return the mean of a figure's samples, which are two."""
    assert len(samples) == 2
    return sum(samples) / 2


def test_what_takes_longer_than_the_anchor_shows_and_nothing_else_does(
    environment: Path, checkout: Path, suite: Suite
) -> None:
    plant(environment, checkout, "for _ in range(200_000): pass")  # several requests long, also where tests run beside
    cells = timed(environment, suite)
    assert [mean(cell["time_to_anchor"]) > 2 for cell in cells] == [True, True, False, False]
    assert all(0.8 < mean(cell["time_to_anchor"]) < 1.25 for cell in cells[2:])
    assert all(0.8 < mean(cell["anchor_to_itself"]) < 1.25 for cell in cells)
    assert all(1e-5 < mean(cell["anchor_seconds"]) < 0.1 for cell in cells)


def test_a_cell_that_dies_or_fails_is_said_and_the_others_are_timed(
    environment: Path, checkout: Path, suite: Suite
) -> None:
    plant(environment, checkout, "import os; os.kill(os.getpid(), 9)")
    wsgi, _, asgi, _ = timed(environment, suite)
    assert wsgi == {"failed": "the checkout: a cell's process ended with status 9"}
    assert len(asgi["time_to_anchor"]) == 2


def test_what_the_commit_lacks_is_not_applicable(environment: Path, checkout: Path, suite: Suite) -> None:
    with (checkout / "django/core/handlers/base.py").open("a") as file:
        file.write("del BaseHandler.get_response_async\n")
    link(environment, checkout)
    sync, wsgi_async, _, asgi_async = timed(environment, suite)
    assert len(sync["time_to_anchor"]) == 2
    lacks = {"n/a": f"Django {Djangos.VERSIONS[ANCHOR]} lacks async views (Django 3.1)"}
    assert (wsgi_async, asgi_async) == (lacks, lacks)


def test_an_edited_anchor_is_refused(environment: Path, checkout: Path, suite: Suite) -> None:
    with (environment / WSGI).open("a") as file:
        file.write("# edited\n")
    (said,) = {cell["failed"] for cell in timed(environment, suite)}
    assert f"{WSGI} is not the file of django" in said


def test_without_an_anchor_it_says_so(environment: Path, suite: Suite, djangos: Djangos) -> None:
    assert "django, the anchor, is not installed: remove" in run(environment, suite).stderr
    for name in ("measured-checkout.pth", "measured-checkout.record"):
        (environment / name).unlink()
    shutil.copytree(djangos.path(ANCHOR), environment, dirs_exist_ok=True, ignore=UNUSED)
    assert run(environment, suite).stderr == "there is no anchor here: asv run makes environments that hold one\n"


def test_the_anchor_is_not_stored_as_a_commit(environment: Path, checkout: Path, suite: Suite) -> None:
    benchmark, output = "handlers.Hello.track_hops-0", suite.root / "result.json"
    command = [python(environment), "-c", RUN, suite.root / "benchmarks", benchmark, output]
    variables = {"PATH": os.environ["PATH"]}
    subprocess.run(command, cwd=suite.root, env=variables, check=True)
    output.unlink()
    done = subprocess.run(
        command, cwd=suite.root, env=variables | {"WITHOUT_CHECKOUT": "1"}, stderr=subprocess.PIPE, text=True
    )
    assert done.stderr.splitlines()[-1] == (
        "not measured: WITHOUT_CHECKOUT is set, which leaves the commit out; unset it"
    )
    assert not output.exists()


def test_nothing_is_left_of_what_is_killed(environment: Path, checkout: Path, suite: Suite, temporary: Path) -> None:
    command = [python(environment), "-c", TIME, suite.root / "benchmarks"]
    variables = {"PATH": os.environ["PATH"], "TMPDIR": str(temporary)}
    with subprocess.Popen(command, cwd=suite.root, env=variables, start_new_session=True) as running:
        assert eventually(lambda: len(with_environment("TMPDIR", str(temporary))) > 8, 60)
        os.kill(running.pid, signal.SIGKILL)
    assert eventually(lambda: with_environment("TMPDIR", str(temporary)) == [], 30)


GIVEN = """
import sys
from asv_runner._aux import update_sys_path
update_sys_path(sys.argv[1])
from asv_runner.benchmarks.mark import SkipNotImplemented
from asv_runner.discovery import get_benchmark_from_name

def given(found):
    benchmark = get_benchmark_from_name(sys.argv[1], "handlers.Hello.track_time_to_anchor-3")
    benchmark.set_cache(found)
    benchmark.do_setup()
    try:
        return benchmark.do_run()
    except (RuntimeError, SkipNotImplemented) as problem:
        return str(getattr(problem, "message", problem))
    finally:
        benchmark.do_teardown()

measured = {"time_to_anchor": [1.0, 1.1], "anchor_to_itself": [0.9, 0.8], "anchor_seconds": [0.1, 0.2]}
assert given([{}, {}, {}, measured]) == {"samples": [1.0, 1.1], "number": 1}
assert given([{}, {}, {}, {"n/a": "it lacks that"}]) == "it lacks that"
assert given([{}, {}, {}, {"failed": "killed"}]) == "handlers.Hello.track_time_to_anchor:3: {'failed': 'killed'}"
assert given("there is no anchor here") == "there is no anchor here"
"""


def test_asv_is_given_what_was_measured_or_why_nothing_was(suite: Suite) -> None:
    suite.execute(GIVEN)


PARTS = """
import sys
from asv_runner._aux import update_sys_path
update_sys_path(sys.argv[1])
from asv_runner.discovery import get_benchmark_from_name
from harness import anchor

def part(scenario):
    return anchor._part(get_benchmark_from_name(sys.argv[1], scenario + ".track_time_to_anchor"))

assert part("handlers.Hello") == "handlers.Hello.track_time_to_anchor:0"
assert part("requests.Head") == "requests"
"""


def test_cells_share_what_they_import_where_their_settings_are_the_same(suite: Suite) -> None:
    suite.execute(PARTS)
