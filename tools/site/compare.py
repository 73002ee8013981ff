"""The page that compares any two results: the newest releases as a table, and for compare.js the figures of all.

``differences`` says how two results differ; compare.js says the same in the browser of any two, by figures from which
all that one result decides is worked out here. tests/test_site.py holds both against each other.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from harness.callgrind import FINEST
from tools.site.changes import beside_anchor, drift, is_measured, resolution_of_two
from tools.site.grouping import groups
from tools.site.log import KINDS, percent
from tools.site.order import Commit
from tools.site.results import UNAVAILABLE, Result
from tools.site.site import Site, shown
from tools.site.suite import MetricCell, Suite
from tools.site.tables import plain_of, short

Rule = Literal["exact", "cost", "anchor", "machine", "none"]
"""How a metric is judged: as a fact; on one machine by its layouts; beside the anchor; on one machine by its floors;
not at all."""

SHOWN = {
    "changed": "all that changed",
    "relevant": "worse or better",
    "worse": "worse",
    "better": "better",
    "all": "all that was measured",
}
"""What the page can be narrowed to, the first unless one chooses."""


class Measured(NamedTuple):
    """A result that can be chosen: the fullest of its commit in its environment. ``period`` names its file."""

    name: str
    period: str
    commit: Commit
    result: Result


class Difference(NamedTuple):
    """A figure of two results. ``resolution`` is 0 of a fact, None where it is not known or the metric not judged.

    ``relative`` is the change as a part of what was before: infinite from nothing, NaN to or from n/a.
    """

    number: int
    cell: MetricCell
    before: float
    after: float
    relative: float
    resolution: float | None
    verdict: Literal["worse", "better", "changed", "same"]

    @property
    def texts(self) -> tuple[str, str, str, str]:
        """What was before, what is after, the change, and its resolution unless it is a fact, as people read them."""
        size = math.inf if self.resolution is None else self.resolution
        known = percent(size)[1:] if math.isfinite(size) else "unknown"
        sign = {"worse": "▲ ", "better": "▼ "}.get(self.verdict, "")
        change = f"{sign}{self.change} {self.verdict}" if sign else self.change
        resolution = "" if self.cell.exact else f"resolution {known}"
        return shown(self.cell, self.before), shown(self.cell, self.after), change, resolution

    @property
    def words(self) -> str:
        """What the figure is of, within its scenario."""
        return ", ".join(part for part in (self.cell.name, self.cell.metric) if part)

    @property
    def change(self) -> str:
        if math.isnan(self.relative):
            return "n/a now" if self.after == UNAVAILABLE else "n/a before"
        if math.isinf(self.relative) and not self.cell.exact:
            return "from 0"
        return f"{self.after - self.before:+g}" if self.cell.exact else percent(self.relative)


def measured(site: Site) -> list[Measured]:
    """Return what can be chosen: the releases by version, then the other public commits in their order."""
    newest = {result.environment: result for result in sorted(site.archive.results, key=lambda result: result.date)}
    if site.newest:
        newest = {site.newest.environment: site.newest} | newest | {site.newest.environment: site.newest}
    names = names_of([dict(result.versions) for result in newest.values()])
    others = [commit for commit in site.order.commits.values() if not commit.release and site.order.public(commit)]
    return [
        Measured(f"{commit.label}{name}", period(commit), commit, result)
        for commit in (*site.order.releases, *others)
        for like, name in zip(newest.values(), names, strict=True)
        if (result := site.best(commit.hash, like))
    ]


def names_of(environments: Sequence[Mapping[str, str]]) -> list[str]:
    """Return by what versions some environments differ, such as ", Python 3.13"; nothing of the only one."""
    differing = [
        name
        for name in dict.fromkeys(name for versions in environments for name in versions)
        if len({versions.get(name) for versions in environments}) > 1
    ]
    return [
        "".join(f", {name} {versions[name]}" for name in differing if name in versions) for versions in environments
    ]


def period(commit: Commit) -> str:
    """Return the file that a commit's figures are in: those of all releases, or of the commits of a month."""
    return "releases" if commit.release else datetime.fromtimestamp(commit.seconds, UTC).strftime("%Y-%m")


