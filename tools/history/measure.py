"""``make measure``: measures listed commits that have no result, with asv, as one job of several."""

import contextlib
import datetime
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import click
from asv.results import get_filename

from harness.kept import Kept, temporary_folder
from tools import files, index, releases, terminal
from tools.configuration import ROOT, SERIES, ReleaseHistory, derive
from tools.history import environment, store
from tools.history.commit import BROKEN, NO_ENVIRONMENT, OTHER_CODE, SAID
from tools.history.repository import ANCHOR, DJANGO, Repository, commits_in, repository
from tools.history.store import RESULTS, Store
from tools.history.wall import Wall
from tools.process import asv_environment, our_cpus
from tools.results import COUNTS, ResultRow, benchmarks_in
from tools.site.order import order_commits
from tools.site.results import read
from tools.terminal import Problem, printable

BENCHMARKS = {
    "exact": r"^((handlers|middleware)\..*\.track_|(bridging|signals|responses)\..*\.track_(?!time_to_anchor|anchor_))",
    "all": "",
}
"""By a name: counts and instructions of five parts, with the times of two beside the anchor; or all."""

DJANGO_CONFIGURATION = ROOT / "asv.conf.json"

console = terminal.console(soft_wrap=True)


class NotMeasured(Exception):
    """A commit could not be installed, imported or run in time."""


@dataclass(frozen=True)
class Job:
    """What is measured, and where it is stored."""

    store: Store
    repository: Repository
    folder: Path
    """asv's environment, and what is not finished."""
    machine: dict[str, str]
    name: str
    pattern: str
    timeout: float
    anchor: str
    """The commit by which jobs are compared."""
    source: Path = DJANGO_CONFIGURATION
    """The configuration of the project whose commits are measured."""
    wall: Wall = field(default_factory=Wall)

    @property
    def environment(self) -> Path:
        """The folder in which asv keeps it."""
        return self.folder / "env"

    @property
    def results(self) -> Path:
        return self.store.folder / self.machine["machine"]

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"

    def asking(self, names: Iterable[str]) -> "Job":
        """Return the job of some benchmarks alone."""
        return replace(self, pattern=f"^({'|'.join(map(re.escape, sorted(names)))})$")

    @cached_property
    def benchmarks(self) -> dict[str, dict[str, Any]]:
        """The benchmarks that are asked for, by name."""
        known, _ = benchmarks_in(self.scratch / "benchmarks.json")
        return {name: each for name, each in known.items() if re.search(self.pattern, name)}

    @property
    def counts(self) -> set[str]:
        """The names of those whose figures are exact."""
        return {name for name, each in self.benchmarks.items() if each["unit"] in COUNTS}


def measure(job: Job, commits: Sequence[str]) -> None:
    """Measure those of some commits that have no result yet.

    Raises Problem where nothing can be measured at all; a commit that cannot is recorded, and tried three times in all.
    """
    with begun(job) as tried:
        for number, commit in enumerate(commits, 1):
            if measure_one(job, commit, f"{number}/{len(commits)} "):
                tried.append(commit)


@contextlib.contextmanager
def begun(job: Job) -> Iterator[list[str]]:
    """Begin a job, and end it with the anchor if anything was tried, which the block puts into the list that it gets.

    Raises Problem where nothing can be measured at all, or the anchor is not what it was.
    """
    tried: list[str] = []
    try:
        begin(job)
        yield tried
        if tried:
            check_anchor(job)
    except NotMeasured as problem:
        raise Problem(f"the anchor cannot be measured: {last_line(str(problem))}") from problem


def measure_one(job: Job, commit: str, place: str = "") -> bool:
    """Measure a commit, say what came of it, and return whether it was tried. It leaves the environment as it was."""
    said, runs = measured(job, commit)
    console.print(f"{place}{job.repository.describe(commit)}: {said}")
    if runs and (names := environment.changed(job.environment)):
        console.print(f"it changed {len(names)} files of its environment, {printable(names[0])} first: made again")
        prepare(job)
    return runs


