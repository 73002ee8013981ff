"""A workflow's jobs on this machine: each ``run:`` step as GitHub's runner starts it, actions by what their sources do.

The sources were read at the hashes that the workflows pin, by ``git show HASH:FILE`` in a clone of each:

- actions/checkout 3d3c42e (v7.0.1): src/git-source-provider.ts, action.yml
- actions/upload-artifact bbbca2d (v7.0.0): src/shared/search.ts, src/upload/upload-artifact.ts, action.yml
- actions/download-artifact 3e5f45b (v8.0.1): src/download-artifact.ts
- actions/upload-pages-artifact fc324d3 (v5.0.0): action.yml

and of what they call, actions/toolkit: packages/glob/src/internal-globber.ts (how files are found; that hidden ones are
left out stands in @actions/glob 0.6.1 as published), packages/artifact/src/internal/upload/ and download/.
"""

import fnmatch
import functools
import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from conftest import ROOT
from private import TOKEN, PrivateServer

Outputs = dict[str, str]


class StepFailed(Exception):
    """An action called setFailed, or threw."""


@dataclass
class Job:
    """What became of a job: the workspace that it left, its outputs, and the steps that ran."""

    workspace: Path
    planted: Mapping[str, str]
    summary: str = ""
    said: str = ""
    steps: list[str] = field(default_factory=list)
    failed: str = ""
    outputs: dict[str, Outputs] = field(default_factory=dict)


class Runner:
    """Runs jobs of a private repository, in workspaces of their own. Artifacts and the repository are shared.

    ``instead`` names files of the repository, and what lies in their place; ``asv`` is an environment of asv's.
    """

    def __init__(
        self,
        folder: Path,
        server: PrivateServer,
        asv: Path | None = None,
        instead: Mapping[str, Path] | None = None,
        **environment: str,
    ) -> None:
        self.folder = folder
        self.server = server
        self.instead = instead or {}
        self.environment = environment
        self.artifacts = folder / "artifacts"
        self.remote = server.folder / "remote.git"
        self.asv = asv
        subprocess.run(["git", "init", "--quiet", "--bare", self.remote], check=True)
        shim = folder / "bin" / "sudo"
        shim.parent.mkdir(parents=True)
        shim.write_text('#!/bin/sh\nexec "$@"\n')
        shim.chmod(0o755)
        self._jobs = itertools.count(1)

    def begin(self) -> None:
        """Begin another run of a workflow, which has no artifacts yet."""
        shutil.rmtree(self.artifacts, ignore_errors=True)

    def run(
        self,
        workflow: str,
        job: str,
        checkouts: Mapping[str, Callable[[Path], object]] | None = None,
        planted: Mapping[str, str] | None = None,
        **contexts: Any,
    ) -> Job:
        """Run a job. ``contexts`` are what its expressions find; ``checkouts`` fill the folders of other repositories,
        ``planted`` are what files hold that the checkout of this one has besides.

        Raises AssertionError for a step that the runner would not know.
        """
        described = described_in(workflow)
        done = Job(self.folder / f"{next(self._jobs)}-{job}", planted or {})
        done.workspace.mkdir()
        assert described["defaults"] == {"run": {"shell": "bash"}}  # which the runner starts with -e and pipefail
        given = {**contexts, "github": {"token": TOKEN, **contexts.get("github", {})}}
        for step in described["jobs"][job]["steps"]:
            if done.failed and step.get("if") != "always()":
                continue
            values = {"steps": {name: {"outputs": each} for name, each in done.outputs.items()}, **given}
            if "run" in step:
                self._step(done, step, values)
                continue
            action = step["uses"].partition("@")[0]
            try:
                self._action(done, action, evaluated(step.get("with", {}), values), checkouts)
            except StepFailed as problem:
                done.failed = done.failed or f"{action}: {problem}"
        return done

    def _step(self, done: Job, step: dict[str, Any], contexts: Mapping[str, Any]) -> None:
        assert "${{" not in step["run"]  # text of a stranger would be part of the command
        files = {name: done.workspace.with_suffix(f".{name}") for name in ("script", "output", "env", "summary")}
        for path in files.values():
            path.write_text("")
        files["script"].write_text(step["run"])
        environment = {
            "PATH": os.pathsep.join([os.path.dirname(sys.executable), str(self.folder / "bin"), os.environ["PATH"]]),
            "HOME": str(self.folder),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": self.server.url,
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
        done.said += ran.stdout + ran.stderr
        if ran.returncode:
            done.failed = done.failed or f"{step['run']}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}"
        if "id" in step:
            lines = files["output"].read_text().splitlines()
            done.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)

    def _action(self, done: Job, action: str, its: Outputs, checkouts: Any) -> None:
        if action == "actions/checkout":
            target = done.workspace / its.get("path", ".")
            checkouts[its["path"]](target) if "path" in its else self._check_out(target, done.planted)
        elif action == "actions/upload-artifact":
            upload(done.workspace, its, self.artifacts)
        elif action == "actions/upload-pages-artifact":
            upload_pages(done.workspace, its, self.artifacts)
        elif action == "actions/download-artifact":
            download(self.artifacts, its, done.workspace)
        else:
            assert action in ("actions/setup-python", "actions/deploy-pages")  # nothing to do here

    def _check_out(self, workspace: Path, planted: Mapping[str, str]) -> None:
        """Clone this repository as it is, with an environment of asv's that is set up already."""
        check_out(workspace, f"{self.server.url}/remote.git")
        for name, instead in self.instead.items():
            assert (workspace / name).is_file()
            shutil.copy2(instead, workspace / name)
        for name, content in planted.items():
            (workspace / name).write_text(content)
        (workspace / ".asv").mkdir()
        if self.asv:
            (workspace / ".asv" / self.asv.name).symlink_to(self.asv)


