"""A workflow's jobs on this machine: each ``run:`` step as GitHub's runner starts it, actions by what they leave."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from conftest import ROOT

Outputs = dict[str, str]


@dataclass
class Job:
    """What became of a job: the workspace that it left, its outputs, and the steps that ran."""

    workspace: Path
    summary: str = ""
    steps: list[str] = field(default_factory=list)
    failed: str = ""
    outputs: dict[str, Outputs] = field(default_factory=dict)


class Runner:
    """Runs jobs in workspaces of their own. Artifacts and the repository that they push to are shared."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = environment
        self.artifacts = folder / "artifacts"
        self.remote = folder / "remote.git"
        self.asv = ROOT / ".asv" / "measure-1"
        self.asv.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "init", "--quiet", "--bare", self.remote], check=True)
        shim = folder / "bin" / "sudo"
        shim.parent.mkdir()
        shim.write_text('#!/bin/sh\nexec "$@"\n')
        shim.chmod(0o755)
        self._jobs = 0

    def run(
        self,
        workflow: str,
        job: str,
        checkouts: Mapping[str, Callable[[Path], object]] | None = None,
        **contexts: Any,
    ) -> Job:
        """Run a job. ``contexts`` are what its expressions find; ``checkouts`` fill the folders of other repositories.

        Raises AssertionError for a step that the runner would not know.
        """
        described = yaml.safe_load((ROOT / ".github/workflows" / workflow).read_text())
        self._jobs += 1
        done = Job(self.folder / f"{self._jobs}-{job}")
        done.workspace.mkdir()
        assert described["defaults"] == {"run": {"shell": "bash"}}  # which the runner starts with -e and pipefail
        for step in described["jobs"][job]["steps"]:
            if done.failed and step.get("if") != "always()":
                continue
            values = {"steps": {name: {"outputs": each} for name, each in done.outputs.items()}, **contexts}
            if "run" in step:
                self._step(done, step, values)
            else:
                self._action(done, step["uses"].partition("@")[0], evaluated(step.get("with", {}), values), checkouts)
        return done

    def _step(self, done: Job, step: dict[str, Any], contexts: Mapping[str, Any]) -> None:
        assert "${{" not in step["run"]  # text of a stranger would be part of the command
        files = {name: self.folder / f"{self._jobs}-{name}" for name in ("script", "output", "env", "summary")}
        for path in files.values():
            path.write_text("")
        files["script"].write_text(step["run"])
        environment = {
            "PATH": os.pathsep.join([os.path.dirname(sys.executable), str(self.folder / "bin"), os.environ["PATH"]]),
            "HOME": str(self.folder),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(done.workspace),
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_ENV": str(files["env"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "RUNNER_TEMP": str(self.folder),
            **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "LC_"))},
            **self.environment,
            **evaluated(step.get("env", {}), contexts),
        }
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", files["script"]]
        ran = subprocess.run(shell, cwd=done.workspace, env=environment, capture_output=True, text=True, timeout=300)
        done.steps.append(step["run"])
        done.summary += files["summary"].read_text()
        if ran.returncode:
            done.failed = f"{step['run']}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}"
        if "id" in step:
            lines = files["output"].read_text().splitlines()
            done.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)

    def _action(self, done: Job, action: str, its: Outputs, checkouts: Any) -> None:
        if action == "actions/checkout":
            target = done.workspace / its.get("path", ".")
            checkouts[its["path"]](target) if "path" in its else self._check_out(target)
        elif action in ("actions/upload-artifact", "actions/upload-pages-artifact"):
            for path in its["path"].split():
                source, target = done.workspace / path, self.artifacts / its.get("name", "github-pages")
                if source.is_dir():
                    shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True)
                elif source.exists():
                    target.mkdir(parents=True, exist_ok=True)
                    shutil.copy(source, target)
        elif action == "actions/download-artifact" and "name" in its:
            shutil.copytree(self.artifacts / its["name"], done.workspace, dirs_exist_ok=True)
        elif action == "actions/download-artifact":
            for artifact in self.artifacts.glob(its["pattern"]):
                shutil.copytree(artifact, done.workspace / its["path"] / artifact.name)
        else:
            assert action in ("actions/setup-python", "actions/deploy-pages")  # nothing to do here

    def _check_out(self, workspace: Path) -> None:
        """Clone this repository, with an environment of asv's that is set up already."""
        check_out(workspace, self.remote)
        (workspace / ".asv").mkdir()
        (workspace / ".asv" / self.asv.name).symlink_to(self.asv)


def check_out(workspace: Path, remote: Path) -> None:
    """Copy this repository as it is but its results, with tools that are set up already."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(None, subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")):
        if (ROOT / name).is_file() and not name.startswith("results/"):
            (workspace / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, workspace / name)
    subprocess.run(["git", "init", "--quiet", workspace], check=True)
    subprocess.run(["git", "-C", workspace, "remote", "add", "origin", remote], check=True)
    (workspace / ".venv").mkdir()
    for name in ("bin", "lib", "lib64", "include", "pyvenv.cfg", "measured", "served", "django"):
        (workspace / ".venv" / name).symlink_to(Path(sys.prefix, name))
    # Older than what make would make of it.
    os.utime(workspace / "pyproject.toml", (1, 1))
    for name in ("bench", "compare", "load", "test"):
        (workspace / ".venv" / name).touch()
        os.utime(workspace / ".venv" / name, (2, 2))


def evaluated(values: Mapping[str, Any], contexts: Mapping[str, Any]) -> Outputs:
    """Return a step's values with their expressions replaced: names, texts and ``||``."""
    return {
        name: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: _value(found[1], contexts), str(value))
        for name, value in values.items()
    }


def _value(expression: str, contexts: Mapping[str, Any]) -> str:
    return next(filter(None, (_operand(each.strip(), contexts) for each in expression.split("||"))), "")


def _operand(name: str, contexts: Mapping[str, Any]) -> str:
    if name.startswith("'"):
        return name.strip("'")
    value: Any = contexts
    for key in name.split("."):
        value = value.get(key, "") if isinstance(value, Mapping) else ""
    return str(value)
