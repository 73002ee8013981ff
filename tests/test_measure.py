"""``make measure`` and ``make merge``: nothing is lost, nothing is half-written, and nothing false is taken."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import ClassVar

import pytest
from conftest import ROOT, Checkout, path_without
from measuring import CELLS, commits_of, counts, measure, results_in

from tools.configuration import SERIES
from tools.history import store
from tools.history.asked import ask
from tools.history.branch import push_results
from tools.history.commit import NO_ENVIRONMENT
from tools.history.measure import remedy, share
from tools.history.merge import merge
from tools.history.repository import Repository
from tools.history.wall import Wall

pytestmark = pytest.mark.xdist_group("measure")  # its fixtures take long, and asv's environments are few


def test_another_package_than_the_locked_one_is_no_fault_of_the_network() -> None:
    said = "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n  Got  0123"
    assert remedy(NO_ENVIRONMENT, said).startswith("a package is not the one that .ci/locks names")
    assert remedy(NO_ENVIRONMENT, "ERROR: Could not find a version").startswith("check network")


def test_what_one_python_has_another_has_not(one_run: Path) -> None:
    commit = results_in(one_run)[0]["commit_hash"]
    assert store.Store(one_run).versions(commit, SERIES)
    assert store.Store(one_run).versions(commit, "3.99") == {}


def test_a_killed_run_ends_complete(one_run: Path, releases: Path) -> None:
    assert {commit for commit, *_ in counts(one_run)} == set(commits_of(releases))
    assert len(counts(one_run)) == 2 * CELLS
    assert not list(one_run.glob("*/*.failures"))


def test_a_killed_run_leaves_no_process(one_run: Path) -> None:
    time.sleep(1)
    running = subprocess.check_output(["ps", "-eo", "args"], text=True).splitlines()
    assert not [line for line in running if "run_server" in line and str(ROOT / ".asv") in line]


def test_a_result_tells_its_machine_and_its_packages(one_run: Path) -> None:
    for result in results_in(one_run):
        assert result["requirements"]["asgiref"] == "3.13.0"
        assert result["requirements"]["asv_runner"] == "0.3.2"
        assert result["requirements"]["pip"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", result["job"])
    (machine,) = (json.loads(path.read_text()) for path in one_run.glob("*/machine.json"))
    assert all(machine[key] for key in ("cpu", "num_cpu", "ram", "os", "arch"))


def test_asv_reads_the_results(one_run: Path, releases: Path, tmp_path: Path) -> None:
    configuration = {
        **json.loads(re.sub(r"^\s*//.*", "", (ROOT / "asv.conf.json").read_text(), flags=re.MULTILINE)),
        "repo": str(releases),
        "results_dir": str(one_run),
    }
    (tmp_path / "asv.conf.json").write_text(json.dumps(configuration))
    newest, older = commits_of(releases)
    asv = [sys.executable, "-m", "asv", "--config", tmp_path / "asv.conf.json", "compare", older, newest]
    shown = subprocess.check_output(asv, cwd=ROOT, text=True)
    assert re.search(r"3 +\| +3 +\| +1.00 .* handlers.Hello.track_hops\('ASGI', 'sync'\)", shown), shown


@pytest.fixture
def broken(releases: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A repository whose one branch more does not compile, and the list of that commit."""
    subprocess.run(["git", "clone", "--quiet", releases, tmp_path / "checkout"], check=True)
    checkout = Checkout(tmp_path / "checkout")
    checkout.write("django/__init__.py", "this does not compile\n")
    checkout.commit()
    checkout.git("tag", "broken")
    checkout.git("branch", "--force", "sound", "HEAD~1")
    (tmp_path / "commits.txt").write_text("broken\n")
    return checkout.path, tmp_path / "commits.txt"


