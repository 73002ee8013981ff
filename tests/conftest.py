"""What the tests share: a copy of the suite in which anything may be changed, and single benchmarks run in it."""

import atexit
import contextlib
import functools
import hashlib
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest
from browser import CHROMIUM_FLAGS
from measuring import command, commits_of, counts, measure
from packaging.version import Version
from playwright.sync_api import Page, sync_playwright

from harness import install
from tools.index import available, choose
from tools.releases import at_hand, update

ROOT = Path(__file__).resolve().parents[1]

RUN = "import sys; from asv_runner.run import _run; _run((*sys.argv[1:3], '{}', 'None', sys.argv[3]))"
DISCOVER = "import sys; from asv_runner.discovery import _discover; _discover(sys.argv[1:3])"


def pytest_configure() -> None:
    """Let tests interrupt what they start, where a shell started these in the background and had them ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def with_environment(name: str, value: str) -> list[str]:
    """Return the names of the processes that run with this in their environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(name) == value and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.name())
    return found


class Forks:
    """Python processes forked from one that has imported Django, as asv's forkserver starts those of benchmarks."""

    def __init__(self) -> None:
        self.origin = subprocess.Popen(
            [sys.executable, ROOT / "tests/forks.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, folder: Path, program: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
        assert self.origin.stdin
        assert self.origin.stdout
        print(json.dumps([str(folder), program, [str(each) for each in arguments]]), file=self.origin.stdin, flush=True)
        code = int(self.origin.stdout.readline())
        stdout, stderr = ((folder / name).read_text() for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(program, code, stdout, stderr)

    def close(self) -> None:
        self.origin.communicate()


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    with contextlib.closing(Forks()) as started:
        yield started


@dataclass
class Suite:
    """A copy of the measured project, the harness and the benchmarks."""

    root: Path
    forks: Forks

    def change(self, file: str, old: str, new: str) -> None:
        """Replace ``old``, which must be there, in a file of the copy."""
        path = self.root / file
        source = path.read_text()
        assert old in source, f"{file} does not hold {old!r}"
        path.write_text(source.replace(old, new))

    def write(self, file: str, source: str) -> None:
        (self.root / file).write_text(source)

    def run(self, benchmark: str) -> Any:
        """Run one benchmark as asv does, in a process of its own, and return what asv would store.

        Raises AssertionError with what the process printed where asv would store nothing.
        """
        return self._result(self._python, benchmark)

    def run_forked(self, benchmark: str) -> Any:
        """Run one benchmark in the same way, quickly, where it does not matter that Django is imported before."""
        return self._result(self._forked, benchmark)

    def _result(self, python: Callable[..., subprocess.CompletedProcess[str]], benchmark: str) -> Any:
        output = self.root / "result.json"
        output.unlink(missing_ok=True)
        done = python(RUN, benchmark, output)
        assert done.returncode == 0, done.stderr
        return json.loads(output.read_text())

    def discover(self) -> dict[str, dict[str, Any]]:
        """Return the benchmarks that asv finds, by name. Raises AssertionError where discovery fails."""
        output = self.root / "benchmarks.json"
        done = self._python(DISCOVER, output)
        assert done.returncode == 0, done.stderr
        return {benchmark["name"]: benchmark for benchmark in json.loads(output.read_text())}

    def execute(self, program: str) -> None:
        """Run a program in the copy. Raises AssertionError with what it printed where it fails."""
        done = self._python(program)
        assert done.returncode == 0, done.stderr

    def _python(self, program: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, self.root / "benchmarks", *arguments]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=120)

    def _forked(self, program: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
        return self.forks.run(self.root, program, self.root / "benchmarks", *arguments)


@pytest.fixture(autouse=True)
def in_one_folder() -> Iterator[None]:
    """A test that leaves another folder behind fails itself, and not one that comes after it in its process."""
    before = Path.cwd()
    yield
    assert Path.cwd() == before


@pytest.fixture
def suite(tmp_path: Path, forks: Forks) -> Suite:
    for folder in ("benchproject", "harness", "benchmarks"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "asv.conf.json", tmp_path)  # which says what is to be installed
    return Suite(tmp_path, forks)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files, which a test must leave empty and other users may enter.

    Its path is short, as pytest's own are not: that of a socket in it may have 107 bytes.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)
        assert not list(Path(folder).iterdir())


@pytest.fixture
def chromium() -> str:
    """The path of Chromium; a skip where it is missing, a failure there in CI."""
    return program("chromium")


@pytest.fixture
def valgrind() -> str:
    """The path of valgrind, in the same way."""
    return program("valgrind")


@pytest.fixture
def wrk() -> str:
    """The path of wrk, in the same way."""
    return program("wrk")


@functools.cache
def path_without(program: str) -> str:
    """Return a PATH, made in a temporary folder, on which all programs are but one."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    places = reversed(os.environ["PATH"].split(os.pathsep))
    programs = {path.name: path for place in places for path in Path(place).glob("*") if path.is_file()}
    for name in programs.keys() - {program}:
        (folder / name).symlink_to(programs[name])
    return str(folder)


def program(name: str) -> str:
    if path := shutil.which(name):
        return path
    missing = f"{name} is missing: apt-get update && apt-get install -y {name}"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    """A page of a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser.new_page(viewport={"width": 1200, "height": 800})
        browser.close()


class Djangos:
    """Releases of Django, each in a folder that serves as PYTHONPATH: the oldest, the long-term and the newest."""

    VERSIONS: ClassVar = {
        "3.0": "3.0.14",
        "3.2": "3.2.25",
        "4.2": "4.2.30",
        "5.2": "5.2.19",
        "6.1": "6.1.3",
        "6.0": "6.0",  # asks SQLite of a connection that it has not opened (#36818), as do 200 commits before 6.1
    }
    SERIES: ClassVar = list(VERSIONS)[: 5 if sys.version_info >= (3, 12) else 4]
    NEWEST = SERIES[-1]

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, series: str) -> Path:
        """Return the folder of a release, fetched from the package index if it is not there."""
        target = self.folder / self.VERSIONS[series]
        if not target.exists():
            new = self.folder / f"{target.name}.{os.getpid()}"
            pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--ignore-requires-python"]
            subprocess.run([*pip, "--target", new, f"django=={target.name}"], check=True)
            with contextlib.suppress(OSError):  # another worker was faster
                new.rename(target)
        return target

    def run_cells(
        self, path: Path, pattern: str = ".", *functions: str, root: Path = ROOT, chosen: str = "all"
    ) -> dict[str, Any]:
        """Return the outcomes of tests/run_cells.py with the Django in ``path``."""
        done = subprocess.run(
            [sys.executable, ROOT / "tests/run_cells.py", root, pattern, chosen, *functions],
            env={**os.environ, "PYTHONPATH": str(path)},
            capture_output=True,
            text=True,
            timeout=500,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        outcomes: dict[str, Any] = json.loads(done.stdout)
        return outcomes


@pytest.fixture(scope="session")
def djangos() -> Djangos:
    folder = Path(sys.prefix) / "django"
    folder.mkdir(exist_ok=True)
    return Djangos(folder)


@pytest.fixture
def environment(tmp_path: Path, djangos: Djangos) -> Path:
    """An environment as asv's: what is pinned, with Django linked into it, in a folder that may be changed."""
    folder = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python3*/site-packages")
    measured = next(Path(sys.prefix, "measured").glob("lib/python3*/site-packages"))
    for pattern in ("asgiref*", "asv_runner*", "sqlparse*", "pytz*", "importlib_metadata*", "zipp*"):
        for each in measured.glob(pattern):
            shutil.copytree(each, site / each.name)
    link(site, djangos.path(Djangos.NEWEST))
    return site


def link(environment: Path, checkout: Path) -> None:
    """Install a checkout of Django, uncompiled, as harness/install.py does."""
    install.link_to(
        str(checkout), "django", *(environment / Path(each).name for each in (install.LINK, install.RECORD))
    )


@dataclass
class Checkout:
    """A git checkout of the newest Django, which a test may change."""

    path: Path

    def git(self, *arguments: str) -> str:
        person = ["-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
        return subprocess.check_output(["git", *person, *arguments], cwd=self.path, text=True)

    def write(self, file: str, source: str) -> None:
        (self.path / file).write_text(source)

    def plant(self, file: str, after: str, lines: str, end: str = "") -> None:
        """Put lines after a line that is there once, and others at the end of the file."""
        source = (self.path / file).read_text()
        assert source.count(after) == 1
        self.write(file, source.replace(after, after + lines) + end)

    def replace(self, release: Path) -> None:
        """Put another release's files in the place of these."""
        shutil.rmtree(self.path / "django")
        shutil.copytree(release / "django", self.path / "django", ignore=UNUSED)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "a change")

    def branch(self, name: str, change: Callable[[], object]) -> None:
        """Commit a change on a branch of its own."""
        self.git("switch", "--quiet", "--create", name)
        change()
        self.commit()
        self.git("switch", "--quiet", "main")

    def state(self) -> tuple[str, ...]:
        """What no command may change: commits, what is checked out, staged and edited, stashes and the index itself."""
        index = hashlib.sha256((self.path / ".git/index").read_bytes()).hexdigest()
        commands = (
            ["show-ref"],
            ["symbolic-ref", "HEAD"],
            ["diff", "HEAD"],
            ["ls-files", "--others"],
            ["worktree", "list"],
        )
        return (index, *(self.git("--no-optional-locks", *command) for command in commands))


UNUSED = shutil.ignore_patterns("__pycache__", "LC_MESSAGES", "static")


@pytest.fixture(scope="session")
def origin(djangos: Djangos, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with the newest Django as its one commit."""
    checkout = Checkout(tmp_path_factory.mktemp("origin") / "checkout")
    shutil.copytree(djangos.path(Djangos.NEWEST) / "django", checkout.path / "django", ignore=UNUSED)
    checkout.git("init", "--quiet", "--initial-branch", "main")
    checkout.commit()
    return checkout.path


@pytest.fixture
def checkout(origin: Path, tmp_path: Path) -> Checkout:
    subprocess.run(["git", "clone", "--quiet", origin, tmp_path / "checkout"], check=True)
    return Checkout(tmp_path / "checkout")


@pytest.fixture(scope="session")
def releases() -> Path:
    """A git repository of the long-term and the newest release, built from the package index if it is not there."""
    versions = [Djangos.VERSIONS[series] for series in Djangos.SERIES[-2:]]
    repository = Path(sys.prefix, "django", "-".join(versions), "history.git")
    repository.parent.mkdir(parents=True, exist_ok=True)
    if len(at_hand(repository)) < len(versions):
        python = Version(platform.python_version())
        update(repository, "Django", choose(available("Django"), versions, python, Version("3.0")))
    return repository


@pytest.fixture(scope="session")
def listed(releases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("list") / "commits.txt"
    path.write_text("# newest first\n" + "\n".join(commits_of(releases)) + "  # the long-term one\n\n9.9\n")
    return path


@pytest.fixture(scope="session")
def one_run(releases: Path, listed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a run that was killed at random moments, each time run again."""
    results = tmp_path_factory.mktemp("one") / "results"
    kept: dict[tuple[str, str, int], float] = {}
    for _ in range(2):
        running = subprocess.Popen(command(results, releases, listed), cwd=ROOT, stdout=subprocess.PIPE, text=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.communicate(timeout=random.uniform(1, 12))
        running.kill()
        running.communicate()
        assert kept.items() <= counts(results).items()
        kept = counts(results)
    done = measure(results, releases, listed)
    assert done.returncode == 0, done.stderr
    assert "left out: 9.9" in done.stdout
    assert kept.items() <= counts(results).items()
    return results
