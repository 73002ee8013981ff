"""Which commit is said to have changed a figure, and which is not."""

import itertools
import json
import subprocess
from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tools.site import answer, log, order
from tools.site.changes import Change, changes_of
from tools.site.log import percent
from tools.site.results import FAILED, UNAVAILABLE, UNMEASURED, Archive, Result
from tools.site.site import Site
from tools.site.steps import steps_of_counts
from tools.site.suite import MetricCell, Suite
from tools.site.templating import environment

NAMES = {
    "floors.Bare.time_request": "seconds",
    "handlers.Hello.time_request": "seconds",
    "handlers.Hello.track_hops": "hops",
}
SUITE = Suite({name: {"unit": unit, "params": [], "param_names": []} for name, unit in NAMES.items()})
HOPS = 2


def result(commit: str, hops: float, time: float = 1.0, floor: float = 1.0, half: float = 0.01) -> Result:
    return Result(
        path=Path(f"{commit}.json"),
        commit=commit,
        date=0,
        measured=0,
        machine="here",
        versions={"Python": "3.12"},
        params={},
        env_vars={},
        benchmarks=list(NAMES),
        values=array("d", [floor, time, hops]),
        halves=array("d", [half, half, UNMEASURED]),
        outdated=0,
        digest="",
    )


def commits(*parents: tuple[str, str]) -> order.Order:
    """Return a history of (commit, parent), where each was measured."""
    lines = [(commit, parent, number, "") for number, (commit, parent) in enumerate(parents)]
    names = [commit for commit, _ in parents]
    return order.Order(order.by_ancestry(lines, names, {}, dict.fromkeys(names, "main")), "git")


LINE = commits(("a", ""), ("b", "a"), ("c", "b"))


def seen(changes: list[Change]) -> list[tuple[str, str, float, float]]:
    return [(change.base, change.commit, change.before, change.after) for change in changes]


def test_a_count_that_differs_from_its_parent_is_a_change() -> None:
    found = changes_of(SUITE, [result("a", 1), result("b", 1), result("c", 2)], LINE)
    assert seen(found) == [("b", "c", 1, 2)]


def test_a_branch_is_compared_with_where_it_left() -> None:
    order = commits(("a", ""), ("b", "a"), ("release", "a"), ("c", "b"))
    found = changes_of(SUITE, [result("a", 1), result("b", 2), result("release", 1), result("c", 2)], order)
    assert seen(found) == [("a", "b", 1, 2)]


def test_a_commit_that_was_not_measured_is_passed_over() -> None:
    lines = [("a", "", 1, ""), ("x", "a", 2, ""), ("c", "x", 3, "")]
    known = order.by_ancestry(lines, ["a", "c"], {})
    assert (known["c"].base, known["c"].distance) == ("a", 2)


def test_a_figure_is_compared_with_the_last_that_is_known() -> None:
    found = changes_of(SUITE, [result("a", 1), result("b", UNMEASURED), result("c", 2)], LINE)
    assert seen(found) == [("a", "c", 1, 2)]
    found = changes_of(SUITE, [result("a", 1), result("b", FAILED), result("c", 1)], LINE)
    assert found == []


def test_what_a_django_lacked_and_has_now_is_a_change() -> None:
    found = changes_of(SUITE, [result("a", UNAVAILABLE), result("b", UNAVAILABLE), result("c", 2)], LINE)
    assert seen(found) == [("b", "c", UNAVAILABLE, 2)]


def test_environments_are_not_compared() -> None:
    other = replace(result("b", 2), versions={"Python": "3.13"})
    assert changes_of(SUITE, [result("a", 1), other], LINE) == []


def test_counts_are_compared_across_machines_and_times_are_not() -> None:
    other = replace(result("b", 2, time=3.0), machine="there")
    assert seen(changes_of(SUITE, [result("a", 1), other], LINE)) == [("a", "b", 1, 2)]


