"""What is written runs: each command line that tests/commands.py finds, in the way that a reader types it.

It runs in a clone of this repository whose origin, and whose Django, are on this machine. A line that would take
minutes gets the words of ``SMALL`` at its end; one that nobody thought of is run as it is, within ``LIMIT``. What still
takes long by its kind is marked as slow: ``make documents`` runs that, and ``make test`` the rest.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import stand_in
from asv.results import get_filename
from commands import Command, documented, in_markdown
from conftest import ROOT, Checkout, Djangos, eventually, with_environment
from workflows import check_out

from harness.servers import free_port
from tools.bench.pythons import runs
from tools.history.store import this_machine, write_result
from tools.served.postgresql import database

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="the documents name releases that need Python 3.12")

LIMIT = 240.0
"""Seconds that a line may take."""


class Small(NamedTuple):
    """What lines of some kind get at their end, and options that are added to theirs."""

    lines: str
    words: str = ""
    options: str = ""


BENCHMARK = "handlers.Hello.track_hops"

SMALL = (
    # One of its benchmarks, where the whole suite takes three minutes a commit.
    Small(r"asv (run|continuous) ", f"--bench {BENCHMARK}"),
    Small(r"make measure ", f"BENCHMARKS={BENCHMARK}"),
    Small(r"make measure .*asgiref", "ANCHOR=3.13.0"),
    # One release and one file of benchmarks, of those that the line names: ten seconds, and none where it was measured.
    Small(r"make bench", "RELEASES=6.1 SCENARIOS=floors"),
    Small(r"make bench .*routing", "SCENARIOS=routing"),
    Small(r"make bench .*asgiref", "RELEASES=3.13"),
    # Counts only, so that waits alone can judge: instructions and times take a minute, and have tests of their own.
    Small(r"make compare ", "SCENARIOS=handlers", "--exact --facts"),
    Small(r"python -m tools compare ", "--scenarios handlers --exact --facts"),
    Small(r"make trial ", "TIMES=1", "--exact"),
    # One wait of seven.
    Small(r"make crossing ", "", "--seconds 1 --waits 8"),
    # An experiment is verified, each of its servers and views once, where its load takes a minute or more.
    Small(r"make served .*(SERVERS|PAGES)=", "", "--verify"),
    # All servers and views are verified in test_served.py.
    Small(r"make served .*=all", "SERVERS='gunicorn uvicorn' PAGES='hello forum-orm-pool'"),
    # One cell of ninety. A database only where it is the point.
    Small(r"make served(?! BASE|.*(SERVERS|PAGES)=)", "SERVERS=gunicorn PAGES=hello CONCURRENCY=1", "--seconds 1"),
    Small(r"make served .*DATABASE_URL=", "PAGES=forum-orm-request"),
    # Locust takes a second to start its processes.
    Small(r"make served GENERATOR=locust ", "", "--seconds 3"),
    # One server of two, and two rounds of five: callgrind takes ten seconds for one.
    Small(r"make served BASE=", "SERVERS=gunicorn", "--rounds 2"),
    Small(r"make test\b(?!.*TESTS=)", "TESTS=tests/test_verdict.py"),
    # What holds a document against the stored results, beside which this clone has its own.
    Small(r"make check", "QUICK=history"),
    # Lists what it would run, since this file is what it runs.
    Small(r"make documents", "TESTS='tests/test_documents.py --collect-only --quiet'"),
    # What the page tells, which the results of this clone do not hold.
    Small(r"make history", "RESULTS=stored/results"),
    # What a line lacks since its table names the settings one by one.
    Small(r"make (pending|milestones|measure)\b(?!.*COMMITS=)", "COMMITS=commits.txt"),
    Small(r"make merge\b(?!.*SHARDS=)", "SHARDS=folder"),
    # A port that nobody has.
    Small(r"runserver ", str(free_port())),
)

SLOW = (
    # Each starts a database, servers and a load: six to fifteen seconds each. test_served.py starts every server, asks
    # every page of it, and loads them by both generators; one line shows that the target reaches them.
    r"make (served .+|crossing|locust-worker)",
    # Each makes an environment of asv's, measures commits in it, or reads what that left: as long. test_bench.py,
    # test_measure.py and test_workflows.py do so once, with what they find.
    r"make (bench|site|measure|attribute)",
    r"asv (run|continuous)",
    r"make publish RESULTS=empty/folder",
    # Each starts the processes of many comparisons. test_bisect.py and test_compare.py judge what these say.
    r"make (bisect|trial)",
    r"tools compare --base 6.0|make compare (BASE=6.0|PROJECT=)",
    # Fetches all that the site is drawn by.
    r"make vendor",
)
"""The lines that would make ``make test`` last three minutes longer than its twelve."""

NAMES = {"DJANGO=path ": "DJANGO=path/to/django ", "SHARD=i/n": "SHARD=1/2", "MASTER=address": "MASTER=127.0.0.1"}
"""What stands in the documents for a name of the reader's."""