def test_a_broken_commit_is_recorded_and_given_up_after_three_tries(broken: tuple[Path, Path], tmp_path: Path) -> None:
    checkout, commits = broken
    results = tmp_path / "results"
    done = measure(results, checkout, commits, "--anchor", "sound")
    assert done.returncode == 0, done.stderr
    assert "failed: " in done.stdout
    (path,) = results.glob("*/*.failures")
    (line,) = path.read_text().splitlines()
    failure = json.loads(line)
    assert "SyntaxError" in failure["error"]
    assert failure["python"] == SERIES
    assert not store.Store(results).has_given_up(failure["commit"], SERIES)
    path.write_text(f"{line}\n" * 3)
    assert store.Store(results).has_given_up(failure["commit"], SERIES)
    assert not store.Store(results).has_given_up(failure["commit"], "3.99")


@pytest.fixture
def spy(releases: Path, tmp_path: Path) -> Checkout:
    """A clone whose commit `spy`, on a branch of its own, runs the file spy.py beside it wherever it is imported."""
    subprocess.run(["git", "clone", "--quiet", releases, tmp_path / "checkout"], check=True)
    checkout = Checkout(tmp_path / "checkout")
    program = tmp_path / "spy.py"
    program.touch()
    source = (checkout.path / "django/__init__.py").read_text()
    checkout.branch(
        "spy", lambda: checkout.write("django/__init__.py", f"{source}\nexec(open({str(program)!r}).read())\n")
    )
    (tmp_path / "commits.txt").write_text("spy\n")
    return checkout


SEEN = """
import distutils.version, json, os
with open({!r}, "a") as file:
    file.write(json.dumps(dict(os.environ)) + "\\n")
"""