def share(commits: Sequence[str], shard: tuple[int, int], twice: int = 0) -> list[str]:
    """Return every n-th commit, and so many percent of those of the shard before, by their hashes."""
    number, shards = shard
    again = [commit for commit in commits[(number - 2) % shards :: shards] if int(commit[:8], 16) % 100 < twice]
    return [*commits[number - 1 :: shards], *(again if shards > 1 else [])]


@contextlib.contextmanager
def folder_of_its_own() -> Iterator[Path]:
    """Yield a folder for asv's environment that no other run uses, the first that is free."""
    numbers = range(1, 1000)
    for folder in (ROOT / ".asv" / f"measure-{number}" for number in numbers):
        with files.locked(folder.with_suffix(".lock"), wait=False) as free:
            if free:
                shutil.rmtree(folder / "scratch", ignore_errors=True)  # of a run that was killed
                (folder / "scratch").mkdir(parents=True, exist_ok=True)
                yield folder
                return


def begin(job: Job) -> None:
    """Make the environment, learn the benchmarks and measure the anchor, unless this job has."""
    if job.wall.missing:
        console.print(f"what is measured can reach the network and write files here: {job.wall.missing}")
    configure(job)
    prepare(job)
    if not job.benchmarks:
        raise Problem(f"no benchmark's name matches {job.pattern}")
    # First, since a merge takes no result without them, however early a run breaks off.
    with job.store.written():
        for name, folder in (("benchmarks.json", job.store.folder), ("machine.json", job.results)):
            files.write(folder / name, (job.scratch / name).read_text())
    measure_anchor(job)


def prepare(job: Job) -> None:
    """Make the environment, unless it is there as it was made."""
    if environment.changed(job.environment):
        environment.remove(job.environment)
    environment.forget_commit(job.environment)
    with start(job, job.anchor, "prepare") as preparing:
        finish(job, "prepare", preparing)
    environment.remember(job.environment)


def measure_anchor(job: Job) -> None:
    with job.store.lease(job.name) as ours:
        path = anchor_of(job)
        known = [store.load(path)] if path.exists() else []
        names = set(job.benchmarks).difference(*(result["results"] for result in known))
        if names and ours:
            started = time.monotonic()
            store.write_result(path, {**store.union([run(job, job.anchor, names), *known]), "job": job.name})
            console.print(f"anchor {job.repository.describe(job.anchor)}: {time.monotonic() - started:.0f} s")


def check_anchor(job: Job) -> None:
    """Count the anchor again. Raises Problem where it is not what it was at first: something here was changed.

    Then it is taken back, and a merge takes nothing of a job without one.
    """
    if not (names := job.counts) or not anchor_of(job).exists():
        return
    environment.forget_commit(job.environment)
    first, last = store.load(anchor_of(job))["results"], run(job, job.anchor, names)["results"]
    for name in sorted(names):
        # As text, in which NaN, n/a, is itself.
        before, after = (str(ResultRow(*result[name]).result) for result in (first, last))
        if before != after:
            anchor_of(job).unlink()
            raise Problem(
                f"the anchor's {name} is {after}, and was {before} before these commits were measured: one of them has "
                f"changed what the others ran with; remove {job.folder} and what job {job.name} stored, measure again"
            )


def anchor_of(job: Job) -> Path:
    return job.results / f"{job.name}.anchor"


def configure(job: Job) -> None:
    """Write the configuration by which asv measures, and what it is told of the machine."""
    derive(
        job.folder / "asv.conf.json",
        job.source,
        repo=str(job.repository.path),
        pythons=[SERIES],
        benchmark_dir=str(ROOT / "benchmarks"),
        env_dir=str(job.folder / "env"),
        results_dir=str(job.scratch),
    )
    (job.folder / "environment.lock").touch()
    files.write(job.scratch / "machine.json", json.dumps(job.machine, indent=4, sort_keys=True))