@pytest.mark.parametrize(
    ("time", "floor", "half", "changed"),
    [
        (1.5, 1.0, 0.01, True),
        (1.01, 1.0, 0.01, False),  # within what the samples leave open
        (1.5, 1.5, 0.01, False),  # the machine was slower: so were the floors
        (1.5, 1.0, 0.5, False),
        (0.5, 1.0, 0.01, True),
    ],
)
def test_a_time_changes_beyond_its_resolution(time: float, floor: float, half: float, changed: bool) -> None:
    found = changes_of(SUITE, [result("a", 1), result("b", 1, time, floor, half)], LINE)
    assert bool(found) is changed


def test_a_time_without_floors_is_judged_by_its_own_history() -> None:
    names = [f"c{number}" for number in range(13)]
    order = commits(*zip(names, ["", *names[:-1]], strict=True))
    times = [1.0 + 0.02 * (number % 3) for number in range(12)] + [1.5]
    results = [result(name, 1, time, UNMEASURED, 0.0) for name, time in zip(names, times, strict=True)]
    assert [change.commit for change in changes_of(SUITE, results, order)] == ["c12"]
    assert changes_of(SUITE, results[:3] + results[-1:], order) == []  # too few to tell


def test_releases_are_the_final_ones(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        person = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
        return subprocess.check_output(["git", *person, *arguments], cwd=tmp_path, text=True).strip()

    git("init", "--quiet", "--initial-branch=main")
    for tag in ("1.0rc1", "1.0", "nonsense"):
        git("commit", "--quiet", "--allow-empty", "--message", f"make {tag}")
        git("tag", "--annotate", "--message", tag, tag)
    measured = [result(commit, 1) for commit in git("rev-list", "main").split()]
    found = order.order_commits([*measured, result("f" * 40, 1)], tmp_path, tmp_path / "commits")
    assert found.source == "git"
    assert [commit.release for commit in found.commits.values()] == ["", "", "1.0", ""]
    assert [commit.subject for commit in found.commits.values()] == ["", "make 1.0rc1", "make 1.0", "make nonsense"]
    again = order.order_commits([*measured, result("f" * 40, 1)], None, tmp_path / "commits")
    assert again.source == "memory"
    assert again.commits == found.commits


def test_a_memory_that_is_none_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    memory = tmp_path / "commits"
    memory.write_text('rubbish\n{"hash": 1}\n[]\n')
    assert order.order_commits([result("a", 1)], None, memory).source == "dates"
    assert capsys.readouterr().err.count("Left out") == 3


@pytest.mark.parametrize("base", ["b", "a", "gone"], ids=["a circle", "itself", "a commit without a result"])
def test_a_base_that_leads_nowhere_ends_a_line(tmp_path: Path, base: str) -> None:
    memory = tmp_path / "commits"
    lines = [{"hash": "a", "seconds": 1, "base": base, "distance": 3}, {"hash": "b", "seconds": 2, "base": "a"}]
    memory.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    found = order.order_commits([result("a", 1), result("b", 2)], None, memory)
    assert found.source == "memory"
    for commit in "ab":
        assert commit in [each.hash for each in itertools.islice(found.line(commit), 3)]
        assert len(list(itertools.islice(found.line(commit), 3))) <= 2


def test_an_anchor_of_an_unknown_version_is_said() -> None:
    own = result("a", 1)
    assert site_of(SUITE, [own], LINE).anchor_of(own) == "Django of an unknown version"


def test_without_git_commits_stand_by_date(tmp_path: Path) -> None:
    results = [replace(result(name, 1), date=date) for name, date in (("b", 2000), ("a", 1000))]
    found = order.order_commits(results, tmp_path, tmp_path / "commits")
    assert found.source == "dates"
    assert [(commit.hash, commit.base) for commit in found.commits.values()] == [("a", None), ("b", "a")]


def test_counts_step_where_they_change() -> None:
    data = [(number, 1.0 if number < 50 else 2.0, None) for number in range(100)]
    assert steps_of_counts(data) == [(0, 50, 1.0, 1.0, 0.0), (50, 100, 2.0, 2.0, 0.0)]
    assert steps_of_counts([(0, 1.5, None)]) is None
    assert steps_of_counts([(0, 1.0, 2.0)]) is None


def repository(folder: Path) -> Callable[..., str]:
    """Make a repository with a commit on main, and return its git."""

    def git(*arguments: str) -> str:
        person = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
        return subprocess.check_output(["git", *person, *arguments], cwd=folder, text=True).strip()

    folder.mkdir()
    git("init", "--quiet", "--initial-branch=main")
    git("commit", "--quiet", "--allow-empty", "--message", "the first")
    return git


def test_what_was_known_stays_where_a_repository_knows_less(tmp_path: Path) -> None:
    git = repository(tmp_path / "whole")
    for name in ("1.0", "2.0"):
        git("commit", "--quiet", "--allow-empty", "--message", name)
        git("tag", name)
    git("switch", "--quiet", "--create", "stable/1.0.x", "1.0")
    git("commit", "--quiet", "--allow-empty", "--message", "a fix")
    git("switch", "--quiet", "main")
    measured = [result(commit, 1) for commit in git("rev-list", "--all").split()]
    memory = tmp_path / "commits"
    whole = order.order_commits(measured, tmp_path / "whole", memory)
    assert [each.release for each in whole.releases] == ["1.0", "2.0"]
    assert sorted(each.branch for each in whole.commits.values()) == ["main", "main", "main", "stable/1.0.x"]

    git("clone", "--quiet", "--no-tags", "--depth=1", (tmp_path / "whole").as_uri(), str(tmp_path / "shallow"))
    shallow = order.order_commits(measured, tmp_path / "shallow", memory)
    assert shallow.source == "git"
    assert shallow.commits == whole.commits
    places = {commit: place for place, commit in enumerate(shallow.commits)}
    assert all(places[each.base] < places[each.hash] for each in shallow.commits.values() if each.base)

    git("tag", "--force", "2.0", "main~2")
    moved = order.order_commits(measured, tmp_path / "whole", memory)
    assert [each.hash for each in moved.releases] == [git("rev-parse", "main~1"), git("rev-parse", "2.0")]


def test_the_newest_is_one_of_asv_s_branches_or_a_release(tmp_path: Path) -> None:
    git = repository(tmp_path / "repository")
    main = git("rev-parse", "HEAD")
    git("switch", "--quiet", "--create", "private")
    git("commit", "--quiet", "--allow-empty", "--message", "a try")
    private, unknown = git("rev-parse", "HEAD"), "f" * 40
    measured = [result(main, 1), *(replace(result(commit, 2), date=4_000_000_000_000) for commit in (private, unknown))]
    memory = tmp_path / "commits"
    for place in (tmp_path / "repository", None):
        known = order.order_commits(measured, place, memory, ["main"])
        assert [each.hash for each in known.main] == [main]
        assert [each.hash for each in known.commits.values() if known.public(each)] == [main]
    known = order.order_commits(measured, tmp_path / "repository", memory, ["private"])
    assert [each.hash for each in known.main] == [main, private]


COST = Suite({"handlers.Hello.track_instructions": {"unit": "instructions", "params": [], "param_names": []}})


def costing(commit: str, instructions: float, half: float = 0.3) -> Result:
    return replace(
        result(commit, 0),
        benchmarks=list(COST.benchmarks),
        values=array("d", [instructions]),
        halves=array("d", [half]),
    )


@pytest.mark.parametrize(
    ("instructions", "half", "changed"),
    [
        (134, 0.3, True),
        (98.9, 0.3, True),
        (100.8, 0.3, False),  # within twice what the layouts leave open
        (100.39, 0.0, False),  # what code that never runs does, too
        (134, UNMEASURED, False),  # from one layout: nothing is known of the others
    ],
)
def test_instructions_change_beyond_what_their_layouts_leave_open(
    instructions: float, half: float, changed: bool
) -> None:
    """Floors, which are times, have no say."""
    found = changes_of(COST, [costing("a", 100, half), costing("b", instructions, half)], LINE)
    assert [(change.base, change.commit) for change in found] == ([("a", "b")] if changed else [])


BESIDE = {
    "handlers.Hello.time_request": "seconds",
    "handlers.Hello.track_anchor_seconds": "seconds",
    "handlers.Hello.track_anchor_to_itself": "of the anchor",
    "handlers.Hello.track_time_to_anchor": "of the anchor",
}
TIMED = Suite({name: {"unit": unit, "params": [], "param_names": []} for name, unit in BESIDE.items()})


def beside(commit: str, ratio: float, half: float = 0.01, control: float = 1.0, control_half: float = 0.01) -> Result:
    """Return a time beside the anchor, by a machine of its own whose own times say nothing."""
    return replace(
        result(commit, 0),
        machine=f"machine of {commit}",
        benchmarks=list(TIMED.benchmarks),
        values=array("d", [float(ord(commit)), float(ord(commit)), control, ratio]),
        halves=array("d", [0.0, 0.0, control_half, half]),
    )


@pytest.mark.parametrize(
    ("new", "changed"),
    [
        (beside("b", 1.05), True),
        (beside("b", 0.95), True),
        (beside("b", 1.013), False),  # within the root of the sum of squares of both intervals
        (beside("b", 1.05, half=0.06), False),
        (beside("b", 1.05, control_half=0.06), False),  # the samples were alike by chance
        (beside("b", 1.05, control=0.94), False),  # so much the anchor differs from itself
        (beside("b", 1.05, half=UNMEASURED), True),  # the control tells
        (beside("b", 1.05, half=UNMEASURED, control_half=UNMEASURED), False),
        (beside("b", 1.05, control=UNMEASURED), False),
        (beside("b", 1.05, control=FAILED), False),
        (beside("b", UNAVAILABLE), False),
        (beside("b", FAILED), False),
    ],
)
def test_a_time_beside_the_anchor_changes_beyond_its_resolution_on_any_machine(new: Result, changed: bool) -> None:
    """Nothing else of it is judged: neither the control, nor the anchor's seconds, nor the time by itself."""
    found = changes_of(TIMED, [beside("a", 1.0), new], LINE)
    assert [(change.base, change.commit, TIMED.cells[change.cell].method) for change in found] == (
        [("a", "b", "track_time_to_anchor")] if changed else []
    )


def test_a_time_by_itself_is_judged_where_there_is_no_anchor() -> None:
    assert [[suite.cells[number].method for number in suite.shaky] for suite in (TIMED, SUITE)] == [
        [],
        ["time_request"],
    ]


def test_percentages_are_never_rounded_to_nothing() -> None:
    assert [percent(part) for part in (0.34, -0.023, 0.0123, 0.0004)] == ["+34%", "-2.3%", "+1.2%", "+0.04%"]


@pytest.mark.parametrize(
    ("unit", "kind"),
    [
        ("instructions", "cost"),
        ("hops", "waits"),
        ("calls", "counts"),
        ("seconds", "time"),
        ("bytes", "memory"),
        ("times the ideal", "time"),
    ],
)
def test_the_kind_of_a_metric(unit: str, kind: str) -> None:
    assert MetricCell("handlers.Hello.track_it", (), unit).kind == kind


def site_of(suite: Suite, results: Sequence[Result], history: order.Order) -> Site:
    archive = Archive(Path(), suite, results, {}, [])
    return Site("Django", "https://example.invalid/commit/", Path(), archive, history, graphs=False)


def test_a_change_of_several_commits_names_none_of_them() -> None:
    lines = [("a", "", 1, "First"), ("x", "a", 2, "Innocent"), ("c", "x", 3, "Last"), ("d", "c", 4, "Did it")]
    known = order.Order(order.by_ancestry(lines, ["a", "c", "d"], {}, dict.fromkeys("acd", "main")), "git")
    site = site_of(SUITE, [result("a", 1), result("c", 2), result("d", 4)], known)
    several, one = sorted(log.of_commits(site), key=lambda entry: entry.commit.seconds)
    assert (one.id, one.base.hash, one.distance) == ("d", "c", 1)
    assert (several.id, several.base.hash, several.distance) == ("a..c", "a", 2)
    macros = environment(meanings={}).get_template("macros.html").module
    said = macros.stretch(site, several.base, several.commit, several.distance)  # type: ignore[attr-defined]
    assert "one of 2 commits</a> after <code>a</code>, up to <code>c</code>" in said
    assert "https://example.invalid/compare/a...c" in said
    assert "Last" not in said
    assert known.distance("a", "d") == 3


def test_a_figure_that_was_missing_between_is_told_of_the_whole_stretch() -> None:
    site = site_of(SUITE, [result("a", 1), result("b", UNMEASURED), result("c", 2)], LINE)
    (entry,) = log.of_commits(site)
    assert (entry.base.hash, entry.commit.hash, entry.distance) == ("a", "c", 2)


def test_releases_stand_apart_and_are_compared_with_the_one_before() -> None:
    lines = [("a", "", 1, ""), ("one", "a", 2, ""), ("b", "a", 3, ""), ("two", "b", 4, "")]
    branches = {"a": "main", "b": "main", "one": "stable/1.x", "two": "stable/2.x"}
    measured = order.by_ancestry(lines, list(branches), {"one": "1.0", "two": "2.0"}, branches)
    results = [result("a", 1), result("one", 1), result("b", 3), result("two", 3)]
    site = site_of(SUITE, results, order.Order(measured, "git"))
    assert [entry.id for entry in log.of_commits(site)] == ["b"]
    assert [entry.id for entry in log.of_releases(site)] == ["1.0..2.0"]


@pytest.mark.parametrize(
    ("changed", "word", "told"),
    [
        ({"hops": 1}, "slower", "slower"),
        ({"hops": -1}, "cannot tell", "counts alone"),
        ({"instructions": -0.1}, "faster", "faster"),
        ({"instructions": -0.1, "hops": 1}, "cannot tell", "cannot tell"),
        ({"instructions": 0.1, "hops": -1}, "slower", "slower"),
        ({"instructions": 0.0001, "hops": -1}, "unchanged", "unchanged"),
    ],
)
def test_a_change_is_told_by_the_rule_of_comparisons(changed: dict[str, float], word: str, told: str) -> None:
    units = {"instructions": "instructions", "hops": "hops"}
    suite = Suite(
        {f"handlers.Hello.track_{name}": {"unit": units[name], "params": [], "param_names": []} for name in changed}
    )
    base = {"instructions": 1000.0, "hops": 2.0}
    after = {"instructions": 1000 * (1 + changed.get("instructions", 0)), "hops": 2 + changed.get("hops", 0)}
    results = [
        replace(
            result(commit, 0),
            values=array("d", [figures[cell.metric] for cell in suite.cells]),
            halves=array("d", [0.0] * len(suite.cells)),
        )
        for commit, figures in (("a", base), ("b", after))
    ]
    (entry,) = log.of_commits(site_of(suite, results, LINE))
    assert (entry.word, entry.told) == (word, told)


HELLO = Suite(
    {
        "handlers.Hello.track_instructions": {
            "unit": "instructions",
            "params": [["'WSGI'", "'ASGI'"], ["'sync'", "'async'"]],
            "param_names": ["interface", "view"],
        }
    }
)


def test_the_answer_names_the_releases_and_the_commits() -> None:
    def costs(commit: str, sync: float, asynchronous: float) -> Result:
        values = array("d", [sync, 1.0, 1.0, asynchronous])
        return replace(result(commit, 0), values=values, halves=array("d", [0.0] * 4))

    releases = {"r1": "3.0", "r2": "5.2", "r3": "6.0", "r4": "6.1"}
    lines = [("a", "", 1, ""), ("r1", "a", 2, ""), ("b", "a", 3, "Did it"), ("r2", "b", 4, ""), ("x", "b", 5, "")]
    lines += [("c", "x", 6, ""), ("r3", "c", 7, ""), ("r4", "c", 8, "")]
    branches = dict.fromkeys("abc", "main") | {name: f"stable/{name}" for name in releases}
    measured = order.by_ancestry(lines, list(branches), releases, branches)
    figures = {"a": (100, 100), "b": (120, 100), "c": (120, 90)}
    of_releases = {"r1": figures["a"], "r2": figures["b"], "r3": figures["c"], "r4": figures["c"]}
    results = [costs(name, *each) for name, each in (figures | of_releases).items()]
    sync, asynchronous = answer.answers(site_of(HELLO, results, order.Order(measured, "git")))

    def said(of: answer.Answer) -> list[tuple[str, str, str]]:
        return [(since.commit.release, since.word, "; ".join(since.changed)) for since in of.comparisons]

    assert [since.role for since in sync.comparisons] == [
        "the measured release before",
        "the last long-term one",
        "the first measured release",
    ]
    assert said(sync) == [
        ("6.0", "unchanged", ""),
        ("5.2", "unchanged", ""),
        ("3.0", "slower", "instructions +20%, resolution 0.4%"),
    ]
    assert sync.comparisons[0].unchanged == ["0.4% of the instructions would have shown"]
    assert [(step.commit.hash, step.distance, step.texts) for step in sync.comparisons[2].steps] == [
        ("b", 1, ["instructions +20%"])
    ]
    assert [word for _, word, _ in said(asynchronous)] == ["unchanged", "faster", "faster"]
    assert [(step.commit.hash, step.distance) for step in asynchronous.comparisons[1].steps] == [("c", 2)]


def test_a_time_beside_the_anchor_is_told_as_a_part_of_the_time() -> None:
    old, new = (replace(beside(*each), versions={"Django": "5.2.19"}) for each in (("a", 0.5), ("b", 0.525)))
    site = site_of(TIMED, [old, new], LINE)
    (entry,) = log.of_commits(site)
    assert [(row.summary, row.examples[0]) for row in entry.rows] == [("+5.0% in 1 cell", "+5.0%, resolution 2.8%")]
    assert entry.word == "slower"
    assert log.anchors(site, [entry]) == ["Django 5.2.19"]


@pytest.mark.parametrize("method", ["track_time_to_anchor", "time_request"])
def test_the_site_opens_with_a_commit_whose_time_is_known(method: str) -> None:
    cells = {"params": [["'WSGI'"], ["'sync'"]], "param_names": ["interface", "view"]}
    suite = Suite({f"handlers.Hello.{method}": {"unit": "seconds", **cells}})
    times = {"a": 1.0, "b": 2.0, "c": UNMEASURED}
    results = [replace(result(commit, 0), values=array("d", [time])) for commit, time in times.items()]
    newest = site_of(suite, results, LINE).newest
    assert newest
    assert newest.commit == "b"


def test_what_makes_an_entry_worse_stands_first() -> None:
    units = {"handlers.Hello.track_instructions": "instructions", "requests.Body.track_hops": "hops"}
    suite = Suite({name: {"unit": unit, "params": [], "param_names": []} for name, unit in units.items()})
    results = [
        replace(result(commit, 0), values=array("d", values), halves=array("d", [0.0, 0.0]))
        for commit, values in (("a", [1000.0, 2.0]), ("b", [900.0, 121.0]))
    ]
    (entry,) = log.of_commits(site_of(suite, results, LINE))
    assert entry.word == "slower"
    assert [row.name for row in entry.rows] == ["requests.Body hops", "handlers.Hello instructions"]