def check_out(workspace: Path, remote: str) -> None:
    """Copy this repository as it is, with tools that are set up already."""
    for name in tracked():
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, workspace / name)
    subprocess.run(["git", "init", "--quiet", workspace], check=True)
    subprocess.run(["git", "-C", workspace, "remote", "add", "origin", remote], check=True)
    (workspace / ".venv").mkdir()
    for name in ("bin", "lib", "lib64", "include", "pyvenv.cfg", "measured", "served", "django"):
        (workspace / ".venv" / name).symlink_to(Path(sys.prefix, name))
    # Older than what make would make of it.
    for name in ("pyproject.toml", ".ci/locks/tools.txt"):
        os.utime(workspace / name, (1, 1))
    for name in ("bench", "compare", "load", "test"):
        (workspace / ".venv" / name).touch()
        os.utime(workspace / ".venv" / name, (2, 2))


@functools.cache
def described_in(workflow: str) -> Any:
    return yaml.safe_load((ROOT / ".github/workflows" / workflow).read_text())


@functools.cache
def tracked() -> list[str]:
    """Return the files of this repository, with those that are not yet committed, without results."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")
    return [name for name in names if name and not name.startswith("results/") and (ROOT / name).is_file()]


# The actions


def upload(workspace: Path, its: Outputs, artifacts: Path) -> None:
    """upload-artifact: files without hidden ones, below what is common to its paths; without files no artifact.

    Raises StepFailed where there are none and that is an error, or an artifact of the name, or a name that is none of
    a file on any system.
    """
    paths = [Path(os.path.normpath(workspace / line.strip())) for line in its["path"].splitlines() if line.strip()]
    assert not re.search(r"[*?\[\]!~]", its["path"])  # patterns are not imitated
    tops = [path for path in paths if not any(other in path.parents for other in paths)]
    found = [file for path in tops for file in files_below(path, its.get("include-hidden-files") == "true")]
    if not found:
        if its.get("if-no-files-found", "warn") == "error":
            raise StepFailed(f"No files were found with the provided path: {its['path']}")
        return
    # The folder that all paths have in common: of a path alone itself, or where it lies if it is a file.
    root = Path(os.path.commonpath(tops if found != tops[:1] else [tops[0].parent]))
    target = artifacts / its.get("name", "artifact")
    if target.exists() and its.get("overwrite") != "true":
        raise StepFailed(f"an artifact with this name already exists on the workflow run: {target.name}")
    shutil.rmtree(target, ignore_errors=True)
    for file in found:
        name = file.relative_to(root)
        if re.search(r'["<>|*?\r\n:]', str(name)):
            raise StepFailed(f"The path for one of the files in artifact is not valid: {name}")
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target / name)


def files_below(path: Path, hidden: bool) -> Iterator[Path]:
    """Yield the files that @actions/glob finds: symbolic links are followed, broken and hidden ones are passed over."""
    if not path.exists() or (path.name.startswith(".") and not hidden):
        return
    if path.is_dir():
        for child in sorted(path.iterdir()):
            yield from files_below(child, hidden)
    else:
        yield path


def upload_pages(workspace: Path, its: Outputs, artifacts: Path) -> None:
    """upload-pages-artifact: all of a folder by tar. Raises StepFailed where tar fails."""
    target = artifacts / its.get("name", "github-pages")
    target.mkdir(parents=True)
    options = ["--dereference", "--hard-dereference", "--exclude=.git", "--exclude=.github"]
    hidden = [] if its.get("include-hidden-files") == "true" else ["--exclude=.[^/]*"]
    archive = target.with_suffix(".tar")
    tar = ["tar", *options, "--directory", workspace / its["path"], "-cf", archive, *hidden, "."]
    done = subprocess.run(tar, cwd=workspace, capture_output=True, text=True)
    if done.returncode:
        raise StepFailed(done.stderr)
    # As Pages unpacks it.
    subprocess.run(["tar", "-C", target, "-xf", archive], check=True)
    archive.unlink()


def download(artifacts: Path, its: Outputs, workspace: Path) -> None:
    """download-artifact: one by its name, or those that match, each in a folder unless it is the only one.

    Raises StepFailed where there is none of the name. None that matches is no failure, and leaves no folder.
    """
    target = workspace / its.get("path", ".")
    names = sorted(path.name for path in artifacts.glob("*"))
    if "name" in its:
        if its["name"] not in names:
            raise StepFailed(f"Artifact '{its['name']}' not found")
        chosen = [its["name"]]
    else:
        chosen = [name for name in names if matches(name, its.get("pattern", "*"))]
    together = len(chosen) == 1 or its.get("merge-multiple") == "true"
    for name in chosen:
        shutil.copytree(artifacts / name, target if together else target / name, dirs_exist_ok=True)


def matches(name: str, pattern: str) -> bool:
    """Tell whether minimatch matches, by a pattern of one pair of braces at most."""
    before, brace, rest = pattern.partition("{")
    within, _, after = rest.partition("}")
    parts = within.split(",") if brace else [""]
    return any(fnmatch.fnmatchcase(name, f"{before}{part}{after}") for part in parts)


# Expressions


def evaluated(values: Mapping[str, Any], contexts: Mapping[str, Any]) -> Outputs:
    """Return a step's values with their expressions replaced: names, texts and ``||``."""
    return {
        name: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: _value(found[1], contexts), str(value))
        for name, value in values.items()
    }


def holds(condition: str, contexts: Mapping[str, Any]) -> bool:
    """Tell whether a job's ``if`` holds: of ``!cancelled()`` and what differs from a text, joined by ``&&``."""
    parts = condition.removeprefix("${{ ").removesuffix(" }}").split(" && ")
    return all(part == "!cancelled()" or _differ(*part.split(" != "), contexts) for part in parts)


def _differ(name: str, text: str, contexts: Mapping[str, Any]) -> bool:
    return _operand(name, contexts) != _operand(text, contexts)


def _value(expression: str, contexts: Mapping[str, Any]) -> str:
    return next(filter(None, (_operand(each.strip(), contexts) for each in expression.split("||"))), "")


def _operand(name: str, contexts: Mapping[str, Any]) -> str:
    if name.startswith("'"):
        return name.strip("'")
    value: Any = contexts
    for key in name.split("."):
        value = value.get(key, "") if isinstance(value, Mapping) else ""
    return str(value)
