"""Reads stored results. A file that is none is said in one line and left out; the others make the site."""

import contextlib
import hashlib
import itertools
import json
import math
import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeGuard

from tools import process
from tools.site.cache import CACHE, Cache
from tools.site.suite import Suite, is_lists, load

UNMEASURED, UNAVAILABLE, FAILED = math.nan, math.inf, -math.inf
"""What stands in a result's values for a cell that was not run, that this Django lacks (n/a), whose proof failed."""

FEW = 200
"""Fewer files are read sooner than other processes have started."""

FORMAT = 2
"""The version of asv's result files that asv 0.6 writes."""

MACHINE_KEYS = ("machine", "arch", "cpu", "num_cpu", "os", "ram")
HASH = re.compile(r"[0-9a-f]{40}")
NUMBERS = {int, float, type(None)}
WORD = re.compile(r"[^<>&\"'\x00-\x1f]*")
"""What may be a machine's name or a version: asv's own pages write these unescaped."""


File = tuple[Path, str]
"""A file of a result, and the machine whose folder it is in."""


class Unusable(Exception):
    """A file is not a result, or not one to be trusted. The message says why."""


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
    params: Mapping[str, Any]
    env_vars: Mapping[str, str]
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
    machines: Mapping[str, Mapping[str, Any]]
    problems: Sequence[str]

    @property
    def digest(self) -> str:
        """A checksum of all that the site is made of."""
        return hashlib.sha256("".join(result.digest for result in self.results).encode()).hexdigest()


def read(folder: Path) -> Archive:
    """Read the results under ``folder``; those that were read before from ``CACHE``.

    Raises asv.util.UserError where benchmarks.json is missing or broken.
    """
    suite, problems = load(folder)
    machines: dict[str, Mapping[str, Any]] = {}
    paths: list[File] = []
    # Not deeper: results/asgiref holds another project's.
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(path for path in place.glob("*.json") if path.name not in ("machine.json", "benchmarks.json"))
        try:
            machine = machine_of(place)
        except Unusable as problem:
            problems += [f"{path}: {problem}" for path in files]
            continue
        machines[machine["machine"]] = machine
        paths += [(path, machine["machine"]) for path in files]
    results = []
    cache = Cache(CACHE, (folder / "benchmarks.json").read_bytes())
    for (path, _), outcome in zip(paths, outcomes(paths, suite, cache), strict=True):
        if isinstance(outcome, Result):
            results.append(outcome)
        else:
            problems.append(f"{path}: {outcome}")
    return Archive(folder, suite, results, machines, problems)


def machine_of(place: Path) -> Mapping[str, Any]:
    """Return a folder's machine.json. Raises Unusable where it cannot be used."""
    try:
        machine = json.loads((place / "machine.json").read_bytes())
    except FileNotFoundError:
        raise Unusable("its folder has no machine.json: which machine measured is unknown") from None
    except (OSError, ValueError) as problem:
        raise Unusable(f"its folder's machine.json cannot be read ({problem})") from None
    if not isinstance(machine, dict) or not isinstance(machine.get("machine"), str) or not machine["machine"]:
        raise Unusable("its folder's machine.json names no machine")
    if not all(is_word(value) for value in machine.values() if isinstance(value, str)):
        raise Unusable("its folder's machine.json holds what is no plain word")
    return machine


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
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise Unusable(f"cannot be read ({problem})") from None
    document = document_of(content)
    params, columns = document["params"], document["result_columns"]
    if params.get("machine") != machine:
        raise Unusable(f"machine is {str(params.get('machine'))[:60]!r}, its folder's machine.json says {machine!r}")
    values, halves = (array("d", [UNMEASURED]) * len(suite.cells) for _ in range(2))
    rows = {name: fields_of(name, row, columns) for name, row in document["results"].items()}
    benchmarks = [name for name, fields in rows.items() if fill(values, halves, name, fields, suite)]
    return Result(
        path=path,
        commit=document["commit_hash"],
        date=int(document["date"]),
        measured=max(map(started_at, rows.values()), default=0),
        machine=machine,
        versions=versions_of(document),
        params=params,
        env_vars=document.get("env_vars", {}),
        benchmarks=benchmarks,
        values=values,
        halves=halves,
        outdated=sum(bool(rows[name]) for name in rows.keys() & suite.benchmarks.keys() - set(benchmarks)),
        digest=hashlib.sha256(content).hexdigest(),
    )


