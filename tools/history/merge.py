"""``make merge``: puts the results of several jobs together, after it has looked at each file.

A job runs Django's code, so what it hands on is not believed: a file is refused, by name, unless it is what a job
writes, of a commit that was asked for, of this suite's own benchmarks, and of the machine in whose folder it is. What
is stored stays; where two say different things of an exact metric, neither is taken. The others are merged.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import click

from tools import files
from tools.history import store
from tools.history.asked import Asked, Refused
from tools.history.shard import Shard, files_of
from tools.history.store import Store
from tools.results import Dispute, MachineFile, ResultRow, Unusable, benchmarks_in, stored_in
from tools.terminal import Problem, printable


class Merge:
    """The merging of folders of results into one."""

    def __init__(self, into: Path, asked: Asked) -> None:
        self.into = Store(into)
        self.asked = asked
        self.refused: list[str] = []

    def add(self, *shards: Path) -> None:
        """Merge the folders of jobs. What is refused is said, and kept in ``refused``."""
        with self.into.written():
            taken: dict[str, list[Path]] = {}
            for shard in shards:
                for path, problem in Shard(shard, self.asked, self.into).look():
                    if problem:
                        self._refuse(problem, path)
                    elif path.name != "machine.json":  # which comes with what was measured on it
                        taken.setdefault(path.relative_to(shard).as_posix(), []).append(path)
            merged = [name for name, paths in taken.items() if self._take(name, paths)]
            if merged:
                self._take_own_benchmarks()
        click.echo(f"{', '.join(map(printable, shards))}: {len(merged)} files merged")

    def _refuse(self, problem: Unusable, *paths: Path) -> None:
        self.refused += map(str, paths)
        for path in paths:
            click.echo(f"refused {printable(path)}: {printable(problem)}")

    def _take(self, name: str, paths: Sequence[Path]) -> bool:
        """Put together what some jobs say in files of one name; tell whether that could be."""
        target = self.into.folder / name
        try:
            if target.suffix == ".failures":
                self._take_failures(target, paths)
            else:
                self._take_results(target, paths)
        except Refused as problem:
            self._refuse(problem, *paths)
            return False
        if not (machine := target.with_name("machine.json")).exists():
            described = stored_in(paths[0].with_name("machine.json"), MachineFile)
            files.write(machine, json.dumps(described.model_dump(), indent=4, sort_keys=True))
        return True

    def _take_results(self, target: Path, paths: Sequence[Path]) -> None:
        """Of a benchmark that several have, what is stored stays, else the first is taken."""
        known = {target: store.load(target)} if target.exists() else {}
        said: dict[Path, store.Result] = {**known, **{path: json.loads(path.read_bytes()) for path in paths}}
        results = list(said.values())
        if len({result["commit_hash"] for result in results}) > 1:
            raise Refused(f"{target.name} is of several commits, whose first eight digits are the same")
        if disputed := dispute(results, self.asked):
            self._note(disputed, target.with_name(f"{disputed.commit[:8]}.disputes"))
            named = " and ".join(map(str, said))
            raise Refused(f"{named} disagree in {disputed.benchmark}: what was not stored is not taken")
        store.write_result(target, joined(results, self.asked))

    def _note(self, disputed: Dispute, target: Path) -> None:
        """Remember the last disputes about a commit, which the site shows."""
        known = target.read_text().splitlines() if target.exists() else []
        lines = dict.fromkeys([*known, disputed.model_dump_json()])
        files.write(target, "".join(line + "\n" for line in list(lines)[-store.TRIES :]))

    def _take_failures(self, target: Path, paths: Sequence[Path]) -> None:
        """Count one try of each job, its last."""
        lines = [path.read_bytes().splitlines()[-1] for path in paths]
        known = target.read_bytes().splitlines() if target.exists() else []
        files.write(target, b"".join(line + b"\n" for line in dict.fromkeys(known + lines)))

    def _take_own_benchmarks(self) -> None:
        target = self.into.folder / "benchmarks.json"
        known = benchmarks_in(target)[0] if target.exists() else {}
        described = {**known, **self.asked.benchmarks, "version": 2}
        files.write(target, json.dumps(described, indent=4, sort_keys=True))


def dispute(results: Sequence[store.Result], asked: Asked) -> Dispute | None:
    """Return the first exact metric of which two results say different things, None where there is none."""
    figures: dict[tuple[str, int], tuple[str | None, float | None]] = {}
    for result in results if len(results) > 1 else ():
        for name, row in current(result, asked).items():
            for cell, figure in enumerate(row.result or () if asked.exact(name) else ()):
                if figure is None:
                    continue
                new = result.get("job"), None if math.isnan(figure) else float(figure)
                old = figures.setdefault((name, cell), new)
                if old[1] != new[1]:
                    return Dispute(commit=result["commit_hash"], benchmark=name, cell=cell, said=[old, new])
    return None


def joined(results: Sequence[store.Result], asked: Asked) -> store.Result:
    """Return the results of a commit, each benchmark's from the first that has it in this suite's version."""
    first = next((result for result in results if current(result, asked)), results[0])
    rows = dict(results[0]["results"])
    for result in reversed(results):
        rows |= {name: result["results"][name] for name in current(result, asked)}
    return {**first, "results": rows}


def current(result: store.Result, asked: Asked) -> dict[str, ResultRow]:
    """Return the rows of a result whose benchmarks the suite has in that version."""
    rows = {name: ResultRow(*row) for name, row in result["results"].items() if name in asked.benchmarks}
    return {name: row for name, row in rows.items() if row.version == asked.benchmarks[name]["version"]}


def merge(shards: Path, into: Path, asked: Asked) -> list[str]:
    """Merge each folder in ``shards`` into a folder of results; return the files that were refused.

    Raises Problem where there is no such folder, or nothing in it.
    """
    merging = Merge(into, asked)
    merging.add(*folders(shards))
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