def pair(found: Sequence[Measured]) -> tuple[Measured, Measured] | None:
    """Return what the page shows unasked: the newest two releases, or commits if there are none.

    They are of the environment in which most were measured.
    """
    chosen = [each for each in found if each.commit.release] or found
    usual = [name for name, _ in Counter(each.result.environment for each in chosen).most_common(1)]
    like = [each for each in chosen if each.result.environment in usual]
    return (like[-2], like[-1]) if len(like) > 1 else None


def conditions(base: Measured, head: Measured) -> str:
    """Return where two results were measured, and with what; and a warning where that is not the same."""
    old, new = (f"{each.result.machine}; {each.result.environment}" for each in (base, head))
    if old == new:
        return f"Both on {new}."
    return f"Base on {old}. Head on {new}. So not all that differs is by what is compared."


def rule_of(suite: Suite, number: int) -> Rule:
    cell = suite.cells[number]
    if cell.exact:
        return "exact"
    if number in suite.steady:
        return "anchor"
    if number not in suite.shaky:
        return "none"
    return "cost" if cell.kind == "cost" else "machine"


def differences(suite: Suite, old: Result, new: Result) -> list[Difference]:
    """Return how the figures that both results have differ: what is judged first, the largest change first."""
    both = ((number, old.values[number], new.values[number]) for number in range(len(suite.cells)))
    numbers = [n for n, a, b in both if is_measured(a) and is_measured(b) and not a == b == UNAVAILABLE]
    waits = {where: sum(moves) for where, moves in waits_of(suite, old, new, numbers).items()}
    drifted = drift(suite, old, new) if old.machine == new.machine else None
    found = [difference(suite, old, new, number, waits, drifted) for number in numbers]
    return sorted(found, key=lambda each: (each.verdict not in ("worse", "better"), -size(each.relative), each.number))


def size(relative: float) -> float:
    return math.inf if math.isnan(relative) else abs(relative)


Where = tuple[str, tuple[str, ...]]


def waits_of(suite: Suite, old: Result, new: Result, numbers: Iterable[int]) -> dict[Where, list[float]]:
    """Return by how much each wait of a cell changed, since a crossing less and a hop more are as many."""
    waits = groups((n for n in numbers if suite.cells[n].kind == "waits"), lambda n: where(suite.cells[n]))
    return {each: [change_of(old.values[n], new.values[n]) for n in own] for each, own in waits.items()}


def where(cell: MetricCell) -> Where:
    return cell.scenario, cell.params


def change_of(before: float, after: float) -> float:
    return after - before if math.isfinite(before) and math.isfinite(after) else 0.0


def difference(
    suite: Suite, old: Result, new: Result, number: int, waits: Mapping[Where, float], drifted: float | None
) -> Difference:
    cell, before, after = suite.cells[number], old.values[number], new.values[number]
    known = resolution_between(suite, old, new, number, drifted)
    relative = relative_of(before, after)
    beyond = before != after and known is not None and not abs(relative) <= known
    total = waits[where(cell)] if cell.kind == "waits" else 0.0 if cell.kind == "counts" else relative
    judged = beyond and relative * total > 0
    verdict: Any = ("worse" if relative > 0 else "better") if judged else "changed" if beyond else "same"
    return Difference(number, cell, before, after, relative, known, verdict)


def relative_of(before: float, after: float) -> float:
    if not (math.isfinite(before) and math.isfinite(after)):
        return 0.0 if before == after else math.nan
    return after / before - 1 if before else math.inf * after if after else 0.0


def resolution_between(suite: Suite, old: Result, new: Result, number: int, drifted: float | None) -> float | None:
    """Return the smallest change of a figure that is told from none between two results; None where it is unknown.

    ``drifted`` is what the floors differ by where both are of one machine. Unlike a commit of the Changes page, two
    results that someone chose have no history, so a time that is judged on one machine is judged by these alone.
    """
    rule = rule_of(suite, number)
    if rule == "exact":
        return 0.0
    if not (0 < old.values[number] < math.inf and 0 < new.values[number] < math.inf) or rule == "none":
        return None
    if rule != "anchor" and old.machine != new.machine:
        return None
    return resolution_of_two(suite, old, new, number, drifted)


def gather(site: Site, found: Sequence[Measured]) -> Mapping[str, Any]:
    """Return what the page shows."""
    both = pair(found)
    rows = differences(site.suite, both[0].result, both[1].result) if both else []
    return {
        "pair": both,
        "conditions": conditions(*both) if both else "",
        "differences": [each for each in rows if each.verdict != "same"],
        "shown": SHOWN,
        "parts": sorted({name.partition(".")[0] for name in site.suite.scenarios}),
        "kinds": KINDS,
        "catalogue": catalogue(site, found),
    }


