"""The answer on top of the overview: did a request become worse, by how much, by which commits?

Words follow docs/method.md: what is said of two results is what Changes would say of them.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from packaging.version import Version

from tools.results import WAITS, VerdictWord, word_of
from tools.site.changes import Change, Move, move
from tools.site.grouping import groups
from tools.site.log import costs, percent, size
from tools.site.order import Commit
from tools.site.overview import SCENARIO, clock, duration
from tools.site.results import Result
from tools.site.site import Site, shown

PATHS = {"sync": ("WSGI", "sync"), "async": ("ASGI", "async")}
LONG_TERM = 2
"""Of each series of Django X.2 is the release with long-term support."""


class Step(NamedTuple):
    """What changed between two measured commits: by the second, or by one of ``distance`` (0: of unknown number)."""

    base: Commit
    commit: Commit
    distance: int
    texts: list[str]


class Since(NamedTuple):
    """What is said of the newest release and an earlier one; ``steps`` are how it came, what cost most first."""

    commit: Commit
    role: str
    word: VerdictWord
    changed: list[str]
    unchanged: list[str]
    steps: list[Step]


class Answer(NamedTuple):
    """What a request costs on the sync or the async path, and how that came."""

    name: str
    cell: tuple[str, str]
    figures: list[str]
    comparisons: list[Since]


def answers(site: Site) -> list[Answer]:
    """Return what is said of both paths: by the newest release that was measured, or the newest result without one."""
    new = newest(site)
    return [
        Answer(name, cell, list(figures(site, new, cell)), [compare(site, new, *each, cell) for each in others])
        for name, cell in PATHS.items()
        if (others := earlier(site, new, cell)) or any(figures(site, new, cell))
    ]


def newest(site: Site) -> Result:
    assert site.newest is not None
    found = (site.best(commit.hash, site.newest) for commit in reversed(site.order.releases))
    return next((result for result in found if result), site.newest)


def figures(site: Site, result: Result, cell: tuple[str, str]) -> Iterator[str]:
    """Yield what a request costs, and how long it takes, where that was measured."""
    cost, time = judges(site, cell)
    if cost is not None and math.isfinite(result.values[cost]):
        yield f"{shown(site.suite.cells[cost], result.values[cost])} instructions"
    if time is not None and math.isfinite(result.values[time]):
        yield duration(site, result, time, cell)


def judges(site: Site, cell: tuple[str, str]) -> tuple[int | None, int | None]:
    """Return the numbers of the metrics that judge: instructions, and time."""
    return (
        site.suite.find(f"{SCENARIO}.track_instructions", *cell),
        site.suite.find(f"{SCENARIO}.{clock(site)}", *cell),
    )


def earlier(site: Site, new: Result, cell: tuple[str, str]) -> list[tuple[Result, str]]:
    """Return what the newest is compared with, each once: the one before, the last long-term release, the first."""
    before = list(predecessors(site, new, cell))
    if not before:
        return []
    long_term = [each for each in before if site.project == "Django" and is_long_term(site.commit(each))]
    kind = "measured release" if site.commit(new).release else "measured commit"
    roles: dict[str, list[str]] = {}
    for result, role in (
        (before[-1], f"the {kind} before"),
        *((each, "the last long-term one") for each in long_term[-1:]),
        (before[0], f"the first {kind}"),
    ):
        roles.setdefault(result.commit, []).append(role)
    by_commit = {result.commit: result for result in before}
    return [(by_commit[commit], ", ".join(said)) for commit, said in roles.items()]


def predecessors(site: Site, new: Result, cell: tuple[str, str]) -> Iterator[Result]:
    """Yield the results before the newest in which the cell was measured, oldest first."""
    own = site.commit(new)
    if own.release:
        line = [each for each in site.order.releases if Version(each.release) < Version(own.release)]
    else:
        line = list(site.order.line(own.base))[::-1]
    for commit in line:
        result = site.best(commit.hash, new)
        if result and any(n is not None and math.isfinite(result.values[n]) for n in judges(site, cell)):
            yield result


def is_long_term(commit: Commit) -> bool:
    return bool(commit.release) and Version(commit.release).minor == LONG_TERM


def compare(site: Site, new: Result, old: Result, role: str, cell: tuple[str, str]) -> Since:
    moves: list[tuple[str, int, Move]] = [
        (name, number, found)
        for name, number in zip(("instructions", "time"), judges(site, cell), strict=True)
        if number is not None and (found := move(site.suite, old, new, number))
    ]
    changed = [each for each in moves if each[2].word in ("slower", "faster")]
    waits = list(waited(site, old, new, cell))
    return Since(
        site.commit(old),
        role,
        word_of(
            {name: found.word for name, _, found in moves if found.resolution is not None},
            sum(more for _, more in waits),
            True,
        ),
        [
            *(beyond(name, found) for name, _, found in changed),
            *(f"{site.suite.cells[number].metric} {more:+g}" for number, more in waits),
        ],
        [within(name, found) for name, number, found in moves if (name, number, found) not in changed],
        steps(site, new, old, [*(number for _, number, _ in changed), *(number for number, _ in waits)]),
    )


def beyond(name: str, found: Move) -> str:
    return f"{name} {percent(found.part)}, resolution {size(found.resolution or 0.0)}"


def within(name: str, found: Move) -> str:
    if found.resolution is None:
        return f"{name} {percent(found.part)}, which may be noise: its resolution is unknown"
    return f"{size(found.resolution)} of the {name} would have shown"


def waited(site: Site, old: Result, new: Result, cell: tuple[str, str]) -> Iterator[tuple[int, float]]:
    """Yield the counts of what a request also waits for that differ, and by how many."""
    for number in site.suite.scenarios.get(SCENARIO, ()):
        each = site.suite.cells[number]
        difference = new.values[number] - old.values[number]
        if each.unit in WAITS and each.variant == cell and math.isfinite(difference) and difference:
            yield number, difference


def steps(site: Site, new: Result, old: Result, cells: Sequence[int]) -> list[Step]:
    """Return what changed some metrics on the way from one commit to another, where Changes knows it, largest first."""
    line = {each.hash for each in site.order.line(old.commit)}
    way = {each.hash for each in site.order.line(new.commit)} - line
    found = [
        change
        for change in site.changes
        if change.commit in way and change.cell in cells and change.result.environment == new.environment
        if (change.base, change.commit) != (old.commit, new.commit) and math.isfinite(change.after - change.before)
    ]
    order = site.order
    together = groups(found, lambda change: (change.base, change.commit))
    return [
        Step(
            order.commits[base],
            order.commits[commit],
            order.distance(base, commit),
            [f"{site.suite.cells[each.cell].metric} {difference(site, each)}" for each in together[base, commit]],
        )
        for base, commit in sorted(together, key=lambda ends: costs(site, together[ends]), reverse=True)
    ]


def difference(site: Site, change: Change) -> str:
    if site.suite.cells[change.cell].exact:
        return f"{change.after - change.before:+g}"
    return percent(change.relative)
