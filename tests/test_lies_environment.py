"""Another code than was installed, and an interpreter that is not a plain one, are refused by name."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conftest import ROOT, RUN, UNUSED, Djangos, Suite, link

from harness import install

HELLO = "handlers.Hello.track_hops-0"
DISCOVER = "from asv_runner.discovery import _discover; import sys; _discover(sys.argv[1:3])"


def run(suite: Suite, *words: str, **environment: str) -> str:
    """Run the smallest benchmark by Python with words of its own; return what it says, "" where it stores a figure."""
    output = suite.root / "result.json"
    output.unlink(missing_ok=True)
    command = [sys.executable, *words, "-c", RUN, suite.root / "benchmarks", HELLO, output]
    done = subprocess.run(
        command, cwd=suite.root, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode == 0) == output.is_file()
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize(
    ("words", "environment", "complaint"),
    [
        (["-X", "dev"], {}, "development mode"),
        ([], {"PYTHONDEVMODE": "1"}, "development mode"),
        (["-O"], {}, "optimized bytecode"),
        ([], {"PYTHONOPTIMIZE": "2"}, "optimized bytecode"),
        (["-bb"], {}, "warnings of bytes"),
        ([], {"PYTHONTRACEMALLOC": "20"}, "tracemalloc"),
        (["-X", "tracemalloc"], {}, "tracemalloc"),
        ([], {"PYTHONASYNCIODEBUG": "1"}, "asyncio's debug mode"),
        ([], {"PYTHONMALLOC": "debug"}, "another allocator"),
    ],
    ids=str,
)
def test_an_interpreter_that_is_not_plain_is_refused(
    suite: Suite, words: list[str], environment: dict[str, str], complaint: str
) -> None:
    said = run(suite, *words, **environment)
    assert complaint in said.splitlines()[-1]


def test_a_plain_interpreter_is_not_refused(suite: Suite) -> None:
    assert run(suite, PYTHONHASHSEED="3", PYTHONUNBUFFERED="1") == ""


AT_START = {
    "sys.settrace(lambda *arguments: None)": "a trace function",
    "threading.settrace(lambda *arguments: None)": "a trace function",
    "sys.setprofile(lambda *arguments: None)": "a profile function",
    "threading.setprofile(lambda *arguments: None)": "a profile function",
    "gc.disable()": "garbage collection off",
    "gc.set_debug(gc.DEBUG_STATS)": "the garbage collector's debug mode",
    "sys.setswitchinterval(1)": "another switch interval",
    "import tracemalloc; tracemalloc.start()": "tracemalloc",
    "time.perf_counter = lambda: 0.0": "a clock that is not Python's own",
    "time.perf_counter = time.process_time": "a clock that is not Python's own",
    "import timeit; timeit.default_timer = time.monotonic": "a clock that is not Python's own",
}
MONITORING = {
    "sys.monitoring.use_tool_id(sys.monitoring.COVERAGE_ID, 'coverage')": "sys.monitoring's tool coverage",
    "sys.monitoring.use_tool_id(sys.monitoring.DEBUGGER_ID, 'debugger')": "sys.monitoring's tool debugger",
}
if hasattr(sys, "monitoring"):
    AT_START |= MONITORING


@pytest.mark.parametrize("line", AT_START)
def test_what_is_set_in_the_process_before_is_refused(suite: Suite, line: str) -> None:
    suite.change("benchproject/settings.py", "DEBUG = False", f"DEBUG = False\nimport gc, sys, threading, time\n{line}")
    with pytest.raises(AssertionError, match=r"not a plain one: .*" + AT_START[line]):
        suite.run_forked(HELLO)


# A batch that is timed puts the collector off by itself, and on again.
@pytest.mark.parametrize("line", [line for line in AT_START if line != "gc.disable()"])
def test_what_is_set_while_it_is_timed_is_refused(suite: Suite, line: str) -> None:
    suite.change(
        "benchproject/views/hello.py",
        "def hello_sync(request):\n",
        f"import gc, sys, threading, time\nlater = iter(range(9))\ndef hello_sync(request):\n"
        f"    if next(later, 0) == 5:\n        {line.replace('; ', chr(10) + '        ')}\n",
    )
    with pytest.raises(AssertionError, match=r"not a plain one|is already in use|never awaited"):
        suite.run_forked("handlers.Hello.time_request-0")


def measure(environment: Path, suite: Suite, **variables: str) -> str:
    """Have asv's discovery and a benchmark run in an environment; return the last line of what they say."""
    python = environment.parents[2] / "bin/python"
    folder = [suite.root / "benchmarks"]
    for program, words in ((DISCOVER, [suite.root / "found.json"]), (RUN, [HELLO, suite.root / "result.json"])):
        done = subprocess.run(
            [python, "-c", program, *folder, *words],
            cwd=suite.root,
            env={"PATH": os.environ["PATH"], **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode:
            assert not (suite.root / "result.json").exists()
            return done.stderr.strip().splitlines()[-1]
    return ""


def test_what_was_installed_is_measured(environment: Path, suite: Suite) -> None:
    assert measure(environment, suite) == ""


@pytest.mark.parametrize(
    ("package", "pinned", "other"), [("asgiref", "3.13.0", "3.8.1"), ("asv_runner", "0.3.2", "0.3.1")]
)
def test_another_version_is_refused(environment: Path, suite: Suite, package: str, pinned: str, other: str) -> None:
    (metadata,) = environment.glob(f"{package}-*.dist-info")
    text = (metadata / "METADATA").read_text()
    (metadata / "METADATA").write_text(text.replace(f"\nVersion: {pinned}\n", f"\nVersion: {other}\n"))
    metadata.rename(environment / f"{package}-{other}.dist-info")
    assert f"{package} {other} is installed, {pinned} is pinned" in measure(environment, suite)


@pytest.mark.parametrize("file", ["asgiref/sync.py", "asgiref/local.py", "asv_runner/benchmarks/time.py"])
def test_an_edited_file_is_refused(environment: Path, suite: Suite, file: str) -> None:
    with (environment / file).open("a") as source:
        source.write("\n# edited\n")
    assert f"{file} is not the file of {file.partition('/')[0]}" in measure(environment, suite)


@pytest.mark.parametrize("lie", ["edited", "gone", "unrecorded"])
def test_another_checkout_than_was_installed_is_refused(
    environment: Path, suite: Suite, djangos: Djangos, lie: str
) -> None:
    checkout = suite.root / "checkout"
    shutil.copytree(djangos.path(Djangos.NEWEST) / "django", checkout / "django", ignore=UNUSED)
    link(environment, checkout)
    assert measure(environment, suite) == ""
    (suite.root / "result.json").unlink()
    if lie == "unrecorded":
        (environment / Path(install.RECORD).name).unlink()
        assert "there is no record of the files of the checkout" in measure(environment, suite)
        return
    file = checkout / "django/core/handlers/wsgi.py"
    if lie == "edited":
        file.write_text(file.read_text() + "\n# edited\n")
    else:
        (checkout / "django/test/html.py").unlink()
    assert "py is not the file of the checkout that was installed" in measure(environment, suite)


@pytest.mark.parametrize("name", ["core", "core/signals.py"])
def test_a_link_out_of_the_checkout_is_refused(environment: Path, suite: Suite, djangos: Djangos, name: str) -> None:
    checkout = suite.root / "checkout"
    shutil.copytree(djangos.path(Djangos.NEWEST) / "django", checkout / "django", ignore=UNUSED)
    elsewhere = (checkout / "django" / name).rename(suite.root / "elsewhere")
    (checkout / "django" / name).symlink_to(elsewhere)
    link(environment, checkout)
    assert f"not of {checkout}" in measure(environment, suite)


def test_a_file_that_is_gone_is_refused(environment: Path, suite: Suite) -> None:
    (environment / "asgiref/testing.py").unlink()
    assert "asgiref/testing.py is not the file of asgiref" in measure(environment, suite)


def test_another_django_by_a_later_link_is_refused(environment: Path, suite: Suite, djangos: Djangos) -> None:
    other = djangos.path("3.2")
    (environment / "zz-later.pth").write_text(f"import sys; sys.path.insert(0, {str(other)!r})\n")
    said = measure(environment, suite)
    assert "django" in said
    assert f"is that of {other}" in said


def test_another_django_by_a_sitecustomize_is_refused(
    environment: Path, suite: Suite, djangos: Djangos, tmp_path: Path
) -> None:
    other = djangos.path("3.2")
    folder = tmp_path / "customized"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(f"import sys; sys.path.insert(0, {str(other)!r})\n")
    (environment / "zz-later.pth").write_text(f"{folder}\n")
    assert f"is that of {other}" in measure(environment, suite, PYTHONPATH=str(folder))


def test_a_module_of_another_django_that_is_imported_late_is_refused(
    environment: Path, suite: Suite, djangos: Djangos
) -> None:
    other = djangos.path("3.2") / "django/utils/numberformat.py"
    line = textwrap.dedent(f"""
    import importlib.util, sys
    spec = importlib.util.spec_from_file_location("django.utils.numberformat", {str(other)!r})
    sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    """)
    suite.change("benchproject/settings.py", "DEBUG = False", "DEBUG = False" + line)
    assert "django.utils.numberformat is that of" in measure(environment, suite)


@pytest.mark.parametrize("series", ["3.7", f"{sys.version_info[0]}.{sys.version_info[1]}t", "3.1"])
def test_another_python_than_the_environment_was_made_for_is_refused(
    environment: Path, suite: Suite, series: str
) -> None:
    """That without a lock for the interpreter is another, too."""
    info = {"python": series, "requirements": {"asgiref": "3.13.0"}}
    (environment.parents[2] / "asv-env-info.json").write_text(json.dumps(info))
    assert f"the environment was made for {series}" in measure(environment, suite)


def test_what_is_pinned_is_what_the_repository_says() -> None:
    """asv.conf.json and pyproject.toml pin the same."""
    from harness.installed import _pins

    text = (ROOT / "pyproject.toml").read_text()
    pins = _pins()
    assert {"asgiref", "asv_runner", "sqlparse", "gunicorn", "uvicorn-worker"} <= pins.keys()
    assert [name for name, version in pins.items() if f'"{name}=={version}"' not in text] == []