SERVES = ("asv preview", "runserver")
"""Lines that serve until they are interrupted, and say where."""

STATUSES = {" compare ": {0, 1}, "served BASE=": {0, 1}}
"""Statuses other than 0 alone, which docs/use.md explains: 1 is slower."""

INHERITED = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VIRTUAL_ENV", "DATABASE_URL", "DJANGO")
"""What a line must not have from who runs the tests."""

HISTORY = (
    *("asv", "bench", "site", "clean"),
    *("pending", "milestones", "measure", "attribute", "merge", "push", "results", "publish", "report", "history"),
)
"""The first worker's: programs and targets that share asv's environments."""


def group(command: Command) -> str:
    words = [word for word in shlex.split(command.line) if "=" not in word]
    return "documents-history" if set(words[:2]) & set(HISTORY) else "documents-load"


class Clone:
    """A clone of this repository, once its targets have set up what they need, beside all that the documents name."""

    def __init__(self, folder: Path, django: Checkout) -> None:
        self.root, self.django, remote = folder / "clone", django, folder / "remote.git"
        self.root.mkdir()
        subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
        check_out(self.root, str(remote))
        (self.root / "path/to").mkdir(parents=True)
        (self.root / "path/to/django").symlink_to(django.path)
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in INHERITED},
            "PATH": os.pathsep.join([str(self.root / ".venv/bin"), os.environ["PATH"]]),
            "HOME": str(folder),
            "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache"),
            # This Django has other hashes than the real one.
            "ANCHOR": "6.1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{django.path}.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/django/django.git",
        }
        self.ran: dict[str, tuple[int, str]] = {}
        self.keep_results()
        for machine in (os.uname().nodename, "stored"):
            self.write_results(self.root / "results", machine)

    def lay_out(self) -> None:
        """Write the files that the documents name anew, since some lines write over them."""
        for name in ("commits.txt", "file", "file.csv", "results/commits.txt"):
            (self.root / name).write_text("5.2\n")
        of_asgiref = self.root / "results/asgiref/commits.txt"
        of_asgiref.parent.mkdir(exist_ok=True)
        of_asgiref.write_text("3.13.0\n")
        shutil.rmtree(self.root / "folder", ignore_errors=True)
        self.write_shard(self.root / "folder/shard")

    def keep_results(self) -> None:
        """Let git have the repository's results; the folder has those that are written, of commits of this Django."""
        git = ["git", "-C", ROOT]
        objects = subprocess.check_output([*git, "rev-parse", "--path-format=absolute", "--git-path", "objects"])
        (self.root / ".git/objects/info/alternates").write_bytes(objects)
        entries = subprocess.check_output([*git, "ls-files", "--stage", "-z", "results"])
        subprocess.run(["git", "-C", self.root, "update-index", "-z", "--index-info"], input=entries, check=True)
        subprocess.run(["git", "-C", self.root, "checkout-index", "--all", "--prefix=stored/"], check=True)

    def write_results(self, folder: Path, machine: str) -> None:
        """Write results of 5.2 and main: those that the repository holds of another commit."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "results/benchmarks.json", folder)
        (stored,) = (ROOT / "results").glob("*/machine.json")
        result = json.loads(min(stored.parent.glob("????????-*.json")).read_text())
        for name in ("5.2", "main"):
            commit, seconds = self.django.git("log", "-1", "--format=%H %at", name).split()
            its = result | {"commit_hash": commit, "date": int(seconds) * 1000}
            its["params"] = result["params"] | {"machine": machine}
            write_result(folder / get_filename(machine, commit, its["env_name"]), its)
        write_result(folder / machine / "machine.json", json.loads(stored.read_text()) | {"machine": machine})

    def write_shard(self, shard: Path) -> None:
        """Write what a job leaves that was asked for 5.2."""
        machine = this_machine("")
        for name in ("5.2", self.environment["ANCHOR"]):
            commit, seconds = self.django.git("log", "-1", "--format=%H %at", name).split()
            its = {**stand_in.result(commit, int(seconds), machine), "job": "job"}
            place = get_filename(machine["machine"], commit, its["env_name"])
            write_result(shard / (place if name == "5.2" else f"{machine['machine']}/job.anchor"), its)
        write_result(shard / machine["machine"] / "machine.json", machine)

    def start(self, line: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "-c", line],
            cwd=cwd or self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, line: str, cwd: Path | None = None) -> tuple[int, str]:
        """Return the status of a line, that of the tool where make hides it, and what it printed."""
        process = self.start(line, cwd)
        try:
            output, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            output = self.end(process)
            pytest.fail(f"{line} takes more than {LIMIT:.0f} seconds:\n{output[-3000:]}")
        except BaseException:
            self.end(process)
            raise
        found = re.search(r"^make: \*\*\* .* Error (\d+)$", output, re.MULTILINE)
        self.ran[line] = int(found[1]) if found else process.returncode, output
        return self.ran[line]

    def end(self, process: subprocess.Popen[str]) -> str:
        """Interrupt a line as Ctrl-C does, and return what it printed; nothing that it started may be left."""
        os.killpg(process.pid, signal.SIGINT)
        try:
            return process.communicate(timeout=30)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.communicate()[0]

    @contextlib.contextmanager
    def serving(self, line: str) -> Iterator[str]:
        """Run a line until it says at which address it serves, and yield that."""
        process = self.start(line)
        said = ""
        try:
            assert process.stdout
            for part in process.stdout:
                said += part
                if found := re.search(r"http://127\.0\.0\.1:\d+/", part):
                    break
            else:
                pytest.fail(f"{line} ended:\n{said[-3000:]}")
            yield found[0]
        finally:
            self.end(process)
        assert eventually(lambda: with_environment("HOME", self.environment["HOME"]) == [])


STABLE = {"3.0": "3.0", "4.2": "4.2", "5.0": "4.2", "5.2": "4.2", "6.0": Djangos.NEWEST, "6.1": Djangos.NEWEST}
"""Series by their release, and the Django of ours whose files it has here."""


@pytest.fixture(scope="session")
def django(djangos: Djangos, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A small Django of the real one's shape: releases lie on stable branches, main goes on, the tree is edited.

    The two commits that the documents name by their hash are there by that name: fc0fa72ff4, which adds async views,
    and 87f5d07eed, before which nothing of this is.
    """
    checkout = Checkout(tmp_path_factory.mktemp("django") / "checkout")
    (checkout.path / "django").mkdir(parents=True)
    checkout.git("init", "--quiet", "--initial-branch", "main")
    there = ""
    for series, files in STABLE.items():
        if files != there:
            checkout.replace(djangos.path(files))
            # Without which the middleware of sessions and languages does not run.
            english = "django/conf/locale/en"
            shutil.copytree(djangos.path(files) / english, checkout.path / english, dirs_exist_ok=True)
            checkout.commit()
            checkout.git("tag", {"4.2": "fc0fa72ff4"}.get(series, f"files-of-{files}"))
        there = files
        checkout.branch(f"stable/{series}.x", lambda series=series: checkout.write("VERSION", series))  # type: ignore[misc]
        checkout.git("tag", series, f"stable/{series}.x")
        for number in range(2):
            checkout.write("README.rst", f"{series}, {number}\n")
            checkout.commit()
        if series == "4.2":
            checkout.git("tag", "87f5d07eed")
    wsgi = checkout.path / "django/core/handlers/wsgi.py"
    wsgi.write_text(wsgi.read_text() + "\n\ndef unused():\n    pass\n")
    return checkout


