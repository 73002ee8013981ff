"""The workflows, step by step: commits found, measured in shards, merged, published and compared."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, Checkout, path_without
from measuring import CELLS, PATTERN, counts
from private import PrivateServer, serving
from workflows import Job, Outputs, Runner

pytestmark = pytest.mark.xdist_group("measure")

WORKFLOWS = sorted(path.name for path in (ROOT / ".github/workflows").glob("*.yml"))

INPUTS = {"benchmarks": PATTERN, "since": "2019-06-01", "count": "40"}


@pytest.fixture(scope="module")
def executed() -> set[tuple[str, str]]:
    """The steps that the tests of this module executed: workflow and command."""
    return set()


class Recorder(Runner):
    """Notes which steps ran."""

    executed: set[tuple[str, str]]

    def run(self, workflow: str, job: str, *arguments: Any, **contexts: Any) -> Job:
        done = super().run(workflow, job, *arguments, **contexts)
        self.executed |= {(workflow, step) for step in done.steps}
        return done


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServer]:
    with serving(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def runner(
    tmp_path_factory: pytest.TempPathFactory, releases: Path, server: PrivateServer, executed: set[tuple[str, str]]
) -> Runner:
    asv = ROOT / ".asv" / "measure-1"
    asv.mkdir(parents=True, exist_ok=True)
    runner = Recorder(tmp_path_factory.mktemp("runner"), server, asv, DJANGO=str(releases), ANCHOR="main")
    runner.executed = executed
    return runner


@pytest.fixture(scope="module")
def found(runner: Runner) -> Outputs:
    """What the first job says."""
    job = runner.run("measure.yml", "find", inputs=INPUTS)
    assert not job.failed
    return job.outputs["pending"]


@pytest.fixture(scope="module")
def shards(found: Outputs) -> list[str]:
    shards: list[str] = json.loads(found["shards"])
    return shards


@pytest.fixture(scope="module")
def merged(runner: Runner, found: Outputs, shards: list[str]) -> Path:
    """The results on the branch, once each shard was measured and merged."""
    for index, shard in enumerate(shards):
        contexts = {"github": {"run_id": 7, "run_attempt": 1}, "strategy": {"job-index": index}}
        job = runner.run("measure.yml", "measure", inputs=INPUTS, matrix={"shard": shard}, **contexts)
        assert not job.failed
    for name in ("merge", "push"):
        job = runner.run("measure.yml", name, needs={"find": {"outputs": found}})
        assert not job.failed
    folder = runner.folder / "branch"
    subprocess.run(["git", "clone", "--quiet", "--branch", "results", runner.remote, folder], check=True)
    return folder / "results"


def test_each_release_is_a_shard(shards: list[str]) -> None:
    assert shards == ["1/2", "2/2"]


def test_shards_hold_what_one_run_holds(merged: Path, one_run: Path) -> None:
    assert counts(merged) == counts(one_run)
    assert len(counts(merged)) == 2 * CELLS
    assert {path.name for path in merged.glob("*/*.anchor")} == {"7-1-0.anchor", "7-1-1.anchor"}
    assert len(list(merged.glob("*/machine.json"))) == 1


def test_what_is_measured_is_not_pending(runner: Runner, merged: Path) -> None:
    runner.begin()
    again = runner.run("measure.yml", "find", inputs=INPUTS)
    assert not again.failed
    assert again.outputs["pending"]["shards"] == "[]"


def test_the_site_is_made_of_the_branch(runner: Runner, merged: Path) -> None:
    job = runner.run("publish.yml", "build")
    assert not job.failed
    site = runner.artifacts / "github-pages"
    assert (site / "index.html").is_file()
    assert "handlers.Hello.track_hops" in json.loads((site / "index.json").read_text())["benchmarks"]


class TestCompare:
    """The answer to a pull request."""

    @pytest.fixture(autouse=True)
    def _without_valgrind(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the workflow finds on a runner: it installs no valgrind."""
        monkeypatch.setenv("PATH", path_without("valgrind"))

    def job(self, runner: Runner, checkout: Checkout) -> Job:
        def copy(target: Path) -> None:
            shutil.copytree(checkout.path, target)

        runner.begin()
        runner.environment["SCENARIOS"] = "handlers"
        return runner.run("compare.yml", "compare", {"django-checkout": copy}, inputs={"base": "HEAD~1"})

    def test_a_change_of_texts_passes(self, runner: Runner, checkout: Checkout) -> None:
        checkout.write("README.rst", "other words")
        checkout.commit()
        job = self.job(runner, checkout)
        assert not job.failed
        assert "hold the same code" in job.summary

    def test_one_more_crossing_fails(self, runner: Runner, checkout: Checkout) -> None:
        checkout.plant(
            "django/core/handlers/asgi.py",
            "    async def handle(self, scope, receive, send):\n",
            "        await sync_to_async(planted)()\n",
            "\n\ndef planted():\n    pass\n",
        )
        checkout.commit()
        job = self.job(runner, checkout)
        assert job.failed
        assert "planted" in job.summary
        assert (runner.artifacts / "compare/compare.json").is_file()


