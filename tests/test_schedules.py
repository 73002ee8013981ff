"""The workflow ``measure``, run after run, as jobs fail in all ways that they can: nothing is lost.

The workflow's own steps run, on a history without Django's code: tests/stand_in.py stands in for what measures.
``SCHEDULES=50`` replays 50 of them in place of a few, in a quarter of an hour, and ``pytest -rP`` shows what they were.
"""

import json
import os
import random
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import ROOT
from generated import history
from measuring import results_in
from private import PrivateServer, serving
from stand_in import BENCHMARK
from workflows import Job, Runner, described_in, holds

SCHEDULES = int(os.environ.get("SCHEDULES", "3"))

pytestmark = [pytest.mark.xdist_group("schedules"), pytest.mark.timeout(600 + 60 * SCHEDULES)]

SUBJECT = "Fixed #{} -- [/x] [yes/no]"

GROWTH = (1, 2, 8, 0)
"""Commits from one run to the next: each of several shards, or none at all."""

FATES = ("", "", "", "", "nothing", "half", "broken", "lost")
"""Of a job: it ends well, it is one of those that tests/stand_in.py tells, or its machine is gone with all it held."""

INPUTS = {"benchmarks": "all", "since": "2000-01-01", "count": "40"}


@dataclass
class Workflow:
    """Runs of the workflow on a repository of Django that grows."""

    runner: Runner
    django: Path
    commits: Sequence[str]
    said: list[str] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)

    def grow(self, number: int) -> None:
        """Let main hold so many commits."""
        git(self.django, "update-ref", "refs/heads/main", self.commits[number - 1])

    def run(self, *fates: str) -> list[str]:
        """Run the jobs that their conditions let run; return the shards. What artifacts hold must get on the branch."""
        before = held(self.runner.remote)
        self.runner.begin()
        find = self.runner.run("measure.yml", "find", inputs=INPUTS)
        assert not find.failed
        needs = {"find": {"result": "success", "outputs": find.outputs["pending"]}}
        shards: list[str] = json.loads(find.outputs["pending"]["shards"])
        jobs = described_in("measure.yml")["jobs"]
        if not holds(jobs["measure"]["if"], {"needs": needs}):
            assert not holds(jobs["merge"]["if"], {"needs": {"measure": {"result": "skipped"}}})
            assert shards == []
            return shards
        with ThreadPoolExecutor(2) as pool:
            measured = list(pool.map(self._measure, range(len(shards)), shards, [*fates, *[""] * len(shards)]))
        failed = any(job is None or job.failed for job in measured)
        needs["measure"] = {"result": "failure" if failed else "success", "outputs": {}}
        assert holds(jobs["merge"]["if"], {"needs": needs})
        handed = list(self.runner.artifacts.glob("measured-*"))
        merge = self.runner.run("measure.yml", "merge", needs=needs)
        self.said.append(merge.said)
        assert bool(merge.failed) == (not handed), merge.failed
        assert "refused" not in merge.said
        pushed = self.runner.run("measure.yml", "push")
        assert not pushed.failed
        after = held(self.runner.remote)
        for folder in handed:
            assert figures(folder) <= after
        assert before <= after
        return shards

    def _measure(self, index: int, shard: str, fate: str) -> Job | None:
        self.fates[fate or "ends well"] += 1
        if fate == "lost":
            return None
        contexts = {"github": {"run_id": 1, "run_attempt": 1}, "strategy": {"job-index": index}}
        planted = {"STAND_IN": fate}
        job = self.runner.run(
            "measure.yml", "measure", planted=planted, inputs=INPUTS, matrix={"shard": shard}, **contexts
        )
        assert not job.failed or fate in ("nothing", "half")
        assert fate == "nothing" or "-- [/x] [yes/no]: " in job.said
        return job


@pytest.fixture
def workflow(tmp_path: Path) -> Iterator[Workflow]:
    with serving(tmp_path / "server") as server:
        yield workflow_in(tmp_path, server)


def workflow_in(folder: Path, server: PrivateServer) -> Workflow:
    django = folder / "django.git"
    commits = history(django, 10 + SCHEDULES * max(GROWTH), SUBJECT)
    instead = {"tools/history/commit.py": ROOT / "tests" / "stand_in.py"}
    runner = Runner(folder / "runner", server, instead=instead, DJANGO=str(django), ANCHOR=commits[0])
    return Workflow(runner, django, commits)


def git(repository: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", repository, *arguments], capture_output=True, text=True).stdout.strip()


def held(remote: Path) -> Counter[object]:
    """Return what the branch holds: each commit's figure, and each try of one that failed."""
    if not git(remote, "rev-parse", "--verify", "--quiet", "refs/heads/results"):
        return Counter()
    folder = remote.with_name("held")
    subprocess.run(["rm", "-rf", folder], check=True)
    subprocess.run(["git", "clone", "--quiet", "--branch", "results", remote, folder], check=True)
    return figures(folder / "results")


def figures(folder: Path) -> Counter[object]:
    results = [(each["commit_hash"], each["results"][BENCHMARK][0][0]) for each in results_in(folder)]
    assert all(int(commit[:6], 16) == figure for commit, figure in results)
    tries = [line for path in folder.glob("*/*.failures") for line in path.read_text().splitlines()]
    return Counter(commit for commit, _ in results) + Counter(tries)


def measured(workflow: Workflow) -> set[str]:
    return set(held(workflow.runner.remote)) & set(workflow.commits)


def test_one_shard(workflow: Workflow) -> None:
    """On a branch that is not there yet; then nothing is pending."""
    workflow.grow(1)
    assert workflow.run() == ["1/1"]
    assert measured(workflow) == {workflow.commits[0]}
    assert workflow.run() == []


def test_jobs_that_leave_nothing_are_said(workflow: Workflow) -> None:
    workflow.grow(2)
    workflow.run("nothing", "lost")
    assert "Error: shards holds no results: no job has left any" in workflow.said[-1]
    assert measured(workflow) == set()


def test_no_schedule_loses_anything(workflow: Workflow) -> None:
    chance = random.Random(SCHEDULES)
    shards: Counter[int] = Counter()
    length = 0
    for number in range(SCHEDULES):
        length += GROWTH[number] if number < len(GROWTH) else chance.choice(GROWTH)
        workflow.grow(length)
        shards[len(workflow.run(*chance.sample(FATES, len(FATES))))] += 1
    while workflow.run():
        pass
    print("runs by their shards:", dict(sorted(shards.items())), "fates of jobs:", dict(workflow.fates))
    results, tries = measured(workflow), held(workflow.runner.remote)
    given_up = {json.loads(line)["commit"] for line in tries if line not in workflow.commits}
    assert results | given_up == set(workflow.commits[:length])