@pytest.fixture(scope="session")
def clone(django: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("clone"), django)


WORKER = "make locust-worker MASTER=address"
MASTER = 'make served GENERATOR=locust OPTIONS="--remote-workers 2 --bind 0.0.0.0"'
"""What needs each other, as they stand in docs/use.md."""

ELSEWHERE = "python -m django runserver --settings benchproject.settings"
"""The server that runs elsewhere."""

PRECEDED = {
    "asv run": "asv machine --yes",
    "asv continuous": "asv machine --yes",
    "asv preview": "asv publish",
    "make publish RESULTS=empty/folder": "make measure COMMITS=results/commits.txt RESULTS=empty/folder",
    "make site CONFIG=asv.releases.conf.json": "make bench",
}
"""What begins a line, and the line that a reader has run before."""


def small(line: str) -> str:
    """Return a line with names in the place of what stands for them, and with what makes it small."""
    for name, ours in NAMES.items():
        line = f"{line} ".replace(name, ours).rstrip()
    added = [each for each in SMALL if re.search(each.lines, line)]
    words = [each.words for each in added if each.words]
    if options := [each.options for each in added if each.options]:
        given = [word.partition("=")[2] for word in shlex.split(line) if word.startswith("OPTIONS=")]
        words.append("OPTIONS=" + shlex.quote(" ".join(given[-1:] + options)))
    return " ".join([line, *words])