def test_a_commit_sees_few_variables(spy: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spy.py").write_text(SEEN.format(str(tmp_path / "seen")))
    for name in ("GITHUB_ENV", "GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "DEPLOY_SECRET", "PYTHONPATH", "anything"):
        monkeypatch.setenv(name, "planted")
    done = measure(tmp_path / "results", spy.path, tmp_path / "commits.txt")
    assert done.returncode == 0, done.stderr
    assert len(counts(tmp_path / "results")) == CELLS
    seen = [json.loads(line) for line in (tmp_path / "seen").read_text().splitlines()]
    assert len(seen) > 1
    assert not [name for each in seen for name, value in each.items() if value == "planted"]
    assert all(each["HOME"] for each in seen)
    # As releases before 4.0 do it imports what pip leaves uncompiled.
    assert "made again" not in done.stdout


PLANT = """
import asgiref.sync
try:
    with open(asgiref.sync.__file__, "a") as file:
        file.write("\\n# planted\\n")
except OSError:
    pass
"""


def test_a_commit_cannot_change_the_environment_of_the_next(
    spy: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither as it is installed, when the wall lets it write there, nor, where there is no wall, as it runs."""
    (tmp_path / "spy.py").write_text(PLANT)
    monkeypatch.setenv("PATH", path_without("unshare"))
    done = measure(tmp_path / "results", spy.path, tmp_path / "commits.txt")
    assert done.returncode == 0, done.stderr
    assert re.search(r"changed \d+ files of its environment, \S+/asgiref/\S+ first: made again", done.stdout)
    assert "can reach the network and write files here: there is no unshare" in done.stdout
    environments = list((ROOT / ".asv").glob("measure-*/env/*/lib/python3*/site-packages/asgiref/sync.py"))
    assert environments
    assert not [path for path in environments if "planted" in path.read_text()]


ESCAPE = """
import json, os, socket, sys
def tried(function, *arguments):
    try:
        return repr(function(*arguments))
    except OSError as problem:
        return problem.strerror
with open({seen!r}, "a") as file:
    print(json.dumps([
        os.path.basename(sys.argv[0]),
        tried(socket.create_connection, ("127.0.0.1", {port})),
        tried(open, "/proc/{pid}/environ"),
        tried(open, {tools!r}, "a"),
        tried(open, {results!r}, "a"),
        tried(open, {repository!r}, "a"),
        tried(os.system, "mount -o remount,rw / 2>/dev/null"),
    ]), file=file)
"""


def test_a_commit_runs_behind_a_wall(spy: Checkout, tmp_path: Path) -> None:
    """It reaches no server, sees no other process, writes neither tools nor results nor the commits of others."""
    if missing := Wall().missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    results, seen = tmp_path / "results", tmp_path / "seen"
    with socket.create_server(("127.0.0.1", 0)) as server:
        places = {
            "seen": str(seen),
            "tools": str(ROOT / "tools/history/commit.py"),
            "results": str(results / "benchmarks.json"),
            "repository": str(spy.path / ".git/config"),
        }
        program = ESCAPE.format(**places, port=server.getsockname()[1], pid=os.getpid())
        (tmp_path / "spy.py").write_text(program)
        done = measure(results, spy.path, tmp_path / "commits.txt")
    assert done.returncode == 0, done.stderr
    tries = [json.loads(line)[1:] for line in seen.read_text().splitlines()]
    assert len(tries) > 1
    readonly = "Read-only file system"
    held = ["Connection refused", "No such file or directory", *[readonly] * 3, "8192"]
    assert {tuple(each) for each in tries} == {tuple(held)}
    assert len(counts(results)) == CELLS


def test_an_anchor_that_changed_while_commits_were_measured_is_said_and_nothing_taken(
    releases: Path, one_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By whatever means: here of what was counted first."""
    shutil.copytree(one_run, tmp_path / "results", ignore=shutil.ignore_patterns(".leases", "????????-*.json"))
    (path,) = (tmp_path / "results").glob("*/*.anchor")
    anchor = store.load(path)
    anchor["results"]["handlers.Hello.track_hops"][0][0] = 7
    store.write_result(path, anchor)
    (tmp_path / "commits.txt").write_text("main\n")
    done = measure(tmp_path / "results", releases, tmp_path / "commits.txt", "--job", path.stem)
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert re.search(r"the anchor's handlers.Hello.track_hops is \[0.*\], and was \[7.*measure again", said), said
    refused = merge(tmp_path / "results", tmp_path / "into", ask(Repository(releases), None, "main"))
    assert [Path(name).suffix for name in refused] == [".json"]
    assert "left no anchor" in capsys.readouterr().out
    assert counts(tmp_path / "into") == {}


def test_a_commit_is_measured_by_one_run_at_a_time(tmp_path: Path) -> None:
    results = store.Store(tmp_path)
    with results.lease("a" * 40) as first:
        assert first
        with ThreadPoolExecutor(1) as other:
            assert not other.submit(lambda: _takes(results)).result()
    with results.lease("a" * 40) as free:
        assert free
    assert not list((tmp_path / ".leases").iterdir())


class TestTwice:
    """Some commits are those of two shards."""

    COMMITS: ClassVar = [f"{number * 2654435761 % 2**32:08x}{'0' * 32}" for number in range(200)]

    def shares(self, commits: list[str], shards: int, twice: int) -> list[list[str]]:
        return [share(commits, (number, shards), twice) for number in range(1, shards + 1)]

    def test_none_unless_it_is_asked_for(self) -> None:
        assert sorted(chain(*self.shares(self.COMMITS, 4, 0))) == sorted(self.COMMITS)

    @pytest.mark.parametrize("shards", [2, 3, 8])
    def test_they_are_chosen_by_their_hashes_and_never_by_one_shard_twice(self, shards: int) -> None:
        shares = self.shares(self.COMMITS, shards, 10)
        assert all(len(set(each)) == len(each) for each in shares)
        times = Counter(chain(*shares))
        assert set(times) == set(self.COMMITS)
        again = {commit for commit, number in times.items() if number == 2}
        assert 10 < len(again) < 30
        assert again == {commit for commit, n in Counter(chain(*self.shares(self.COMMITS, 5, 10))).items() if n == 2}

    def test_all_of_them_by_each_of_two(self) -> None:
        assert [sorted(each) for each in self.shares(self.COMMITS, 2, 100)] == [sorted(self.COMMITS)] * 2

    def test_one_job_measures_each_once(self) -> None:
        assert share(self.COMMITS, (1, 1), 100) == self.COMMITS


def _takes(results: store.Store) -> bool:
    with results.lease("a" * 40) as ours:
        return ours


class TestMerge:
    """What a job hands on is looked at before it is taken."""

    @pytest.fixture
    def shards(self, one_run: Path, tmp_path: Path) -> Path:
        shutil.copytree(one_run, tmp_path / "shards" / "sound", ignore=shutil.ignore_patterns(".leases"))
        return tmp_path / "shards"

    @pytest.fixture
    def bad(self, shards: Path) -> Path:
        """A second shard with the same machine, whose one result a test spoils."""
        bad = shards / "bad"
        shutil.copytree(shards / "sound", bad)
        for path in [*sorted(bad.glob("*/????????-*.json"))[1:], bad / "benchmarks.json"]:
            path.unlink()
        return next(bad.glob("*/????????-*.json"))

    def test_nothing_is_lost(self, shards: Path, releases: Path, tmp_path: Path) -> None:
        assert merge(shards, tmp_path / "into", ask(Repository(releases), None, "main")) == []
        assert counts(tmp_path / "into") == counts(shards / "sound")

    def test_one_shard_may_lack_its_folder(self, shards: Path, releases: Path, tmp_path: Path) -> None:
        """As download-artifact unpacks it, and with the list of commits beside it."""
        (shards / "sound" / "commits.txt").write_text("main\n")
        assert merge(shards / "sound", tmp_path / "into", ask(Repository(releases), None, "main")) == []
        assert counts(tmp_path / "into") == counts(shards / "sound")

    def test_another_shard_does_not_hide_the_first(self, shards: Path, bad: Path, releases: Path) -> None:
        """By passing for a machine's folder, or for the list."""
        (shards / "bad" / "machine.json").write_bytes((bad.parent / "machine.json").read_bytes())
        (bad.parent / "commits.txt").write_text("main\n")
        refused = merge(shards, shards.parent / "into", ask(Repository(releases), None, "main"))
        assert set(refused) == {str(shards / "bad" / "machine.json"), str(bad.parent / "commits.txt")}
        assert counts(shards.parent / "into") == counts(shards / "sound")

    def test_of_failures_each_job_counts_once(self, shards: Path, bad: Path, releases: Path) -> None:
        commit = commits_of(releases)[0]
        lines = [
            json.dumps({"commit": commit, "at": f"2026-01-01T00:00:0{second}+00:00", "error": "planted"})
            for second in range(3)
        ]
        machine = bad.parent.name
        for shard, own in (("bad", lines[:2]), ("sound", lines[2:])):
            (shards / shard / machine / f"{commit[:8]}.failures").write_text("".join(f"{line}\n" for line in own))
        assert merge(shards, shards.parent / "into", ask(Repository(releases), None, "main")) == []
        assert store.Store(shards.parent / "into").failures(commit, "3.12") == ["planted"] * 2

    def test_two_merges_at_once_lose_nothing(self, shards: Path, releases: Path, tmp_path: Path) -> None:
        """Two jobs push to one branch, each the results of one commit."""
        remote = tmp_path / "remote.git"
        subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
        names = [path.name for path in (shards / "sound").glob("*/????????-*.json")]
        for number, name in enumerate(names):
            shutil.copytree(shards / "sound", tmp_path / f"of-{number}" / "shard", ignore=shutil.ignore_patterns(name))
        asked = ask(Repository(releases), None, "main")
        with ThreadPoolExecutor(2) as pool:
            pushes = [
                pool.submit(push_results, str(remote), "results", tmp_path / f"of-{number}", asked)
                for number in range(len(names))
            ]
        assert [push.result() for push in pushes] == [[], []]
        subprocess.run(["git", "clone", "--quiet", "--branch", "results", remote, tmp_path / "branch"], check=True)
        assert counts(tmp_path / "branch" / "results") == counts(shards / "sound")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("measure", "--commits", "no-such-file"), "no-such-file"),
        (("measure", "--commits", "README.md", "--shard", "5/4"), "5/4 is no share"),
        (("measure", "--commits", "README.md", "--django", "no-such"), "DJANGO must name a git repository"),
        (("measure", "--commits", "README.md", "--django", ".", "--anchor", "9.9"), "no commit 9.9"),
        (("merge", "no-such", "--django", "."), "SHARDS must name"),
        (("merge", "tools/vendor/jquery", "--django", "."), "holds no results"),
        (("publish", "--results", "no-such", "--django", "."), "holds no results"),
    ],
)
def test_bad_input_ends_in_one_line(arguments: tuple[str, ...], complaint: str) -> None:
    done = subprocess.run([sys.executable, "-m", "tools", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert complaint in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


class TestPending:
    """What has no result is found, and what keeps it out is said."""

    def pending(self, checkout: Checkout, tmp_path: Path) -> tuple[list[str], str]:
        options = ["--results", tmp_path / "results", "--django", checkout.path, "--commits", tmp_path / "commits.txt"]
        output = tmp_path / "output"
        done = subprocess.run(
            [sys.executable, "-m", "tools", "pending", "--shards", "2", "--output", output, *options],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        found = (tmp_path / "commits.txt").read_text().split()
        shards = json.dumps(["1/2", "2/2"] if found else [])
        assert output.read_text() == f"shards={shards}\ncommits={' '.join(found)}\n"
        return found, done.stderr

    def test_newest_first_without_what_has_a_result_or_is_given_up(self, checkout: Checkout, tmp_path: Path) -> None:
        commits = []
        for number in range(4):
            checkout.write("README.rst", str(number))
            checkout.commit()
            commits.append(checkout.git("rev-parse", "HEAD").strip())
        checkout.git("branch", "stable/2.2.x", "HEAD~1")
        machine = tmp_path / "results" / "vm"
        machine.mkdir(parents=True)
        (machine / f"{commits[3][:8]}-env.json").write_text("{}")
        line = json.dumps({"commit": commits[2], "at": "", "error": "planted"}) + "\n"
        (machine / f"{commits[2][:8]}.failures").write_text(line * 3)
        found, said = self.pending(checkout, tmp_path)
        assert set(found) == {commits[0], commits[1], checkout.git("rev-parse", "HEAD~4").strip()}
        assert "1 commits are given up, after 3 tries each" in said

    def test_an_empty_range_is_said(self, checkout: Checkout, tmp_path: Path) -> None:
        checkout.git("branch", "--move", "main", "other")
        found, said = self.pending(checkout, tmp_path)
        assert found == []
        assert "has no branch main" in said
        assert "0 without a result" in said


@pytest.fixture
def mirrored(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout that asv.conf.json names as the repository of Django."""
    from tools.history import repository

    (tmp_path / "asv.conf.json").write_text(json.dumps({"repo": str(checkout.path)}))
    monkeypatch.setattr(repository, "ROOT", tmp_path)
    return checkout


def test_a_mirror_follows_a_rewritten_branch(mirrored: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    from tools.history.repository import repository

    mirrored.write("README.rst", "first")
    mirrored.commit()
    first = repository(None).find("main")
    mirrored.git("reset", "--quiet", "--hard", "HEAD~1")
    mirrored.write("README.rst", "second")
    mirrored.commit()
    assert repository(None).find("main") not in (None, first)
    assert "main was rewritten" in capsys.readouterr().err


def test_who_reads_no_files_gets_none(mirrored: Checkout, tmp_path: Path) -> None:
    from tools.history.repository import repository

    (tmp_path / "asv.conf.json").write_text(json.dumps({"repo": mirrored.path.as_uri()}))
    mirrored.git("config", "uploadpack.allowFilter", "true")
    commits = repository(None, files=False)
    assert commits.dates() == repository(None).dates() != {}
    held = {
        path.name: set(
            subprocess.check_output(
                ["git", "-C", path, "cat-file", "--batch-check=%(objecttype)", "--batch-all-objects"], text=True
            ).split()
        )
        for path in (commits.path, repository(None).path)
    }
    assert {name: "blob" in kinds for name, kinds in held.items()} == {"commits.git": False, "django.git": True}
    # Where all are at hand, nothing is fetched a second time.
    assert repository(None, files=False).path == repository(None).path


def test_without_its_source_a_mirror_serves_what_it_has(mirrored: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    from tools.history.repository import repository

    found = repository(None).find("main")
    mirrored.path.rename(mirrored.path.with_name("gone"))
    assert repository(None).find("main") == found
    assert "going on with the commits at hand" in capsys.readouterr().err
