"""What a merge believes, none of it told by a job: which commits were asked for, the suite's own benchmarks."""

import functools
import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from asv.config import Config
from asv.environment import get_env_name, iter_matrix
from asv.results import get_filename
from asv.runner import BENCHMARK_RUN_SCRIPT

from harness.kept import temporary_folder
from tools import process
from tools.configuration import ROOT
from tools.history.repository import ANCHOR, Repository, commits_in
from tools.results import COUNTS, MachineFile, ResultFile, ResultRow, Unusable
from tools.terminal import Problem

DAY = 86_400_000
"""Milliseconds by which the clock of a job may be ahead."""

PYTHON = re.compile(r"3\.[0-9]{1,2}t?")


class Refused(Unusable):
    """A file is what it should be by itself, and not to be taken here."""


@dataclass(frozen=True)
class Asked:
    """What jobs were asked for. ``commits`` are the hashes, each with when it was written, in ms since 1970."""

    commits: Mapping[str, int]
    anchor: Mapping[str, int]
    """The commit that each job measures besides, in the same form; empty where this repository lacks it."""
    benchmarks: Mapping[str, dict[str, Any]]
    machines: frozenset[str]
    """The names of machines that are not called after what they are."""
    environment: str
    requirements: Mapping[str, str]

    def refuse_others(self, path: Path, result: ResultFile) -> None:
        """Raises Refused unless a file holds a result, or an anchor, that was asked for."""
        commit, of_anchor = result.commit_hash, path.suffix == ".anchor"
        dates = self.anchor if of_anchor else self.commits
        if dates.get(commit) != result.date:
            asked = f"another date than {commit}" if commit in dates else f"{commit}, which was not asked for"
            raise Refused(f"it is of {asked}")
        place = get_filename(path.parent.name, commit, result.env_name)
        if path.name != (f"{result.job}.anchor" if of_anchor else Path(place).name):
            raise Refused("its name is not that of its job" if of_anchor else "its name is not that of its commit")
        self._refuse_other_environments(result)
        for name, row in result.results.items():
            self._refuse_other_rows(name, row)

    def _refuse_other_environments(self, result: ResultFile) -> None:
        """Raises Refused unless a result is of an environment that asv makes of this suite's configuration."""
        of_machine = {name: value for name, value in result.params.items() if name in MachineFile.model_fields}
        name = get_env_name(self.environment, result.python, self.requirements, {})
        holds = {**of_machine, "python": result.python, **self.requirements}
        known = PYTHON.fullmatch(result.python)
        if not known or (result.env_name, result.params, result.env_vars) != (name, holds, {}):
            raise Refused("its environment is none that this suite measures in")

    def _refuse_other_rows(self, name: str, row: ResultRow) -> None:
        described = self.benchmarks.get(name)
        if not described or (row.version, row.params) != (described["version"], described["params"]):
            raise Refused(f"{name} is no benchmark of this suite, or not of its version and parameters")
        if row.samples or row.profile:
            raise Refused(f"{name} has samples or a profile, as no job's result does")
        if (row.started_at or 0) > time.time() * 1000 + DAY:
            raise Refused(f"{name} was measured in the future")

    def exact(self, name: str) -> bool:
        return self.benchmarks[name]["unit"] in COUNTS


def ask(repository: Repository, listed: str | None, anchor: str = "", machines: str = "") -> Asked:
    """Return what is believed: of a list, as ``make measure`` reads it, its commits; without one that is said.

    Raises Problem where the suite's own benchmarks cannot be found.
    """
    dates = repository.dates()
    found = repository.find(anchor or ANCHOR)
    if listed is None:
        click.echo(f"no list of commits (COMMITS=file): results of all {len(dates)} in {repository.path} are believed")
    commits = dates if listed is None else commits_in(listed, repository)
    conf = Config.load(str(ROOT / "asv.conf.json"))
    (matrix,) = iter_matrix(conf.environment_type, conf.pythons, conf)
    return Asked(
        commits={commit: dates[commit] for commit in commits if commit in dates},
        anchor={found: dates[found]} if found in dates else {},
        benchmarks=own_benchmarks(),
        machines=frozenset(machines.split()),
        environment=conf.environment_type,
        requirements={name: value for (kind, name), value in matrix.items() if kind == "req" and "+" not in name},
    )


@functools.cache
def own_benchmarks() -> dict[str, dict[str, Any]]:
    """Return the benchmarks of this checkout by name, as asv finds them, under the release of Django beside the tools.

    Which Django that is changes none of them. Raises Problem where they cannot be found.
    """
    with temporary_folder("benchmarks-") as folder:
        words = ["discover", str(ROOT / "benchmarks"), str(folder / "found.json")]
        command = [sys.executable, BENCHMARK_RUN_SCRIPT, *words]
        done = subprocess.run(command, env=process.asv_environment(), cwd=folder, capture_output=True, text=True)
        if done.returncode:
            reason = done.stderr.strip().rpartition("\n")[2]
            raise Problem(f"the suite's own benchmarks are not found: {reason}")
        return {each["name"]: each for each in json.loads((folder / "found.json").read_text())}