def measured(job: Job, commit: str) -> tuple[str, bool]:
    """Measure a commit, store what there is, and return what there is to say, and whether it was tried."""
    with job.store.lease(commit) as ours:
        if not ours:
            return "another run is at it", False
        if job.store.has_given_up(commit, SERIES):
            return f"given up after {store.TRIES} tries: {last_line(job.store.failures(commit, SERIES)[-1])}", False
        known = job.store.versions(commit, SERIES)
        names = {name for name, each in job.benchmarks.items() if known.get(name) != each["version"]}
        if not names:
            return "has its results", False
        started = time.monotonic()
        environment.forget_commit(job.environment)
        try:
            result = run(job, commit, names)
        except NotMeasured as problem:
            fail(job, commit, str(problem))
            return f"failed: {last_line(str(problem))}", True
        keep(job, commit, result)
        return f"{len(names)} benchmarks, {time.monotonic() - started:.0f} s", True


def keep(job: Job, commit: str, result: store.Result) -> None:
    """Store what was measured, beside what this machine knows of the commit already."""
    path = job.store.folder / get_filename(job.machine["machine"], commit, result["env_name"])
    results = [result, *([store.load(path)] if path.exists() else [])]
    store.write_result(path, {**store.union(results), "job": job.name})


def fail(job: Job, commit: str, error: str) -> None:
    path = job.results / f"{commit[:8]}.failures"
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    line = json.dumps({"commit": commit, "at": now, "python": SERIES, "error": error[-SAID:]})
    files.write(path, (path.read_text() if path.exists() else "") + line + "\n")


def run(job: Job, commit: str, names: set[str]) -> store.Result:
    """Return the results of some benchmarks: counts on all CPUs at once, then what is timed alone.

    Raises NotMeasured.
    """
    with start(job, commit, "install") as installing:
        finish(job, "install", installing)
    counts = sorted(names & job.counts)
    cpus = len(our_cpus())
    errors: dict[str, str] = {}
    results = run_parts(job, commit, [counts[number::cpus] for number in range(cpus)], errors)
    results += run_parts(job, commit, [sorted(names.difference(counts))], errors)
    if errors.keys() == names:
        raise NotMeasured("\n".join(dict.fromkeys(errors.values())))
    return store.union(results)


def run_parts(job: Job, commit: str, parts: Sequence[Sequence[str]], errors: dict[str, str]) -> list[store.Result]:
    """Return the results of the benchmarks of each part, which run beside each other. ``errors`` are added to."""
    with contextlib.ExitStack() as stack:
        running = []
        for names in filter(None, parts):
            folder = stack.enter_context(temporary_folder("part-", job.scratch))
            for name in ("benchmarks.json", "machine.json"):
                shutil.copy(job.scratch / name, folder / name)
            (folder / "names").write_text("\n".join(names))
            worker = start(job, commit, "run", str(folder / "names"), folder=folder)
            running.append((stack.enter_context(worker), folder))
        for worker, folder in running:
            finish(job, "run", worker)
            errors |= json.loads((folder / "errors").read_text())
        return [store.load(path) for _, folder in running for path in folder.glob("*/*.json")]


def start(job: Job, commit: str, step: str, *arguments: str, folder: Path | None = None) -> Kept:
    """Start a process of ``tools.history.commit``, which ends with what is returned."""
    place = folder or job.scratch
    words = [str(job.folder / "asv.conf.json"), commit, str(place), step, *arguments]
    wall = job.wall.words(places(job, step, place)) if step != "prepare" else []
    command = [*wall, sys.executable, "-m", "tools.history.commit", *words]
    return Kept(command, place / "said", stop=signal.SIGINT, inherited=asv_environment(installing=step == "prepare"))


def places(job: Job, step: str, place: Path) -> dict[Path, bool]:
    """Return where a commit can write in a step, and where not although that may lie in such a place."""
    guarded = (ROOT, job.folder, job.store.folder, job.repository.path)
    writable = (Path(tempfile.gettempdir()), Path("/dev/shm"))
    own = place if step == "run" else job.environment
    return {**dict.fromkeys(writable, True), **dict.fromkeys(guarded, False), own: True}


def finish(job: Job, step: str, worker: Kept) -> None:
    """Raises NotMeasured where the commit fails or takes too long, click.ClickException where all would fail."""
    try:
        status = worker.wait(job.timeout)
    except subprocess.TimeoutExpired as problem:
        raise NotMeasured(f"{step} took more than {job.timeout:.0f} s") from problem
    if status == 0:
        return
    words = worker.log.read_text(errors="replace").strip()[-SAID:] or f"{step} ended with status {status}"
    if status == BROKEN:
        raise NotMeasured(words)
    if status == OTHER_CODE:
        raise Problem(last_line(words))
    raise Problem(f"asv could not {step}: {last_line(words)}: {remedy(status, words)}")


