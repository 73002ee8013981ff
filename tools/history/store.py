"""The folder of results, as asv reads it, and what stands beside them. Nothing in it is ever half-written.

| file | holds |
|---|---|
| ``benchmarks.json`` | asv's: the benchmarks by name |
| ``MACHINE/machine.json`` | asv's: CPU, memory, system |
| ``MACHINE/COMMIT-ENVIRONMENT.json`` | asv's; ``requirements`` are all packages that were installed, ``job`` is ours |
| ``MACHINE/COMMIT.failures`` | a line of JSON for each time that it could not be measured, why, and by which Python |
| ``MACHINE/COMMIT.disputes`` | a line of JSON for each exact metric in which two jobs disagreed, the last three |
| ``MACHINE/JOB.anchor`` | the results of the anchor commit in that job, as asv's |

asv reads no file but those that end in .json. COMMIT is asv's: eight digits.
"""

import json
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
from asv.machine import Machine

from tools import files
from tools.results import ResultFile, ResultRow, Unusable, stored_in
from tools.terminal import Problem

RESULTS = click.option(
    "--results", default="results", show_default=True, type=click.Path(path_type=Path), help="The folder of results."
)

TRIES = 3
"""How often a commit is tried that fails."""

Result = dict[str, Any]


class Store:
    """A folder of results."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def versions(self, commit: str, python: str) -> dict[str, str]:
        """Return the version of each benchmark that was run on a commit by a Python, such as "3.12", on any machine."""
        found: dict[str, str] = {}
        for path in self.folder.glob(f"*/{commit[:8]}-*.json"):
            result = load(path)
            if (result["commit_hash"], result["python"]) == (commit, python):
                found |= versions_in(result)
        return found

    def failures(self, commit: str, python: str) -> list[str]:
        """Return the errors with which a commit failed under a Python, such as "3.12", on any machine."""
        paths = self.folder.glob(f"*/{commit[:8]}.failures")
        lines = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
        return [line["error"] for line in lines if (line["commit"], line.get("python", python)) == (commit, python)]

    def has_given_up(self, commit: str, python: str) -> bool:
        return len(self.failures(commit, python)) >= TRIES

    def commits(self) -> set[str]:
        """Return the first eight digits of all commits that have a result."""
        return {path.name[:8] for path in self.folder.glob("*/????????-*.json")}

    def lease(self, commit: str) -> AbstractContextManager[bool]:
        """Hold a commit, so that no other run on this folder measures it; yield whether it was free.

        A lease is a lock, which the system takes from a process that dies.
        """
        return files.locked(self.folder / ".leases" / commit, wait=False)

    def written(self) -> AbstractContextManager[bool]:
        """Hold what several commits share: the description of the machine and of the benchmarks, and merging."""
        return files.locked(self.folder / ".leases" / "all")


def write_result(path: Path, result: Result) -> None:
    files.write(path, json.dumps(result, separators=(",", ":")))


def load(path: Path) -> Result:
    """Return a file of results. Raises Problem where it is none."""
    try:
        stored_in(path, ResultFile)
    except Unusable as problem:
        raise Problem(f"{problem}: remove it, and measure again") from problem
    result: Result = json.loads(path.read_bytes())
    return result


def versions_in(result: Result) -> dict[str, str]:
    """Return the version of each benchmark of a result."""
    return {name: ResultRow(*row).version or "" for name, row in result["results"].items()}


def union(results: list[Result]) -> Result:
    """Return a commit's results with the benchmarks of all; of one that is there twice, what was measured first."""
    merged = {**results[0], "results": {}, "durations": {}}
    for result in reversed(results):
        merged["results"] |= result["results"]
        merged["durations"] |= result["durations"]
    return merged


def this_machine(name: str) -> dict[str, str]:
    """Describe this machine as asv does. Without a name it is called after what it is, so that its like is too."""
    machine: dict[str, str] = Machine.get_defaults()
    return {**machine, "machine": slug(name) or called(machine), "version": Machine.api_version}


def called(machine: Mapping[str, str | None]) -> str:
    """Return what a machine is called after what it is; "" where that is not told."""
    cpu, count, ram = (machine.get(key) or "" for key in ("cpu", "num_cpu", "ram"))
    return slug(f"{cpu} {count} cpu {round(int(ram) / 1e9)} gb") if re.fullmatch(r"[0-9]{1,15}", ram) else ""


def slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def alike(one: Mapping[str, str | None], other: Mapping[str, str | None]) -> bool:
    """Tell whether two descriptions are of one kind of machine; its system may be updated."""
    same = all(one.get(key) == other.get(key) for key in ("machine", "arch", "cpu", "num_cpu"))
    sizes = [int(ram) for ram in (one.get("ram"), other.get("ram")) if ram and ram.isdecimal()]
    return same and len(sizes) == 2 and max(sizes) < 1.05 * min(sizes)
