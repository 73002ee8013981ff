"""Reads stored results. A file that is none is said in one line and left out; the others make the site."""

import contextlib
import hashlib
import itertools
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools import process
from tools.results import SERVED, MachineFile, ResultFile, ResultRow, Unusable, checked, content_of, stored_in
from tools.site.cache import CACHE, Cache
from tools.site.suite import Suite, load

UNMEASURED, UNAVAILABLE, FAILED = math.nan, math.inf, -math.inf
"""What stands in a result's values for a cell that was not run, that this Django lacks (n/a), whose proof failed."""

WITHIN = ("track_native_calls", "track_bytecodes")
"""What a function does: how often one that waits looks again varies also where a request goes one and the same way."""

FEW = 200
"""Fewer files are read sooner than other processes have started."""

File = tuple[Path, str]
"""A file of a result, and the machine whose folder it is in."""


@dataclass(frozen=True)
class Result:
    """What was measured of a commit, on a machine in an environment.

    ``date`` is that of the commit, ``measured`` that of the newest figure, both in ms since 1970. ``values`` and
    ``halves`` have one entry for each of the suite's cells: the figure, in the unit of its cell, and half of its 99 %
    confidence interval, NaN where asv stored none. ``outdated`` counts the benchmarks that have changed since.
    """

    path: Path
    commit: str
    date: int
    measured: int
    machine: str
    versions: Mapping[str, str]
    params: Mapping[str, str | None]
    env_vars: Mapping[str, str | None]
    benchmarks: Sequence[str]
    values: "array[float]"
    halves: "array[float]"
    outdated: int
    digest: str

    @property
    def environment(self) -> str:
        return ", ".join(f"{name} {version}" for name, version in self.versions.items())


@dataclass(frozen=True)
class Archive:
    """All that is stored: the suite, the results by path, the machines by name, and a line for each bad file."""

    folder: Path
    suite: Suite
    results: Sequence[Result]
    machines: Mapping[str, MachineFile]
    problems: Sequence[str]

    @property
    def digest(self) -> str:
        """A checksum of all that the site is made of."""
        return hashlib.sha256("".join(result.digest for result in self.results).encode()).hexdigest()


def read(folder: Path) -> Archive:
    """Read the results under ``folder``; those that were read before from beside ``CACHE``, by folder.

    Raises asv.util.UserError where benchmarks.json is missing or broken.
    """
    suite, problems = load(folder)
    machines: dict[str, MachineFile] = {}
    paths: list[File] = []
    # Not deeper: results/asgiref holds another project's. Beside the machines lies what make served measured.
    for place in sorted(path for path in folder.iterdir() if path.is_dir() and path.name != SERVED):
        files = sorted(path for path in place.glob("*.json") if path.name not in ("machine.json", "benchmarks.json"))
        try:
            machine = stored_in(place / "machine.json", MachineFile)
        except Unusable as problem:
            problems += [f"{path}: {problem}" for path in files]
            continue
        machines[machine.machine] = machine
        paths += [(path, machine.machine) for path in files]
    results = []
    cache = Cache(CACHE.with_stem(folder.name), (folder / "benchmarks.json").read_bytes())
    for (path, _), outcome in zip(paths, outcomes(paths, suite, cache), strict=True):
        if isinstance(outcome, Result):
            results.append(outcome)
        else:
            problems.append(f"{path}: {outcome}")
    return Archive(folder, suite, results, machines, problems)


def outcomes(files: Sequence[File], suite: Suite, cache: Cache) -> Sequence[Result | str]:
    """Return for each file its result, or why it is none; only what is new is read, by all CPUs where that is much."""
    known = cache.read()
    keys = [key(file) for file in files]
    new = [file for file, name in zip(files, keys, strict=True) if name not in known]
    fresh = dict(zip(new, read_new(new, suite), strict=True))
    found = [fresh[file] if file in fresh else known[name] for file, name in zip(files, keys, strict=True)]
    if new:
        cache.write({name: each for name, each in zip(keys, found, strict=True) if name and isinstance(each, Result)})
    return found


def key(file: File) -> str:
    """Return what a result is known again by; where its file cannot be read that is said when it is read as new."""
    path, machine = file
    with contextlib.suppress(OSError):
        return f"{machine} {path} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return ""


def read_new(files: Sequence[File], suite: Suite) -> Sequence[Result | str]:
    one = partial(outcome, suite=suite)
    if len(files) < FEW:
        return list(map(one, files))
    with process.pool(len(process.our_cpus())) as pool:
        return list(pool.map(one, files, chunksize=25))


def outcome(file: File, suite: Suite) -> Result | str:
    try:
        return result_of(*file, suite)
    except Unusable as problem:
        return str(problem)


def result_of(path: Path, machine: str, suite: Suite) -> Result:
    """Return the result in a file. Raises Unusable where it is none, or not that machine's."""
    content = content_of(path)
    stored = checked(ResultFile, content)
    if stored.params.get("machine") != machine:
        raise Unusable(f"machine is {stored.params.get('machine')!r}, its folder's machine.json says {machine!r}")
    values, halves = (array("d", [UNMEASURED]) * len(suite.cells) for _ in range(2))
    benchmarks = [name for name, row in stored.results.items() if fill(values, halves, name, row, suite)]
    withhold(values, suite)
    return Result(
        path=path,
        commit=stored.commit_hash,
        date=stored.date,
        measured=max((row.started_at or 0 for row in stored.results.values()), default=0),
        machine=machine,
        versions=versions_of(stored),
        params=stored.params,
        env_vars=stored.env_vars,
        benchmarks=benchmarks,
        values=values,
        halves=halves,
        outdated=len(stored.results.keys() & suite.benchmarks.keys() - set(benchmarks)),
        digest=hashlib.sha256(content).hexdigest(),
    )


def versions_of(stored: ResultFile) -> dict[str, str]:
    """Return the versions of Python and of what is installed, by name."""
    others = {
        name: str(value)
        for name, value in sorted(stored.params.items())
        if name not in (*MachineFile.model_fields, "python")
    }
    return {"Python": stored.params.get("python") or stored.python, **others}


def fill(values: "array[float]", halves: "array[float]", name: str, row: ResultRow, suite: Suite) -> bool:
    """Write a benchmark's figures into their cells; return whether it is one that the suite has today."""
    described = suite.benchmarks.get(name, {})
    if not described or row.version not in (None, described.get("version")):
        return False
    places: Iterable[int | None] = range(suite.first[name], suite.first[name] + row.size)
    if row.params != described["params"]:
        places = (suite.index.get((name, params)) for params in itertools.product(*row.params))
    columns = (row.column(column) for column in ("result", "stats_ci_99_a", "stats_ci_99_b"))
    for place, figure, low, high in zip(places, *columns, strict=True):
        if place is not None:
            values[place] = FAILED if figure is None else UNAVAILABLE if math.isnan(figure) else figure
            if low is not None and high is not None:
                halves[place] = (high - low) / 2
    return True


def withhold(values: "array[float]", suite: Suite) -> None:
    """Take back the counts of a scenario and interface where a request varies: what was the same may be so by chance.

    It varies where one count of a cell was refused and another was not, those WITHIN functions apart.
    """
    if FAILED not in values:
        return
    for cells in suite.counted.values():
        if any(varies([values[number] for number in own if suite.cells[number].method not in WITHIN]) for own in cells):
            for number in itertools.chain.from_iterable(cells):
                values[number] = FAILED


def varies(counts: Sequence[float]) -> bool:
    return FAILED in counts and any(map(math.isfinite, counts))