def remedy(status: int, words: str) -> str:
    """Return what to do where the environment could not be made, or asv failed otherwise."""
    if status != NO_ENVIRONMENT:
        return "see asv"
    if "DO NOT MATCH THE HASHES" in words:
        return "a package is not the one that .ci/locks names: find out why before you install it"
    return "check network and package index, then run the same again"


def last_line(words: str) -> str:
    return words.splitlines()[-1]


def releases_of(history: ReleaseHistory) -> Repository:
    """Return the repository of the releases of a project, each a commit that its tag names.

    Raises Problem where the index cannot be reached or a download fails.
    """
    history.folder.mkdir(parents=True, exist_ok=True)
    offered = [release for release in index.available(history.project) if release.version >= history.oldest]
    releases.update(history.repository, history.project, offered)
    return Repository(history.repository)


@contextlib.contextmanager
def job_of(
    results: Path,
    repository: Repository,
    pattern: str,
    anchor: str,
    machine: str,
    job: str,
    timeout: float,
    source: Path = DJANGO_CONFIGURATION,
) -> Iterator[Job]:
    """Yield a job on this machine, in a folder of its own. Raises Problem where there is no such anchor."""
    anchor = anchor or ANCHOR
    if not (found := repository.find(anchor)):
        raise Problem(f"{repository.path} has no commit {anchor} to compare jobs by: name one by ANCHOR=")
    conditions = store.this_machine(machine), job or datetime.date.today().isoformat()
    with folder_of_its_own() as folder:
        yield Job(Store(results.resolve()), repository, folder, *conditions, pattern, timeout, found, source)


def conditions(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a job."""
    for option in (
        RESULTS,
        DJANGO,
        click.option("--timeout", default=1800.0, show_default=True, help="Seconds that a step of a commit may take."),
        click.option(
            "--job", default="", help="A name for what is measured under the same conditions. By default the day."
        ),
        click.option(
            "--anchor", default="", help="The commit by which jobs are compared. By default that of Django 6.1."
        ),
        click.option(
            "--machine", default="", help="Its name. By default what it is: its CPU, how many, and its memory."
        ),
    ):
        command = option(command)
    return command


@click.command("measure")
@click.option("--commits", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--shard", default="1/1", show_default=True, help="i/n: the i-th of n shares of the commits.")
@click.option(
    "--twice", default=0, show_default=True, type=click.IntRange(0, 100), help="% of commits that two shards have."
)
@click.option("--benchmarks", default="exact", show_default=True, help='"exact", "all" or a regular expression.')
@click.option("--project", default="Django", show_default=True, help="Whose: of asgiref the releases of the index.")
@conditions
def command(
    commits: Path,
    shard: str,
    twice: int,
    benchmarks: str,
    project: str,
    results: Path,
    django: Path | None,
    anchor: str,
    **options: Any,
) -> None:
    """Measure the commits of a file, a hash or a tag a line, that have no result yet.

    What cannot be installed, or takes too long, is recorded with its error and tried three times in all.
    """
    number, _, shards = shard.partition("/")
    if not (number.isdigit() and shards.isdigit() and 1 <= int(number) <= int(shards)):
        raise Problem(f"{shard} is no share of the commits: the second of four is 2/4")
    history = ReleaseHistory(project)
    if history.project == "Django" or django:
        its = repository(django)
    else:
        its, anchor = releases_of(history), anchor or history.pinned(history.project)
    ours = share(commits_in(commits.read_text(), its), (int(number), int(shards)), twice)
    pattern = BENCHMARKS.get(benchmarks, benchmarks)
    with job_of(results, its, pattern, anchor, **options, source=history.source) as its_job:
        measure(its_job, ours)
    if its.path == history.repository.resolve():
        # Whoever makes the site has no repository of releases: which commit is which stays beside the results.
        order_commits(read(results).results, its.path, results / "commits.jsonl")