# What compare.js reads.

FIGURE, INTERVAL = 7, 5
"""Digits of what is no fact: more than is told, so that the browser tells what the server would; counts are whole."""


def catalogue(site: Site, found: Sequence[Measured]) -> dict[str, Any]:
    """Return what the page holds: the benchmarks, in whose order figures stand, and what can be chosen, by period."""
    suite = site.suite
    environments = list(dict.fromkeys(each.result.environment for each in found))
    machines = list(dict.fromkeys(each.result.machine for each in found))
    return {
        "project": site.project,
        "commit_url": site.commit_url if all(site.commit_link(each.commit) for each in found) else "",
        "finest": FINEST,
        "benchmarks": [described(suite, name) for name in suite.first],
        "floors": suite.floors,
        "environments": environments,
        "machines": machines,
        "measured": {
            name: [
                [
                    each.name,
                    each.commit.hash[:10],
                    each.commit.seconds,
                    each.commit.subject,
                    environments.index(each.result.environment),
                    machines.index(each.result.machine),
                ]
                for each in own
            ]
            for name, own in groups(found, lambda each: each.period).items()
        },
    }


def described(suite: Suite, name: str) -> dict[str, Any]:
    first = suite.first[name]
    cell = suite.cells[first] if suite.size[name] else MetricCell(name, (), "")
    params = [[MetricCell(name, (value,), "").name for value in values] for values in suite.benchmarks[name]["params"]]
    return {
        "scenario": cell.scenario,
        "metric": cell.metric,
        "params": params,
        "unit": cell.unit,
        "kind": cell.kind,
        "rule": rule_of(suite, first) if suite.size[name] else "none",
    }


def files(site: Site, found: Sequence[Measured]) -> Iterator[tuple[str, str]]:
    """Yield a script for each period, which holds its figures: of each result what differs from the one before it."""
    for name, own in groups(found, lambda each: each.period).items():
        before: dict[str, dict[int, list[Any]]] = {}
        lines = []
        for each in own:
            after = rows_of(site.suite, each.result)
            moved = {key: changed(before.get(key, {}), rows) for key, rows in after.items()}
            lines.append(json.dumps(moved, separators=(",", ":")))
            before = after
        yield f"compare/{name}.js", f"figures[{json.dumps(name)}] = [\n" + ",\n".join(lines) + "\n];\n"


def changed(before: Mapping[int, list[Any]], after: Mapping[int, list[Any]]) -> dict[int, list[Any] | None]:
    """Return the rows that are not as before, None for one that is no more."""
    return {n: after.get(n) for n in {**before, **after} if before.get(n) != after.get(n)}


def rows_of(suite: Suite, result: Result) -> dict[str, dict[int, list[Any]]]:
    """Return a result's rows by the benchmark's number: figures; what their samples leave open, in their unit; and the
    least resolution that they can have."""
    rows: dict[str, dict[int, list[Any]]] = {"values": {}, "open": {}, "least": {}}
    for place, (name, first) in enumerate(suite.first.items()):
        cells = range(first, first + suite.size[name])
        if all(math.isnan(result.values[number]) for number in cells):
            continue
        rule = rule_of(suite, first)
        figures = [result.values[number] for number in cells]
        rows["values"][place] = [plain_of(each if rule == "exact" else rounded(each, FIGURE)) for each in figures]
        if rule not in ("exact", "none"):
            both = [samples(suite, result, number, rule) for number in cells]
            rows["open"][place] = [short(rounded(half, INTERVAL)) for half, _ in both]
            if rule == "anchor":
                rows["least"][place] = [short(rounded(least, INTERVAL)) for _, least in both]
    return rows


def samples(suite: Suite, result: Result, number: int, rule: Rule) -> tuple[float, float]:
    """Return what the samples of a figure leave open, in its unit, and the least resolution beside the anchor."""
    if rule == "anchor":
        time = beside_anchor(suite, result, number)
        return (time.interval, abs(math.log(time.control))) if time else (math.nan, math.nan)
    return result.halves[number] * (2 if rule == "cost" else 1), math.nan


def rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
