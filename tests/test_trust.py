"""What a job hands on is not believed: no attack changes what is published, and what is taken can be shown.

``EXAMPLES=10000`` mutates so many results in place of a few, in a quarter of an hour.
"""

import contextlib
import datetime
import json
import os
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asv.config import Config
from asv.results import get_filename
from generated import configure, history
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stand_in import BENCHMARK, COLUMNS, ENVIRONMENT, PARAMS, PYTHON, benchmarks, figure_of, result

from tools.history import store
from tools.history.asked import Asked, ask
from tools.history.merge import merge
from tools.history.repository import Repository
from tools.history.shard import BESIDES, LARGEST
from tools.site.plugin import publish_alone

ROW = {name: number for number, name in enumerate(COLUMNS)}
MACHINE = {
    "os": "Linux",
    "arch": "x86_64",
    "cpu": "A CPU",
    "num_cpu": "2",
    "ram": "8000000000",
    "machine": "a-cpu-2-cpu-8-gb",
}
PLACE = MACHINE["machine"]
Document = dict[str, Any]
Attack = Callable[["Jobs", Path], object]


@dataclass
class Jobs:
    """Commits of a repository, all but the last of which were asked for, the first as the anchor."""

    commits: dict[str, int]
    asked: Asked

    @property
    def listed(self) -> list[str]:
        return list(self.asked.commits)

    @property
    def other(self) -> str:
        return list(self.commits)[-1]

    def write(self, shard: Path) -> None:
        """Write what an honest job leaves: a result of each commit of the list."""
        write(shard / PLACE / "machine.json", {**MACHINE, "version": 1})
        write(shard / "benchmarks.json", benchmarks())
        write(shard / PLACE / "job.anchor", self.result(self.listed[0]))
        for commit in self.listed:
            write(shard / get_filename(PLACE, commit, ENVIRONMENT), self.result(commit))

    def result(self, commit: str, **changes: Any) -> Document:
        """Return a commit's result, with other columns of its one benchmark."""
        document = {**result(commit, self.commits.get(commit, 1), MACHINE), "job": "job"}
        row = document["results"][BENCHMARK]
        row += [None] * (len(COLUMNS) - len(row))
        for column, value in changes.items():
            row[ROW[column]] = value
        return document


