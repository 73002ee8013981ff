"""asv's files of results, read and checked by one schema: what measure, merge, bench and the site take is by it.

The schema is that of asv 0.6: result files of version 2. It has bounds, so that all that it takes can be published.
What a time beside the anchor tells, and how small a change of it, is said here for bench and the site; what changes
come to, for compare and the site.
"""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from tools.terminal import Problem

MOST = 10_000
"""Cells of a benchmark."""

WAITS = {"crossings", "hops", "threads", "loops", "tasks", "queries"}
"""The units of what a request also waits for."""

COUNTS = WAITS | {"calls", "bytecodes", "objects", "connections", "blocks", "modules"}
"""The units of exact metrics: the same code always repeats them, however busy the machine is: a difference is a fact,
and benchmarks of these run beside each other."""

INSTRUCTIONS = "instructions"
"""The unit of what a request costs: nearly exact."""

TIME, CONTROL, SECONDS = "track_time_to_anchor", "track_anchor_to_itself", "track_anchor_seconds"
"""The benchmarks of a scenario that is timed beside the anchor (``harness.at_once.BesideAnchor``)."""

SERVED = "served"
"""The folder of what ``make served`` measured, beside those of machines: a file for each run."""

LISTED = "commits.txt"
"""The list of commits to measure, beside results; what follows a hash is a remark."""


def listed_in(path: Path) -> list[tuple[str, str]]:
    """Return the commits of such a list, each with why it is there; none where there is no list."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found = ((commit.strip(), why.strip()) for commit, _, why in (line.partition("#") for line in lines))
    return [(commit, why) for commit, why in found if commit]


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,60}(\.[A-Za-z0-9_]{1,60}){1,4}$")]
Text = Annotated[str, Field(max_length=200, pattern=r"^[^<>\x00-\x1f]*$")]
Word = Annotated[str, Field(max_length=200, pattern=r"^[^<>&\"'\x00-\x1f]*$")]
"""What may be a machine's name or a version: asv's own pages write these unescaped."""

Words = Annotated[dict[Word, Word | None], Field(max_length=300)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Job = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Milliseconds = Annotated[int, Field(ge=0, le=253_402_300_799_000)]
"""Since 1970, to the end of the year 9999."""

Params = Annotated[list[Annotated[list[Text], Field(max_length=1000)]], Field(max_length=10)]
Values = Annotated[list[float | None], Field(max_length=MOST)]
"""A number for each cell; None is one that failed, NaN one that a commit lacks."""


class Named:
    """What is told by the name of a benchmark, "handlers.Hello.time_request"."""

    benchmark: str

    @property
    def scenario(self) -> str:
        """The benchmark's class, or its file where it is a function: "handlers.Hello"."""
        return self.benchmark.rpartition(".")[0]

    @property
    def part(self) -> str:
        """The file in benchmarks/: "handlers"."""
        return self.benchmark.partition(".")[0]


class AnchoredTime(NamedTuple):
    """A time as a part of the anchor's, and the anchor's time as a part of another anchor's, which is 1 but for noise.

    Beside each stands half of asv's 99 % interval of its samples, NaN or None where there is none.
    """

    ratio: float
    half: float | None
    control: float
    control_half: float | None

    @property
    def interval(self) -> float:
        """Half of the interval of ``ratio``: the larger of both, since few samples may be alike by chance."""
        halves = [half for half in (self.half, self.control_half) if half is not None and not math.isnan(half)]
        return max(halves, default=math.nan)


def resolution_of_ratios(*both: AnchoredTime) -> float:
    """Return the smallest change between two times that is told from none: 0.03 is 3 %; NaN where that is not known.

    It is the root of the sum of squares of both intervals, and no less than what the anchor differed from itself.
    """
    intervals = math.hypot(*(each.interval / each.ratio for each in both))
    return max(intervals, *(abs(math.log(each.control)) for each in both))


VerdictWord = Literal["unchanged", "slower", "faster", "cannot tell"]


def word_of(moved: Mapping[str, VerdictWord], waits: float, counts: bool) -> VerdictWord:
    """Return what the changes of a cell come to (docs/method.md, From numbers to words).

    ``moved`` says by unit, "instructions" and "time", what each that was measured did; ``waits`` is how many more there
    are, crossings, hops and the like added up; ``counts`` whether any count differs.
    """
    changed = {unit: word for unit, word in moved.items() if word != "unchanged"}
    if len(set(changed.values())) > 1:
        return "cannot tell"
    for word in changed.values():
        return "cannot tell" if word == "faster" and waits > 0 and "time" not in changed else word
    if waits > 0:
        return "slower"
    return "unchanged" if moved or not counts else "cannot tell"


def worst(words: Iterable[tuple[VerdictWord, bool]]) -> VerdictWord:
    """Return the worst of the words of cells, each with whether it was measured beside its counts.

    Where a cell was measured, those of which only counts are known are not in doubt.
    """
    found = list(words)
    measured = any(was for _, was in found)
    there = {word for word, was in found if was or word != "cannot tell" or not measured}
    order: tuple[VerdictWord, ...] = ("slower", "faster", "cannot tell", "unchanged")
    return next(word for word in order if word in there)


class Unusable(Problem):
    """A file is not what it should be, or not to be trusted. The message says why."""


class ResultRow(NamedTuple):
    """What a result says of a benchmark, in the order of asv's columns. A list has a value for each cell."""

    result: Values | None
    params: Params
    version: Annotated[str, Field(max_length=64)] | None
    started_at: Milliseconds | None = None
    duration: float | None = None
    stats_ci_99_a: Values | None = None
    stats_ci_99_b: Values | None = None
    stats_q_25: Values | None = None
    stats_q_75: Values | None = None
    stats_number: Values | None = None
    stats_repeat: Values | None = None
    samples: list[list[float | None] | None] | None = None
    profile: str | None = None

    @property
    def size(self) -> int:
        return size_of(self.params)

    def column(self, name: str) -> list[float | None]:
        """Return the values of a column, each None where asv stored none."""
        values: list[float | None] = getattr(self, name) or [None] * self.size
        return values