def test_the_steps_of_tests(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    runner.environment |= {"TESTS": "tests/test_verdict.py", "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache")}
    job = runner.run("tests.yml", "tests")
    assert not job.failed


def test_the_steps_of_documents(runner: Runner) -> None:
    runner.environment |= {"TESTS": "tests/test_documents.py --collect-only --quiet"}
    job = runner.run("documents.yml", "documents")
    assert not job.failed


def test_every_step_was_executed(executed: set[tuple[str, str]], request: pytest.FixtureRequest) -> None:
    if not {"test_the_steps_of_tests", "test_the_steps_of_documents", "test_one_more_crossing_fails"} <= {
        item.name for item in request.session.items
    }:
        pytest.skip("only some tests were asked for")
    steps = set()
    for name in WORKFLOWS:
        for job in yaml.safe_load((ROOT / ".github/workflows" / name).read_text())["jobs"].values():
            steps |= {(name, step["run"]) for step in job.get("steps", ()) if "run" in step}
    assert executed == steps


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_takes_no_more_than_it_needs(name: str) -> None:
    text = (ROOT / ".github/workflows" / name).read_text()
    workflow = yaml.safe_load(text)
    triggers = workflow[True]  # YAML's "on"
    assert workflow["permissions"] == {}
    assert not {"pull_request_target", "workflow_run"} & set(triggers)
    assert "concurrency" in workflow
    for job in workflow["jobs"].values():
        assert job.get("runs-on", "ubuntu-24.04") == "ubuntu-24.04"
        for step in job.get("steps", ()):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
            if "run" in step:
                assert re.fullmatch(r"(sudo )?make [^;&|\n]*", step["run"])
    for reference in re.findall(r"uses: ([^$].*)", text):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", reference)


def test_the_documented_caller_gives_what_compare_takes(tmp_path: Path) -> None:
    """It is asked for by a label, and names the suite and its hash once."""
    documented = (ROOT / "docs/operate.md").read_text()
    (caller,) = re.findall(r"```yaml\n(on:.*?)```", documented, re.DOTALL)
    (job,) = yaml.safe_load(caller)["jobs"].values()
    inputs = yaml.safe_load((ROOT / ".github/workflows/compare.yml").read_text())[True]["workflow_call"]["inputs"]
    required = {name for name, each in inputs.items() if each.get("required")}
    assert required <= set(job["with"]) <= set(inputs)
    assert caller.count("FULL-HASH") == caller.count("OWNER/SUITE") == 1
    (tmp_path / "caller.yml").write_text(caller.replace("FULL-HASH", "0" * 40))
    said = subprocess.run(
        [Path(sys.executable).with_name("actionlint"), tmp_path / "caller.yml"], capture_output=True, text=True
    )
    assert (said.returncode, said.stdout) == (0, "")


def test_what_may_write_installs_nothing() -> None:
    """And has no other step of its own."""
    job = yaml.safe_load((ROOT / ".github/workflows/measure.yml").read_text())["jobs"]["push"]
    actions = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
    assert actions == ["actions/checkout", "actions/download-artifact"]
    (run,) = (step["run"] for step in job["steps"] if "run" in step)
    planned = subprocess.check_output(["make", "--dry-run", *run.split()[1:]], cwd=ROOT, text=True)
    assert not re.search(r"\bpip\b|python|\.venv", planned)


def test_only_the_push_may_write() -> None:
    writers = []
    for name in WORKFLOWS:
        for job, described in yaml.safe_load((ROOT / ".github/workflows" / name).read_text())["jobs"].items():
            writers += [(name, job, scope) for scope, right in described["permissions"].items() if right == "write"]
    assert writers == [
        ("measure.yml", "push", "contents"),
        ("measure.yml", "publish", "pages"),
        ("measure.yml", "publish", "id-token"),
        ("publish.yml", "deploy", "pages"),
        ("publish.yml", "deploy", "id-token"),
    ]