def write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    path = tmp_path_factory.mktemp("django") / "repository"
    commits = history(path, 4)
    repository = Repository(path)
    dates = repository.dates()
    return Jobs(
        {commit: dates[commit] // 1000 for commit in commits},
        ask(repository, "\n".join(commits[:-1]), commits[0]),
    )


@pytest.fixture(scope="module")
def honest(jobs: Jobs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of an honest job."""
    folder = tmp_path_factory.mktemp("honest")
    jobs.write(folder / "shards")
    assert merge(folder / "shards", folder / "results", jobs.asked) == []
    assert len(list((folder / "results" / PLACE).iterdir())) == 5
    return folder / "results"


# The attacks: each changes the folder of a job.


def text(change: Callable[[str], str]) -> Attack:
    """Change the text of a commit's result."""

    def attack(jobs: Jobs, shard: Path) -> None:
        path = shard / get_filename(PLACE, jobs.listed[1], ENVIRONMENT)
        changed = change(path.read_text())
        assert changed != path.read_text()
        path.write_text(changed, errors="surrogatepass")

    return attack


def replaced(old: str, new: str) -> Attack:
    return text(lambda content: content.replace(old, new))


def row(**columns: Any) -> Attack:
    """Change columns of the one benchmark of a commit's result."""
    return lambda jobs, shard: write(
        shard / get_filename(PLACE, jobs.listed[1], ENVIRONMENT), jobs.result(jobs.listed[1], **columns)
    )


def key(**keys: Any) -> Attack:
    """Change what a result says besides."""
    return text(lambda content: json.dumps({**json.loads(content), **keys}))


def param(**params: Any) -> Attack:
    """Change what a result says of its machine and its environment."""

    def change(content: str) -> str:
        document = json.loads(content)
        return json.dumps({**document, "params": {**document["params"], **params}})

    return text(change)


def machine(**changes: Any) -> Attack:
    """Describe the machine otherwise, in its file and in all results."""

    def attack(jobs: Jobs, shard: Path) -> None:
        write(shard / PLACE / "machine.json", {**MACHINE, **changes, "version": 1})
        for path in shard.glob(f"{PLACE}/*[!e].*"):
            document = json.loads(path.read_text())
            write(path, {**document, "params": {**document.get("params", {}), **changes}})

    return attack


def named(name: str, changes: dict[str, str]) -> Attack:
    """Add the folder of another machine."""

    def attack(jobs: Jobs, shard: Path) -> None:
        described = {**MACHINE, **changes, "machine": name}
        write(shard / name / "machine.json", {**described, "version": 1})
        document = jobs.result(jobs.listed[1])
        write(
            shard / get_filename(name, jobs.listed[1], ENVIRONMENT),
            {**document, "params": {**document["params"], **described}},
        )

    return attack


def of_commit(commit: Callable[[Jobs], str], name: str = "") -> Attack:
    """Add a result, or an anchor, of a commit."""

    def attack(jobs: Jobs, shard: Path) -> None:
        path = shard / (f"{PLACE}/{name}" if name else get_filename(PLACE, commit(jobs), ENVIRONMENT))
        write(path, {**jobs.result(commit(jobs)), "job": Path(name or "job").stem})

    return attack


def failures(commit: Callable[[Jobs], str], times: int = 1, name: str = "", **changes: str) -> Attack:
    """Add tries of a commit."""

    def attack(jobs: Jobs, shard: Path) -> None:
        its = commit(jobs)
        lines = [
            json.dumps({"commit": its, "at": f"2026-01-01T00:00:{n:02}+00:00", "error": "no"} | changes) + "\n"
            for n in range(times)
        ]
        (shard / PLACE / f"{name or its[:8]}.failures").write_text("".join(lines))

    return attack


def file(name: str | bytes, content: str = "<script>") -> Attack:
    """Add a file."""

    def attack(jobs: Jobs, shard: Path) -> None:
        path = Path(
            os.fsdecode(os.path.join(os.fsencode(shard), os.fsencode(name).replace(b"MACHINE", PLACE.encode())))
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    return attack


def instead(make: Callable[[Path], object]) -> Attack:
    """Put something else in the place of a result."""

    def attack(jobs: Jobs, shard: Path) -> None:
        path = shard / get_filename(PLACE, jobs.listed[1], ENVIRONMENT)
        path.unlink()
        make(path)

    return attack


def many(count: int) -> Attack:
    """Make up environments of one commit."""

    def attack(jobs: Jobs, shard: Path) -> None:
        for number in range(count):
            name = f"virtualenv-{number}"
            document = {**jobs.result(jobs.listed[1]), "env_name": name}
            write(shard / get_filename(PLACE, jobs.listed[1], name), document)

    return attack


def large(count: int) -> Attack:
    def attack(jobs: Jobs, shard: Path) -> None:
        for number in range(count):
            with (shard / PLACE / f"{number:08}-a.json").open("w") as sparse:
                sparse.truncate(3_500_000)

    return attack


OTHER = "another date than|not asked for"
ENVIRONMENTS = "its environment is none that this suite measures in"
BENCHMARKS = "is no benchmark of this suite, or not of its version and parameters"
NO_JSON, NO_RESULT = "it is no whole JSON", r"it is no result as asv 0.6 writes it: \$\."
MADE_UP = "0" * 40

ATTACKS: dict[str, tuple[Attack, str]] = {
    # Of what was not asked for.
    "a commit that nobody asked for": (of_commit(lambda jobs: jobs.other), "not asked for"),
    "a commit that is none": (of_commit(lambda jobs: MADE_UP), "not asked for"),
    "another commit's hash": (
        text(lambda content: re.sub('(?<="commit_hash": ")[0-9a-f]{8}', "00000000", content)),
        "not asked for",
    ),
    "a second hash": (text(lambda content: content[:-1] + f', "commit_hash": "{MADE_UP}"}}'), "not asked for"),
    "another date": (key(date=1), "another date than"),
    "the year 31,690,708": (key(date=10**18), NO_RESULT + "date"),
    "the file of another commit": (of_commit(lambda jobs: jobs.listed[1], "00000000-a.json"), "not that of its commit"),
    "an anchor of another commit": (of_commit(lambda jobs: jobs.listed[1], "8.anchor"), "not asked for"),
    "results of a job without its anchor": (
        lambda jobs, shard: (shard / PLACE / "job.anchor").unlink(),
        "job job left no anchor that is taken",
    ),
    "results of a job whose anchor is refused": (
        lambda jobs, shard: (shard / PLACE / "job.anchor").write_text("{}"),
        "job job left no anchor that is taken",
    ),
    "an anchor that nobody asked for": (of_commit(lambda jobs: jobs.other, "8.anchor"), "not asked for"),
    "the anchor of another job": (
        lambda jobs, shard: write(shard / PLACE / "7-1-1.anchor", jobs.result(jobs.listed[0])),
        "not that of its job",
    ),
    "a failure that nobody asked for": (failures(lambda jobs: jobs.other), "not asked for"),
    "a failure of what is no commit": (failures(lambda jobs: MADE_UP), "not asked for"),
    "a failure of another commit": (failures(lambda jobs: jobs.listed[1], name="0" * 8), "not that of its name"),
    "tries without end": (failures(lambda jobs: jobs.listed[1], 4), "at most 3 times, not 4"),
    "no try": (failures(lambda jobs: jobs.listed[1], 0), "at most 3 times, not 0"),
    "a try at no time": (failures(lambda jobs: jobs.listed[1], at="+" * 25), r"it is no failure .*\$\.at"),
    "a try without end": (failures(lambda jobs: jobs.listed[1], error="a" * 5000), r"it is no failure .*\$\.error"),
    # Of benchmarks.
    "a forged version": (row(version="0" * 64), BENCHMARKS),
    "no version": (row(version=None), BENCHMARKS),
    "a benchmark that is none": (replaced(BENCHMARK, "handlers.Hello.track_more"), BENCHMARKS),
    "a benchmark of another version": (replaced(BENCHMARK, "handlers.Hello.track_instructions"), BENCHMARKS),
    "a script": (replaced(BENCHMARK, "<script>"), NO_RESULT + "results"),
    "a path": (replaced(BENCHMARK, "../../etc/passwd"), NO_RESULT + "results"),
    "other parameters": (row(params=[["'WSGI'", "'ASGI'"], ["'sync'", "'other'"]]), BENCHMARKS),
    "parameters in another order": (row(params=[["'ASGI'", "'WSGI'"], PARAMS[1]]), BENCHMARKS),
    "parameters turned round": (row(params=PARAMS[::-1]), BENCHMARKS),
    "a parameter twice": (row(params=[["'WSGI'", "'WSGI'"], PARAMS[1]]), BENCHMARKS),
    "no parameters": (row(params=[], result=[1]), BENCHMARKS),
    "no cells": (row(params=[[]], result=[]), BENCHMARKS),
    "a billion cells": (row(params=[["1"] * 1000] * 3, result=None), NO_RESULT + "results.* cells are more than"),
    # Of figures.
    "a figure less": (row(result=[1, 2, 3]), "not one number for each"),
    "a figure more": (row(result=[1, 2, 3, 4, 5]), "not one number for each"),
    "an interval of another length": (row(stats_ci_99_a=[1]), "not one number for each"),
    "a count of 401 digits": (row(result=[10**400, 1, 1, 1]), "a figure is not finite"),
    "a count of 4,001 digits": (row(result=[10**4000, 1, 1, 1]), "a figure is not finite"),
    "a count of a million digits": (
        text(lambda content: re.sub(r'"results": {"\S+ \[\[\d+', "\\g<0>" + "0" * 400_000, content)),
        NO_JSON,
    ),
    "infinity": (row(result=[float("inf"), 1, 1, 1]), "a figure is not finite"),
    "minus infinity": (row(result=[float("-inf"), 1, 1, 1]), "a figure is not finite"),
    "a truth": (row(result=[True, 1, 1, 1]), NO_RESULT + "results"),
    "a word": (row(result=["1", 1, 1, 1]), NO_RESULT + "results"),
    "a list": (row(result=[[1], 1, 1, 1]), NO_RESULT + "results"),
    "a start after the end of time": (row(started_at=10**18), NO_RESULT + "results"),
    "a start in the year 9999": (row(started_at=253_402_300_798_000), "measured in the future"),
    "a start before 1970": (row(started_at=-1), NO_RESULT + "results"),
    "samples": (row(samples=[[1.0]] * 4), "samples or a profile"),
    "a profile": (row(profile="a"), "samples or a profile"),
    # Of the environment.
    "an environment that is none": (key(env_name="a"), "not that of its commit"),
    "an environment that is a path": (key(env_name="../a"), NO_RESULT + "env_name"),
    "another Python": (key(python="3.13"), ENVIRONMENTS),
    "a Python that is none": (key(python="2.7"), ENVIRONMENTS),
    "a lone surrogate": (replaced(f'"python": "{PYTHON}"', '"python": "\\ud800"'), NO_JSON),
    "another asgiref": (param(asgiref="3.12.0"), ENVIRONMENTS),
    "another package": (param(more="1"), ENVIRONMENTS),
    "markup in a package": (key(requirements={"a'&b": "1"}), NO_RESULT + "requirements"),
    "variables": (key(env_vars={"A": "1"}), ENVIRONMENTS),
    "markup in a variable": (key(env_vars={"<script>": "1"}), NO_RESULT + "env_vars"),
    "no packages": (key(requirements={}), "does not say its job and packages"),
    "no job": (key(job=None), "does not say its job and packages"),
    "a job that is a path": (key(job="../a"), NO_RESULT + "job"),
    "no benchmark": (key(results={}), "or has no benchmark"),
    # Of the machine.
    "another machine": (param(machine="another"), "claims to be of the machine another"),
    "another kind of machine": (param(ram="9"), "or of another kind"),
    "a machine by a name that is not its own": (machine(num_cpu="3"), "is called a-cpu-3-cpu-8-gb: MACHINE= names"),
    "a machine of much memory": (machine(ram="9" * 100), "a machine of that kind is called : MACHINE="),
    "a machine of no kind": (machine(cpu=""), "does not say of which kind"),
    "markup in a machine": (machine(os="<script>"), r"it is no machine.json .*\$\.os"),
    "a made-up machine": (named("visit-example-com", {}), "is called a-cpu-2-cpu-8-gb"),
    "no machine": (lambda jobs, shard: (shard / PLACE / "machine.json").unlink(), "machine.json is no file"),
    "a machine that is a link": (
        lambda jobs, shard: (
            (shard / PLACE / "machine.json").rename(shard / "commits.txt"),
            (shard / PLACE / "machine.json").symlink_to(shard / "commits.txt"),
        ),
        "machine.json is no file",
    ),
    # Of the file.
    "a part": (text(lambda content: content[:1000]), NO_JSON),
    "deep": (text(lambda content: "[" * 100_000), NO_JSON),
    "a null": (text(lambda content: "\0"), NO_JSON),
    "another encoding": (instead(lambda path: path.write_text("{}", encoding="utf-16")), NO_JSON),
    "a mark of the order of bytes": (instead(lambda path: path.write_text("{}", encoding="utf-8-sig")), NO_JSON),
    "two documents": (text(lambda content: content * 2), NO_JSON),
    "another version": (key(version=3), NO_RESULT + "version"),
    "another column": (replaced('"stats_q_25"', '"q25"'), NO_RESULT + "result_columns"),
    "a key more": (key(more=1), NO_RESULT + "more"),
    "too large": (text(lambda content: content + " " * LARGEST), "bytes are more than"),
    "a link": (instead(lambda path: path.symlink_to("/etc/passwd")), "is no file"),
    "a link to nothing": (instead(lambda path: path.symlink_to("nothing")), "is no file"),
    "a pipe": (instead(os.mkfifo), "is no file"),
    "a folder": (instead(lambda path: write(path / "a.json", {})), "no job writes a file of that name"),
    "a page": (file("MACHINE/page.html"), "no job writes a file of that name"),
    "git": (file(".git/config"), "no job writes a file of that name"),
    "hashes of others": (file("commits.jsonl"), "no job writes a file of that name"),
    "a list in the folder of a machine": (file("MACHINE/commits.txt"), "no job writes a file of that name"),
    "a machine beside the folders": (file("machine.json"), "no job writes a file of that name"),
    "letters from right to left": (file("MACHINE/\u202egpj.json"), r"/\?gpj.json: no job writes"),
    "bytes that are no letters": (file(b"MACHINE/\xff.json"), "no job writes a file of that name"),
    "a line more in the log": (file("MACHINE/a\n::error::b.json"), r"a\?::error::b.json: no job writes"),
    "a name of 200 letters": (file(f"MACHINE/{'a' * 200}.anchor"), "no job writes a file of that name"),
    # Of the folder.
    "2,000 environments": (many(2000), "20.. files are more than the 26 that a job leaves"),
    "41 large files": (large(BESIDES - 2), "bytes are more than the .* that a job leaves"),
    # Of what is not read at all.
    "markup in the benchmarks": (
        file("benchmarks.json", json.dumps({**benchmarks(), BENCHMARK: {"pretty_name": "<script>"}})),
        "",
    ),
    "no benchmarks": (file("benchmarks.json", "[" * 100_000), ""),
    "what was not finished": (file("MACHINE/a.part"), ""),
    "a lock": (file(".leases/all"), ""),
    "another list": (file("commits.txt", MADE_UP), ""),
    "a folder that is a link": (lambda jobs, shard: (shard / "a").symlink_to("/etc"), ""),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_changes_nothing(
    name: str, jobs: Jobs, honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither of what is stored nor, where nothing is, of what an honest job would have left."""
    attack, complaint = ATTACKS[name]
    jobs.write(tmp_path / "job")
    attack(jobs, tmp_path / "job")
    for stored in (honest, tmp_path / "nothing"):
        into = tmp_path / "into" / stored.name
        if stored.exists():
            shutil.copytree(stored, into)
        began = time.monotonic()
        refused = merge(tmp_path / "job", into, jobs.asked)
        assert time.monotonic() - began < 5
        said = capsys.readouterr().out
        assert re.search(f"^refused .*({complaint})", said, re.MULTILINE) if complaint else not refused, said
        assert contents(into).items() <= contents(honest).items()
        assert not stored.exists() or contents(into) == contents(honest)


class TestTwoJobs:
    """What two jobs say of one commit."""

    def merge(self, jobs: Jobs, folder: Path, **columns: Any) -> tuple[list[str], Path, Path]:
        """Merge an honest job and one that says otherwise of a commit; return what is refused, and its file."""
        for name in ("a", "b"):
            jobs.write(folder / "shards" / name)
        row(**columns)(jobs, folder / "shards" / "b")
        refused = merge(folder / "shards", folder / "results", jobs.asked)
        its = get_filename(PLACE, jobs.listed[1], ENVIRONMENT)
        return refused, folder / "results", Path(its)

    def test_who_disagree_in_a_count_are_both_kept_out(
        self, jobs: Jobs, honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        refused, results, its = self.merge(jobs, tmp_path, result=[1, 1, 1, 2])
        assert refused == [str(tmp_path / "shards" / name / its) for name in ("a", "b")]
        assert f"disagree in {BENCHMARK}" in capsys.readouterr().out
        (said,) = results.glob("*/*.disputes")
        noted = {"commit": jobs.listed[1], "benchmark": BENCHMARK, "cell": 0}
        assert json.loads(said.read_text()) == {**noted, "said": [["job", figure_of(jobs.listed[1])], ["job", 1]]}
        said.unlink()
        assert {**contents(results), str(its): (honest / its).read_bytes()} == contents(honest)

    def test_the_last_disputes_about_a_commit_are_kept(self, jobs: Jobs, honest: Path, tmp_path: Path) -> None:
        shutil.copytree(honest, tmp_path / "results")
        for figure in (2, 3, 4, 5, 5):
            jobs.write(tmp_path / "job")
            row(result=[figure] * 4)(jobs, tmp_path / "job")
            assert len(merge(tmp_path / "job", tmp_path / "results", jobs.asked)) == 1
        (said,) = (tmp_path / "results").glob("*/*.disputes")
        assert [json.loads(line)["said"][1][1] for line in said.read_text().splitlines()] == [3, 4, 5]

    def test_who_failed_disagrees_with_nobody(self, jobs: Jobs, honest: Path, tmp_path: Path) -> None:
        refused, results, _ = self.merge(jobs, tmp_path, result=[None] * 4)
        assert (refused, contents(results)) == ([], contents(honest))

    def test_what_is_stored_stays(self, jobs: Jobs, honest: Path, tmp_path: Path) -> None:
        shutil.copytree(honest, tmp_path / "results")
        jobs.write(tmp_path / "job")
        row(result=[1, 1, 1, 2])(jobs, tmp_path / "job")
        assert len(merge(tmp_path / "job", tmp_path / "results", jobs.asked)) == 1
        (said,) = (tmp_path / "results").glob("*/*.disputes")
        said.unlink()
        assert contents(tmp_path / "results") == contents(honest)

    def test_a_new_version_takes_the_place_of_an_old_one(self, jobs: Jobs, honest: Path, tmp_path: Path) -> None:
        shutil.copytree(honest, tmp_path / "results")
        its = tmp_path / "results" / get_filename(PLACE, jobs.listed[1], ENVIRONMENT)
        old = {**jobs.result(jobs.listed[1], version="0" * 64, result=[7] * 4), "job": "old"}
        old["results"]["handlers.Gone.track_hops"] = old["results"][BENCHMARK]
        write(its, old)
        jobs.write(tmp_path / "job")
        assert merge(tmp_path / "job", tmp_path / "results", jobs.asked) == []
        merged = store.load(its)
        assert merged["job"] == "job"
        assert merged["results"].keys() == {BENCHMARK, "handlers.Gone.track_hops"}
        assert merged["results"][BENCHMARK] == jobs.result(jobs.listed[1])["results"][BENCHMARK]


def test_a_forged_machine_keeps_no_honest_one_out(jobs: Jobs, honest: Path, tmp_path: Path) -> None:
    """Of a new kind of machine, whose name says all that counts."""
    jobs.write(tmp_path / "forged")
    machine(arch="arm64", os="none", cpu="a cpu!", ram="7600000000")(jobs, tmp_path / "forged")
    assert merge(tmp_path / "forged", tmp_path / "results", jobs.asked) == []
    jobs.write(tmp_path / "job")
    assert merge(tmp_path / "job", tmp_path / "results", jobs.asked) == []


def test_without_a_list_that_is_said(jobs: Jobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history(tmp_path / "repository", 2)
    asked = ask(Repository(tmp_path / "repository"), None)
    assert len(asked.commits) == 2
    assert asked.anchor == {}
    assert "no list of commits (COMMITS=file): results of all 2 in " in capsys.readouterr().out


EXAMPLES = int(os.environ.get("EXAMPLES", "40"))

NASTY = [10**400, -(10**19), "<script>", "../a", "0" * 64, "3.13", BENCHMARK, MADE_UP]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(NASTY)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
    max_leaves=20,
)
FIGURE = st.none() | st.integers(-(2**70), 2**70) | st.floats() | st.sampled_from([0, 1e308, 10**400])
FIGURES = st.none() | st.lists(FIGURE, min_size=4, max_size=4)
COLUMN = {"started_at": st.none() | st.integers(0, 2 * 10**12), "duration": FIGURE, "samples": st.none()}


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """A document in which a value, a key or some bytes are others, and in half of those of a result the figures."""
    document = json.loads(content)
    if "results" in document and draw(st.booleans()):
        row = document["results"][BENCHMARK]
        for column in draw(st.sets(st.sampled_from(sorted(COLUMNS[3:] + COLUMNS[:1])))):
            row[ROW[column]] = draw(COLUMN.get(column, FIGURES))
    else:
        inner, name = draw(st.sampled_from(list(places(document))))
        if draw(st.booleans()):
            inner.pop(name)
        else:
            inner[name] = draw(ANYTHING)
    written = json.dumps(document).encode()
    if draw(st.integers(0, 9)) == 9:
        at = draw(st.integers(0, len(written)))
        return written[:at] + draw(st.binary(max_size=8)) + written[at + draw(st.integers(0, 8)) :]
    return written


def places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Yield all that stands in a document: what holds it, and its key or number."""
    for name in list(document) if isinstance(document, dict) else range(len(document)):
        yield document, name
        if isinstance(document[name], dict | list):
            yield from places(document[name])


@pytest.fixture(scope="module")
def tally() -> Iterator[Counter[str]]:
    found: Counter[str] = Counter()
    yield found
    print("of mutated files:", dict(found))


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """Nothing keeps a merge, or the site's reader, busy."""
    before = time.process_time()
    yield
    assert time.process_time() - before < 5


@settings(
    max_examples=EXAMPLES,
    deadline=datetime.timedelta(minutes=1),  # by the clock, which runs on while other processes have the CPU
    derandomize="EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_what_is_taken_can_be_published(data: st.DataObject, jobs: Jobs, honest: Path, tally: Counter[str]) -> None:
    """Of a job whose one file is another, nothing is taken but what the site shows; the others are."""
    with tempfile.TemporaryDirectory() as place, at_once():
        folder = Path(place)
        jobs.write(folder / "job")
        name = data.draw(st.sampled_from(sorted(contents(honest).keys() - {"benchmarks.json"})))
        path = folder / "job" / name
        path.write_bytes(data.draw(mutated(path.read_bytes())))
        refused = merge(folder / "job", folder / "results", jobs.asked)
        tally["refused" if refused else "taken"] += 1
        if path.name == "machine.json":
            assert sorted(refused) in ([], sorted(map(str, path.parent.iterdir())))  # nothing is taken without it
            return
        if path.suffix == ".anchor" and refused:
            assert refused == [str(path), *map(str, sorted(path.parent.glob("*-*.json")))]  # nor of a job without it
            return
        merged, others = contents(folder / "results"), contents(honest)
        others.pop(name)
        assert others.items() <= merged.items()
        assert refused == [str(path)] * (name not in merged)
        if not refused:
            write(folder / "results" / "benchmarks.json", benchmarks())  # the pages of all others are as they are
            configure(folder, results_dir=str(folder / "results"))
            assert publish_alone(Config.load(str(folder / "asv.conf.json"))).problems == []