def marks(command: Command) -> list[pytest.MarkDecorator]:
    slow = any(re.search(lines, command.line) for lines in SLOW)
    return [pytest.mark.xdist_group(group(command)), *([pytest.mark.slow] if slow else [])]


COMMANDS = [pytest.param(each, id=each.line, marks=marks(each)) for each in documented()]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_documented_line_runs(command: Command, clone: Clone, tmp_path: Path) -> None:
    if command.line == "make clean":
        clone = Clone(tmp_path, clone.django)
    clone.lay_out()
    for start, before in PRECEDED.items():
        if command.line.startswith(start) and small(before) not in clone.ran:
            clone.run(small(before))
    line = small(command.line)
    if "PYTHONS=" in line and not runs("3.12", "3.13"):
        pytest.skip("Python 3.12 and 3.13 are not both installed here")
    with contextlib.ExitStack() as stack:
        if "10.0.0.2:8000" in line:
            elsewhere = stack.enter_context(clone.serving(small(ELSEWHERE)))
            line = line.replace("http://10.0.0.2:8000", elsewhere.rstrip("/"))
        if "postgresql://…" in line:
            line = line.replace("postgresql://…", shlex.quote(stack.enter_context(database()).url))
        if any(name in line for name in SERVES):
            address = stack.enter_context(clone.serving(line))
            with urllib.request.urlopen(address + ("" if "preview" in line else "hello/sync/"), timeout=10) as answer:
                assert answer.status == 200
            return
        if command.line in (MASTER, WORKER):
            for _ in range(2):
                stack.callback(clone.end, clone.start(small(WORKER)))
            line = small(MASTER)
        # Lines can be the same once they are small.
        status, output = clone.ran.get(line) or clone.run(line)
    allowed = next((each for name, each in STATUSES.items() if name in line), {0})
    assert "Traceback" not in output, output[-3000:]
    assert status in allowed, output[-3000:]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("    make bench  # a minute\n    make test\n", ["make bench", "make test"]),
        ("```\nasv run 'a#b'  # c # d\n```", ["asv run 'a#b'"]),
        ("```sh\nanything --at all\n```", ["anything --at all"]),
        ("    make served \\\n        PAGES=hello\n", ["make served PAGES=hello"]),
        ("```python\nimport this\n```", []),
        ("Say `make site CONFIG=a`, not `make` or `make site` or `find`.", ["make site CONFIG=a"]),
        ("    make served\n\n| a | b |\n|-|-|\n| `CLOSE=1` | closed |\n", ["make served", "make served CLOSE=1"]),
        ("| a | b |\n|-|-|\n| `make results` | `A=4`, `B=5` |\n", ["make results A=4", "make results B=5"]),
        ("    make served\n\n# Else\n\n| a | b |\n|-|-|\n| `CLOSE=1` | closed |\n", ["make served"]),
    ],
)  # fmt: skip
def test_what_is_a_command_line(text: str, lines: list[str]) -> None:
    assert [" ".join(command.line.split()) for command in in_markdown("", text)] == lines


