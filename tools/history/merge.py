"""``make merge``: puts the results of several jobs together, after it has looked at each file.

A job runs Django's code, so what it hands on is not believed: a file is refused, by name, unless it is what a job
writes, of a commit of Django's, and of the machine in whose folder it is. The others are merged.
"""

import json
import os
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import click
import jsonschema
from asv.results import get_filename

from tools import files
from tools.asv import VERSION
from tools.history import store
from tools.history.repository import Repository
from tools.history.store import Store
from tools.terminal import Problem, printable

LARGEST = 4_000_000
"""Bytes of a file; a result of the whole suite has a fiftieth of that."""

LISTED = "commits.txt"
"""The list of commits, an artifact of the workflow as the results are."""

SCHEMA = json.loads(Path(__file__).with_name("schema.json").read_text())

MACHINE, RESULT, FAILURES, ANCHOR, BENCHMARKS = (
    re.compile(pattern)
    for pattern in (
        r"[a-z0-9-]+/machine\.json",
        r"[a-z0-9-]+/[0-9a-f]{8}-[A-Za-z0-9._+-]+\.json",
        r"[a-z0-9-]+/[0-9a-f]{8}\.failures",
        r"[a-z0-9-]+/[A-Za-z0-9._-]+\.anchor",
        r"benchmarks\.json",
    )
)


class Refused(Exception):
    """A file is not what it should be."""


class Merge:
    """The merging of folders of results into one."""

    def __init__(self, into: Path, repository: Repository) -> None:
        self.into = Store(into)
        self.repository = repository
        self.refused: list[str] = []

    def add(self, shard: Path) -> None:
        """Merge the folder of one job. What is refused is said, and kept in ``refused``."""
        taken = 0
        with self.into.written():
            for path in files_of(shard):
                try:
                    self._take(shard, path)
                    taken += 1
                except Refused as problem:
                    self.refused.append(str(path))
                    click.echo(f"refused {printable(path)}: {printable(problem)}")
        click.echo(f"{printable(shard)}: {taken} files merged")

    @cached_property
    def dates(self) -> dict[str, int]:
        return self.repository.dates()

    def _take(self, shard: Path, path: Path) -> None:
        name = path.relative_to(shard).as_posix()
        target = self.into.folder / name
        if BENCHMARKS.fullmatch(name):
            self._take_benchmarks(read(path, "benchmarks"), target)
        elif MACHINE.fullmatch(name):
            self._take_machine(self._machine(path), target)
        elif RESULT.fullmatch(name) or ANCHOR.fullmatch(name):
            self._take_result(path, self._result(path), target)
        elif FAILURES.fullmatch(name):
            self._take_failures(path, target)
        else:
            raise Refused("no job writes a file of that name")

    def _machine(self, path: Path) -> dict[str, Any]:
        machine = read(path, "machine")
        if machine["machine"] != path.parent.name:
            raise Refused(f"it claims to be of the machine {machine['machine']}")
        known = self.into.folder / path.parent.name / "machine.json"
        if known.exists() and not store.alike(store.load(known), machine):
            raise Refused(f"there is another machine of the name {machine['machine']}")
        return machine

    def _result(self, path: Path) -> store.Result:
        result = read(path, "result")
        machine = self._machine(path.with_name("machine.json"))
        if not store.alike(machine, result["params"]):
            raise Refused(f"it claims to be of the machine {result['params']['machine']}, or of another kind")
        commit = result["commit_hash"]
        if self.dates.get(commit) != result["date"]:
            raise Refused(f"{commit} is no commit of Django's" + (" of that date" if commit in self.dates else ""))
        if (
            path.suffix == ".json"
            and path.parts[-2:] != Path(get_filename(machine["machine"], commit, result["env_name"])).parts
        ):
            raise Refused("its name is not that of its commit and environment")
        return result

    def _take_machine(self, machine: dict[str, Any], target: Path) -> None:
        if not target.exists():
            files.write(target, json.dumps(machine, indent=4, sort_keys=True))

    def _take_benchmarks(self, benchmarks: dict[str, Any], target: Path) -> None:
        known = store.load(target) if target.exists() else {}
        files.write(target, json.dumps(known | benchmarks, indent=4, sort_keys=True))

    def _take_result(self, path: Path, result: store.Result, target: Path) -> None:
        if target.exists():
            known = store.load(target)
            if known["commit_hash"] != result["commit_hash"]:
                raise Refused(f"its first eight digits are those of {known['commit_hash']}, which is there")
            result = store.union([known, result] if same_versions(known, result) else [result, known])
        store.write_result(target, result)

    def _take_failures(self, path: Path, target: Path) -> None:
        self._machine(path.with_name("machine.json"))
        lines = text_of(path).splitlines()
        for line in lines:
            failure = validated(line, "failure")
            if failure["commit"] not in self.dates or failure["commit"][:8] != path.stem:
                raise Refused(f"{failure['commit']} is no commit of Django's, or not that of its name")
        known = target.read_text().splitlines() if target.exists() else []
        files.write(target, "".join(f"{line}\n" for line in dict.fromkeys(known + lines)))


def merge(shards: Path, into: Path, repository: Repository) -> list[str]:
    """Merge each folder in ``shards`` into a folder of results; return the files that were refused.

    Raises Problem where there is no such folder, or nothing in it.
    """
    merging = Merge(into, repository)
    for shard in folders(shards):
        merging.add(shard)
    return merging.refused


def folders(shards: Path) -> list[Path]:
    """Return the folders of jobs in ``shards``, which may be one of these itself: a single one is unpacked without it.

    Raises Problem where there is none.
    """
    if not shards.is_dir():
        raise Problem(f"{shards} is no folder: SHARDS must name one that holds the results of each job")
    # What a job writes first, and beside the folders of several jobs nobody.
    if (shards / "benchmarks.json").is_file():
        return [shards]
    found = sorted(path for path in shards.iterdir() if path.is_dir() and not path.is_symlink() and any(files_of(path)))
    if not found:
        raise Problem(f"{shards} holds no results: no job has left any, or SHARDS must name another folder")
    return found


def files_of(shard: Path) -> Iterator[Path]:
    """Yield all files of a job but locks, what was not finished and its list; those that others lean on come first."""
    found = [Path(folder, name) for folder, _, names in os.walk(shard) for name in names]
    found = [path for path in found if path.suffix != ".part" and ".leases" not in path.relative_to(shard).parts]
    kept = [path for path in found if path != shard / LISTED]
    yield from sorted(kept, key=lambda path: (path.name != "machine.json", path))


def read(path: Path, kind: str) -> dict[str, Any]:
    """Return what a file of JSON holds. Raises Refused unless it is of that kind."""
    return validated(text_of(path), kind)


def text_of(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        raise Refused(f"{path.name} is no file")
    if path.stat().st_size > LARGEST:
        raise Refused(f"{path.stat().st_size} bytes are more than the {LARGEST} that a job writes")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise Refused("it is no text") from problem


def validated(text: str, kind: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise Refused(f"it is no whole JSON: {problem}") from problem
    validator = jsonschema.Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{kind}"})
    if error := jsonschema.exceptions.best_match(validator.iter_errors(value)):
        raise Refused(f"it is no {kind} as asv {VERSION} writes it: {error.json_path}: {error.message[:200]}")
    checked: dict[str, Any] = value
    return checked


def same_versions(one: store.Result, other: store.Result) -> bool:
    """Tell whether the benchmarks that both have are of the same versions; if not, the later one is newer."""
    version = one["result_columns"].index("version")
    common = one["results"].keys() & other["results"].keys()
    return all(one["results"][name][version] == other["results"][name][version] for name in common)