def document_of(content: bytes) -> dict[str, Any]:
    """Return what a file of asv's holds. Raises Unusable where a part that is read is not as asv writes it."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise Unusable(f"cannot be read ({problem})") from None
    if not isinstance(document, dict) or document.get("version") != FORMAT:
        raise Unusable("not in the format of asv 0.6, version 2: asv update converts older ones")
    commit, columns = document.get("commit_hash"), document.get("result_columns")
    if not isinstance(commit, str) or not HASH.fullmatch(commit):
        raise Unusable(f"no commit's hash: {str(commit)[:60]!r}")
    if not is_number(document.get("date")) or not all(
        isinstance(document.get(key), dict) for key in ("params", "results")
    ):
        raise Unusable("date, params or results are missing or of a wrong type")
    if not all(is_words(document.get(key, {})) for key in ("params", "env_vars")) or not is_words(
        document.get("requirements")
    ):
        raise Unusable("a machine, a version or a variable is no plain word")
    if not is_word(document.get("python")) or not is_word(document.get("env_name")):
        raise Unusable("python or env_name is no plain word")
    if not isinstance(columns, list) or columns[:3] != ["result", "params", "version"]:
        raise Unusable("result_columns are not asv's")
    return document


def started_at(fields: Mapping[str, Any]) -> int:
    """Return when a benchmark was run, 0 where that is not known."""
    started = fields.get("started_at")
    return int(started) if is_number(started) else 0


def versions_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions of Python and of what is installed, by name."""
    params = document["params"]
    versions = {name: str(value) for name, value in sorted(params.items()) if name not in (*MACHINE_KEYS, "python")}
    return {"Python": params.get("python") or document["python"], **versions}


def fields_of(name: str, row: Any, columns: Sequence[str]) -> dict[str, Any]:
    """Return a benchmark's row by column. Raises Unusable where asv or we could not make sense of it."""
    if row is None:
        return {}
    if not isinstance(row, list) or len(row) > len(columns):
        raise Unusable(f"the row of {name[:60]!r} is none")
    fields = dict(zip(columns, row, strict=False))
    values, params = fields.get("result"), fields.get("params")
    if values is None:
        return fields
    size = math.prod(map(len, params)) if is_lists(params) else -1
    if not is_figures(values, size) or math.inf in values or -math.inf in values:
        raise Unusable(f"the figures of {name[:60]!r} are not one finite number for each of its parameters")
    for column, given in zip(columns[3:], row[3:], strict=False):
        if column.startswith("stats_") and given is not None and not is_figures(given, size):
            raise Unusable(f"{column} of {name[:60]!r} is not one number for each of its parameters")
    return fields


def fill(values: "array[float]", halves: "array[float]", name: str, fields: Mapping[str, Any], suite: Suite) -> bool:
    """Write a benchmark's figures into their cells; return whether it is one that the suite has today."""
    described = suite.benchmarks.get(name)
    if described is None or not fields or fields.get("version") not in (None, described.get("version")):
        return False
    stored = fields["params"] if isinstance(fields.get("params"), list) else described["params"]
    size = math.prod(map(len, stored))
    figures = fields.get("result") or [None] * size
    low, high = (fields.get(f"stats_ci_99_{end}") or [None] * size for end in "ab")
    if stored == described["params"] and {int}.issuperset(map(type, figures)):  # counts, as most are
        values[suite.first[name] : suite.first[name] + size] = array("d", figures)
        return True
    first = suite.first[name] if stored == described["params"] else None
    for number, params in enumerate(itertools.product(*stored)):
        place = first + number if first is not None else suite.index.get((name, params))
        if place is None:
            continue
        figure = figures[number]
        values[place] = FAILED if figure is None else UNAVAILABLE if math.isnan(figure) else figure
        if low[number] is not None and high[number] is not None:
            halves[place] = (high[number] - low[number]) / 2
    return True


def is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_figures(values: Any, size: int) -> bool:
    """Whether these are so many numbers; None is one that failed, NaN one that a commit lacks."""
    return isinstance(values, list) and len(values) == size and NUMBERS.issuperset(map(type, values))


def is_word(value: Any) -> bool:
    return value is None or (isinstance(value, str) and WORD.fullmatch(value) is not None)


def is_words(values: Any) -> bool:
    return isinstance(values, dict) and all(is_word(word) for pair in values.items() for word in pair)
