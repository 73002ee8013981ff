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

import click
from asv.results import get_filename

from tools import files, results
from tools.history import store
from tools.history.repository import Repository
from tools.history.store import Store
from tools.results import LISTED, Failure, MachineFile, ResultFile, Unusable, benchmarks_in, checked, stored_in
from tools.terminal import Problem, printable

Description = dict[str, str | None]

LARGEST = 4_000_000
"""Bytes of a file; a result of the whole suite has a fiftieth of that."""

MACHINE = re.compile(r"[a-z0-9-]+/machine\.json")
RESULT = re.compile(r"[a-z0-9-]+/([0-9a-f]{8}-[A-Za-z0-9._+-]+\.json|[A-Za-z0-9._-]+\.anchor)")
FAILURES = re.compile(r"[a-z0-9-]+/[0-9a-f]{8}\.failures")
VERSION = re.compile(r"[0-9a-f]{64}")


class Refused(Unusable):
    """A file is what it should be by itself, and not to be taken here."""


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
                except Unusable as problem:
                    self.refused.append(str(path))
                    click.echo(f"refused {printable(path)}: {printable(problem)}")
        click.echo(f"{printable(shard)}: {taken} files merged")

    @cached_property
    def dates(self) -> dict[str, int]:
        return self.repository.dates()

    def _take(self, shard: Path, path: Path) -> None:
        name = path.relative_to(shard).as_posix()
        target = self.into.folder / name
        if name == "benchmarks.json":
            self._take_benchmarks(path, target)
        elif MACHINE.fullmatch(name):
            self._take_machine(self._machine(path), target)
        elif RESULT.fullmatch(name):
            self._take_result(self._result(path), target)
        elif FAILURES.fullmatch(name):
            self._take_failures(path, target)
        else:
            raise Refused("no job writes a file of that name")

    def _machine(self, path: Path) -> Description:
        machine = checked(MachineFile, content_of(path))
        described: Description = machine.model_dump()
        if machine.machine != path.parent.name or not all(described.values()):
            raise Refused(f"it claims to be of the machine {machine.machine}, or does not say of which kind")
        known = self.into.folder / path.parent.name / "machine.json"
        if known.exists() and not store.alike(stored_in(known, MachineFile).model_dump(), described):
            raise Refused(f"there is another machine of the name {machine.machine}")
        return described

    def _result(self, path: Path) -> store.Result:
        content = content_of(path)
        result = checked(ResultFile, content)
        rows = result.results.values()
        if not result.job or not result.requirements or any(row.samples or row.profile for row in rows):
            raise Refused("it does not say its job and packages, or holds samples or profiles, as no job's does")
        if not rows or not all(VERSION.fullmatch(row.version or "") for row in rows):
            raise Refused("it has no benchmark, or one without its version")
        if not store.alike(self._machine(path.with_name("machine.json")), result.params):
            raise Refused(f"it claims to be of the machine {result.params.get('machine')}, or of another kind")
        commit, place = result.commit_hash, get_filename(path.parent.name, result.commit_hash, result.env_name)
        if self.dates.get(commit) != result.date:
            raise Refused(f"{commit} is no commit of Django's" + (" of that date" if commit in self.dates else ""))
        if path.suffix == ".json" and path.parts[-2:] != Path(place).parts:
            raise Refused("its name is not that of its commit and environment")
        document: store.Result = json.loads(content)
        return document

    def _take_machine(self, machine: Description, target: Path) -> None:
        if not target.exists():
            files.write(target, json.dumps(machine, indent=4, sort_keys=True))

    def _take_benchmarks(self, path: Path, target: Path) -> None:
        content_of(path)
        benchmarks, others = benchmarks_in(path)
        if others:
            raise Refused(f"no benchmark: {others[0][:80]!r}")
        known = benchmarks_in(target)[0] if target.exists() else {}
        files.write(target, json.dumps({**known, **benchmarks, "version": 2}, indent=4, sort_keys=True))

    def _take_result(self, result: store.Result, target: Path) -> None:
        if target.exists():
            known = store.load(target)
            if known["commit_hash"] != result["commit_hash"]:
                raise Refused(f"its first eight digits are those of {known['commit_hash']}, which is there")
            result = store.union([known, result] if same_versions(known, result) else [result, known])
        store.write_result(target, result)

    def _take_failures(self, path: Path, target: Path) -> None:
        self._machine(path.with_name("machine.json"))
        lines = content_of(path).splitlines()
        for line in lines:
            failure = checked(Failure, line)
            if failure.commit not in self.dates or failure.commit[:8] != path.stem:
                raise Refused(f"{failure.commit} is no commit of Django's, or not that of its name")
        known = target.read_bytes().splitlines() if target.exists() else []
        files.write(target, b"".join(line + b"\n" for line in dict.fromkeys(known + lines)))


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


def content_of(path: Path) -> bytes:
    """Return what a file of a job's holds. Raises Unusable where it is a link, or too large."""
    if path.is_symlink() or not path.is_file():
        raise Refused(f"{path.name} is no file")
    if path.stat().st_size > LARGEST:
        raise Refused(f"{path.stat().st_size} bytes are more than the {LARGEST} that a job writes")
    return results.content_of(path)


def same_versions(one: store.Result, other: store.Result) -> bool:
    """Tell whether the benchmarks that both have are of the same versions; if not, the later one is newer."""
    versions = store.versions_in(other)
    return all(versions.get(name, version) == version for name, version in store.versions_in(one).items())