def test_every_document_and_target_is_read() -> None:
    found = {command.where for command in documented()}
    documents = {"README.md", "CONTRIBUTING.md", "use.md", "async-or-not.md", "history.md", "operate.md"}
    assert found >= {*documents, "make help"}
    targets = re.findall(r"^([a-z-]+):.* ## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(targets) == {word for command in documented() for word in command.line.split() if word in targets}


def test_the_readme_is_read_in_minutes_and_has_a_picture() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.split()) <= 900
    links = [target for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    assert [target for target in links if not (ROOT / target.partition("#")[0]).is_file()] == []
    (picture,) = [ROOT / target for target in links if target.endswith(".png")]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 150_000
    assert {ROOT / target for target in links if target.endswith(".md")} >= {*(ROOT / "docs").glob("*.md")}


def test_every_word_that_makes_small_is_used() -> None:
    lines = [command.line for command in documented()]
    patterns = [*(each.lines for each in SMALL), *SLOW]
    unused = [each for each in patterns if not any(re.search(each, line) for line in lines)]
    named = (*PRECEDED, *SERVES, *STATUSES, WORKER, MASTER, ELSEWHERE)
    unused += [name for name in named if not any(name in line for line in lines)]
    assert unused == []


@pytest.mark.xdist_group("documents-load")
def test_a_line_that_never_ends_fails_and_leaves_nothing(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_documents.LIMIT", 1)
    with pytest.raises(pytest.fail.Exception, match="takes more than 1 seconds"):
        clone.run("python -m http.server --bind 127.0.0.1 0")
    assert with_environment("HOME", clone.environment["HOME"]) == []


@pytest.fixture(params=["active", "inactive"])
def asv(request: pytest.FixtureRequest, clone: Clone, monkeypatch: pytest.MonkeyPatch) -> str:
    """How asv is called: by its name where its environment is active, else by its path."""
    if request.param == "active":
        monkeypatch.setitem(clone.environment, "VIRTUAL_ENV", str(clone.root / ".venv"))
        return "asv"
    monkeypatch.setitem(clone.environment, "PATH", os.environ["PATH"])
    return str(clone.root / ".venv/bin/asv")


@pytest.mark.xdist_group("documents-history")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(f"run 5.2^! --bench {BENCHMARK}", r"handlers\.Hello\.track_hops", marks=pytest.mark.slow),
        ("compare 5.2 main --machine $(uname -n)", r"handlers\.Hello\.track_hops\('ASGI', 'sync'\)"),
        ("publish", ""),
    ],
)
def test_asv_runs_in_another_folder(asv: str, arguments: str, says: str, clone: Clone, tmp_path: Path) -> None:
    clone.run(f"{asv} machine --yes")
    status, output = clone.run(f"{asv} --config {clone.root}/asv.conf.json {arguments}", cwd=tmp_path)
    assert status == 0, output[-3000:]
    assert re.search(says, output)
    assert not list(tmp_path.iterdir())
    if arguments == "publish":
        index = json.loads((clone.root / ".asv/html/index.json").read_text())
        assert "handlers.Hello.track_hops" in index["benchmarks"]