def size_of(params: Params) -> int:
    """Return how many cells a benchmark has. Raises ValueError where they are too many."""
    if (size := math.prod(map(len, params))) > MOST:
        raise ValueError(f"{size} cells are more than {MOST}")
    return size


def fitting(row: ResultRow) -> ResultRow:
    """Raises ValueError unless a row has one finite figure for each of its cells, which are not too many."""
    size = row.size
    stats = (row.stats_ci_99_a, row.stats_ci_99_b, row.stats_q_25, row.stats_q_75, row.stats_number, row.stats_repeat)
    if any(each is not None and len(each) != size for each in (row.result, *stats)):
        raise ValueError("not one number for each of its parameters")
    if row.result and (math.inf in row.result or -math.inf in row.result):
        raise ValueError("a figure is not finite")
    return row


def ours(columns: list[str]) -> list[str]:
    if columns != list(ResultRow._fields):
        raise ValueError("not asv's columns")
    return columns


class Document(BaseModel):
    """What is stored in a file of JSON, with no keys but these."""

    model_config = ConfigDict(strict=True, extra="forbid")


class ResultFile(Document, title="result"):
    """The results of a commit. ``requirements`` are packages that were installed, ``job`` is not asv's but ours."""

    version: Literal[2]
    commit_hash: Hash
    env_name: Annotated[str, Field(pattern=r"^[^<>&\"'\x00-\x1f/\\:|?*]{1,200}$")]
    date: Milliseconds
    params: Words
    python: Word
    requirements: Words
    env_vars: Words
    result_columns: Annotated[list[str], AfterValidator(ours)]
    results: Annotated[dict[Name, Annotated[ResultRow, AfterValidator(fitting)]], Field(max_length=2000)]
    durations: Annotated[dict[Annotated[str, Field(max_length=200)], float], Field(max_length=100)]
    job: Job | None = None


class MachineFile(Document, title="machine.json"):
    """A machine.json; what nobody told asv is empty."""

    version: Literal[1]
    machine: Annotated[Word, Field(min_length=1)]
    arch: Word = ""
    cpu: Word = ""
    num_cpu: Word = ""
    os: Word = ""
    ram: Word = ""


class Failure(Document, title="failure"):
    """A line of a file of failures: that a commit could not be measured, when, by which Python, and why.

    Where an earlier suite did not say it, it counts for each Python.
    """

    commit: Hash
    python: Annotated[str, Field(pattern=r"^3\.[0-9]{1,2}t?$")] | None = None
    at: Annotated[str, Field(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\+00:00$")]
    error: Annotated[str, Field(max_length=4000)]


class Dispute(Document, title="dispute"):
    """A line of a file of disputes: a cell in which two jobs found an exact metric of a commit to be different.

    ``said`` has the job and the figure of each; None is n/a.
    """

    commit: Hash
    benchmark: Name
    cell: Annotated[int, Field(ge=0, lt=MOST)]
    said: Annotated[list[tuple[Job | None, float | None]], Field(min_length=2, max_length=2)]


class Described(BaseModel):
    """An entry of benchmarks.json, of which asv reads more."""

    model_config = ConfigDict(strict=True)

    name: Name
    params: Params
    param_names: list[Text]
    unit: Word = ""
    type: Word = ""
    version: Word = ""

    @model_validator(mode="after")
    def fits(self) -> Self:
        size_of(self.params)
        if len(self.params) != len(self.param_names):
            raise ValueError("not one name for each parameter")
        return self


Kind = TypeVar("Kind", bound=BaseModel)


def checked(kind: type[Kind], content: bytes | str) -> Kind:
    """Return what a text of JSON holds. Raises Unusable unless it is of that kind."""
    try:
        return kind.model_validate_json(content)
    except ValidationError as problem:
        raise Unusable(first_of(problem)) from None


def stored_in(path: Path, kind: type[Kind]) -> Kind:
    """Return what a file of JSON holds. Raises Unusable, which names the file, unless it is of that kind."""
    try:
        return checked(kind, content_of(path))
    except Unusable as problem:
        raise Unusable(f"{path}: {problem}") from None


def content_of(path: Path) -> bytes:
    """Return what a file holds. Raises Unusable where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise Unusable(f"cannot be read ({problem})") from None


def benchmarks_in(path: Path) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return the entries of a benchmarks.json by name, and the names of those that are none.

    Raises Unusable where it cannot be read.
    """
    try:
        entries = dict(json.loads(content_of(path)))
    except (ValueError, TypeError, RecursionError) as problem:
        raise Unusable(f"it is no whole JSON: {problem}") from None
    if entries.pop("version", None) != 2:
        raise Unusable("not of version 2")
    good = {name: entry for name, entry in entries.items() if is_described(name, entry)}
    return good, [name for name in entries if name not in good]


def is_described(name: str, entry: Any) -> bool:
    """Tell whether an entry of benchmarks.json is one, and can be written again."""
    try:
        json.dumps(entry, ensure_ascii=False).encode()
        return Described.model_validate(entry).name == name
    except ValueError:
        return False


def first_of(problem: ValidationError) -> str:
    """Return in a line what is wrong first, and where."""
    first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return f"it is no whole JSON: {first['msg']}"
    place = ".".join(["$", *map(str, first["loc"])])[:200]
    return f"it is no {problem.title} as asv 0.6 writes it: {place}: {first['msg']}"
