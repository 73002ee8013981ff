"""The published site: made by a real run, opened in a browser, and still standing where results are bad."""

import csv
import json
import math
import os
import re
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import feedparser
import generated
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import CHROMIUM_FLAGS, served, wait_until_painted, watch
from conftest import ROOT, Djangos, eventually, path_without, with_environment
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tools.site import charts, compare, results
from tools.site.cache import CACHE
from tools.site.choices import modelled
from tools.site.compare import Measured, pair
from tools.site.grouping import groups

pytestmark = pytest.mark.xdist_group("site")  # one worker measures and publishes once

SHOTS = ROOT / ".asv" / "screenshots"
"""What to look at after a run, and what CI keeps: each page, at both widths, in both themes."""

RUN = r"^(handlers\.|floors\.(Bare|SyncToAsync|AsyncToSync)|middleware\.Stack\.track_.*to)"
CELLS = [("WSGI", "sync"), ("WSGI", "async"), ("ASGI", "sync"), ("ASGI", "async")]
READY = "html[data-ready]"
OWN = {
    "index.html": READY,
    "changes.html": READY,
    "status.html": READY,
    "compare.html": "table[data-pair]",
    "search.html": READY,
    "scenarios/index.html": READY,
    "scenarios/handlers.Hello.html": READY,
    "scenarios/middleware.Stack.html": READY,
}
PAGES = OWN | {
    "graphs.html#/": ".benchmark-container canvas",
    "graphs.html#/summarylist": "#summarylist-body td",
    "graphs.html#/regressions": "#regressions-body .feed-div",
    "graphs.html#handlers.Hello.track_hops": "#main-graph .legend",
}
"""The pages, and what is there when they are complete."""

EVIL = "<script>document.title = 'evil'</script>"


@dataclass
class Project:
    """An asv project in a folder of its own: a repository, results, and the site that publishing wrote."""

    folder: Path

    @property
    def html(self) -> Path:
        return self.folder / "html"

    @property
    def results(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("results/*/*.json") if path.name != "machine.json")

    def run(self, *arguments: str, status: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**os.environ, "HOME": str(self.folder), "PATH": path_without("valgrind"), **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == status, done.stdout[-2000:] + done.stderr[-2000:]
        assert "Traceback" not in done.stdout + done.stderr
        return done

    def asv(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("asv", "--config", str(self.folder / "asv.conf.json"), *arguments, **environment)

    def publish(self) -> subprocess.CompletedProcess[str]:
        return self.asv("publish", "--no-pull")

    def alone(self, status: int = 0) -> subprocess.CompletedProcess[str]:
        return self.run("tools", "site", "--config", str(self.folder / "asv.conf.json"), status=status)

    def copy(self, folder: Path) -> "Project":
        """Return a copy that a test may spoil."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        configuration = (folder / "asv.conf.json").read_text()
        configuration = configuration.replace(json.dumps(str(self.folder))[1:-1], json.dumps(str(folder))[1:-1])
        (folder / "asv.conf.json").write_text(configuration)
        return Project(folder)

    def git(self, *arguments: str) -> str:
        person = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
        command = ["git", *person, "-C", self.folder / "repo", *arguments]
        return subprocess.check_output(command, text=True).strip()


@pytest.fixture(scope="module")
def measured(djangos: Djangos, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two releases of Django, measured by asv as commits of a repository, and published."""
    project = Project(tmp_path_factory.mktemp("site"))
    generated.configure(project.folder, benchmark_dir=str(ROOT / "benchmarks"), launch_method="forkserver")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", project.folder / "repo"], check=True)
    project.asv("machine", "--yes", "--machine", "here")
    for series in ("3.0", Djangos.NEWEST):
        project.git("commit", "--quiet", "--allow-empty", "--message", f"Release {series} {EVIL}")
        project.git("tag", Djangos.VERSIONS[series])
        run = ["run", "--python=same", "--quick", "--machine", "here", "--bench", RUN, "--set-commit-hash"]
        project.asv(*run, project.git("rev-parse", "HEAD"), ASV_PYTHONPATH=str(djangos.path(series)))
    project.publish()
    return project


@pytest.fixture
def address(measured: Project) -> Iterator[str]:
    with served(measured.html) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from conftest import program

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1920, "height": 1000})
    yield context.new_page()
    context.close()


def visit(page: Page, address: str, name: str) -> None:
    """Open a page afresh, asv's too, which a new hash alone would not load again."""
    page.goto("about:blank")
    page.goto(address + name)
    page.locator(PAGES[name]).first.wait_for(state="attached")


def figures(project: Project, tag: str, benchmark: str) -> dict[str, Any]:
    """Return the stored figures of a release, by parameters."""
    commit = project.git("rev-parse", tag)
    (path,) = [path for path in project.results if path.name.startswith(commit[:8])]
    row = json.loads(path.read_text())["results"][benchmark]
    return dict(zip([" ".join(cell) for cell in CELLS], row[0], strict=True))


@pytest.mark.parametrize("width", [360, 1920])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_readable_by_everyone(
    measured: Project, address: str, browser: Browser, width: int, theme: Any
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    complaints = watch(page, address)
    SHOTS.mkdir(parents=True, exist_ok=True)
    found = []
    for name in PAGES:
        visit(page, address, name)
        page.screenshot(path=SHOTS / f"{name.translate(str.maketrans('/#', '--'))}-{width}-{theme}.png")
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0 and "graphs" not in name:
            found.append(f"{name} is wider than the screen")
        if (width, theme) in ((360, "dark"), (1920, "light")):
            violations = Axe().run(page).response["violations"]
            found += [f"{name}: {each['id']}" for each in violations if each["impact"] in ("serious", "critical")]
    context.close()
    assert found == []
    assert complaints == []


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The pages of the stored history."""
    folder = tmp_path_factory.mktemp("stored")
    generated.configure(folder, benchmark_dir=str(ROOT / "benchmarks"), results_dir=str(ROOT / "results"))
    project = Project(folder)
    project.alone()
    pages = sorted(project.html.rglob("*.html"))
    assert len(pages) > 50
    names = {"compare.html", "served/index.html", "docs/async-or-not.html", "source/tools/results.py.html"}
    assert {project.html / name for name in names} <= {*pages}
    return [project.html, *pages]


def test_what_the_stored_history_links_to_is_there(stored: list[Path]) -> None:
    site, *_ = stored
    assert wrong_links(site) == []
    # Where the document names a measured commit, it leads to what that changed.
    history = (site / "docs/history.html").read_text()
    assert re.search(
        r'<a href="\.\./compare\.html\?base=[0-9a-f]{10}&amp;head=fc0fa72ff4"><code>fc0fa72ff4</code></a>', history
    )


def test_the_stored_history_is_valid_html(stored: list[Path]) -> None:
    assert complaints_of_tidy(stored[1:]) == []


def test_every_page_of_the_stored_history_is_readable(stored: list[Path], page: Page) -> None:
    site, *pages = stored
    page.set_viewport_size({"width": 360, "height": 900})
    found = []
    with served(site) as address:
        complaints = watch(page, address)
        for name in [str(path.relative_to(site)) for path in pages]:
            page.goto(address + name)
            page.locator(READY).wait_for(state="attached")
            if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
                found.append(f"{name} is wider than the screen")
            violations = Axe().run(page).response["violations"]
            found += [f"{name}: {each['id']}" for each in violations if each["impact"] in ("serious", "critical")]
    assert found == []
    assert complaints == []


def complaints_of_tidy(pages: list[Path]) -> list[str]:
    """Return what HTML Tidy finds wrong with some pages, errors and warnings.

    It would drop what a script fills, and Debian's knows no aria-current, which is of ARIA 1.1 (2017).
    """
    from conftest import program

    command = [program("tidy"), "-quiet", "-errors", "--gnu-emacs", "yes", "--drop-empty-elements", "no", *pages]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, 1, 2), done.stderr
    return [line for line in done.stderr.splitlines() if 'attribute "aria-current"' not in line]


def test_the_checker_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "wrong.html").write_text("<!DOCTYPE html><title>a</title><p><b>one</p></b><div id=a></div><p id=a>two")
    assert [line for line in complaints_of_tidy([tmp_path / "wrong.html"]) if "missing </b>" in line]


class Links(HTMLParser):
    """What a page links to and loads, and the names of its places."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.places: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.targets += [found[name] for name in ("href", "src") if name in found]
        self.places += [found["id"]] if "id" in found else []


def wrong_links(site: Path) -> list[str]:
    """Return what leads nowhere within a site, and the names that two places of a page have."""
    pages = {path: Links(path) for path in site.rglob("*.html")}
    wrong = [f"{path.name} has #{name} twice" for path, page in pages.items() for name in repeated(page.places)]
    for path, page in pages.items():
        for target in set(page.targets):
            parts = urlsplit(target)
            place = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if parts.scheme or parts.netloc:
                continue
            if not place.is_file() or (parts.fragment and parts.fragment not in pages[place].places):
                wrong.append(f"{path.relative_to(site)}: {target}")
    return wrong


def repeated(names: list[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def test_the_overview_shows_what_is_stored(measured: Project, address: str, page: Page) -> None:
    page.goto(address)
    version = Djangos.VERSIONS[Djangos.NEWEST]
    hops, calls = (figures(measured, version, f"handlers.Hello.track_{name}") for name in ("hops", "python_calls"))
    before = figures(measured, "HEAD~1", "handlers.Hello.track_python_calls")
    for cell in hops:
        row = page.locator("#cells tbody tr").filter(has=page.locator("th", has_text=cell)).locator("td").all()
        assert row[3].inner_text().split()[0] == str(hops[cell])
        text = row[4].inner_text().split()
        assert text[0] == str(calls[cell])
        difference = calls[cell] - before[cell]
        assert text[1:] == ([] if math.isnan(difference) else [f"{difference:+d}" if difference else "same"])
    lacked = page.locator("#cells tbody tr").filter(has=page.locator("th", has_text="WSGI async")).locator("td").first
    assert "%" not in lacked.inner_text()
    assert page.locator("code", has_text=version).count() > 0
    page.locator("a[href^='results/']", has_text=version).first.click()
    assert json.loads(page.locator("pre").inner_text())["commit_hash"] == measured.git("rev-parse", version)


def test_the_overview_shows_what_a_request_costs(measured: Project, tmp_path: Path, page: Page) -> None:
    own = measured.copy(tmp_path)
    for path in own.results:
        stored = json.loads(path.read_text())
        newest = stored["commit_hash"] == measured.git("rev-parse", "HEAD")
        costs = [372_000.0 if newest else 278_000.0, 1_160_000.0, 2_170_000.0, 1_760_000.0]
        row = stored["results"]["handlers.Hello.track_instructions"]
        low, high = ([cost * part for cost in costs] for part in (0.999, 1.001))
        stored["results"]["handlers.Hello.track_instructions"] = [costs, *row[1:5], low, high]
        path.write_text(json.dumps(stored))
    own.alone()
    with served(own.html) as address:
        page.goto(address)
        shown = [row.locator("td").first.inner_text().split() for row in page.locator("#cells tbody tr").all()]
        assert shown[0] == ["372k", "×1.0", "▲", "worse", "+34%"]
        assert shown[2][:2] == ["2,170k", "×5.8"]
        answer = " ".join(page.locator(".answer").inner_text().split())
        assert "costs 372k instructions" in answer
        assert "▲ worse since 3.0" in answer
        assert "instructions +34%, resolution 0.4%" in answer
        page.get_by_role("link", name="instructions +34% in 1 cell").click()
        assert page.locator(".entry li").first.inner_text().startswith("handlers.Hello instructions +34% in 1 cell")


def stored_with(project: Project, **metrics: Any) -> None:
    """Put figures of handlers.Hello in place of what was measured: values and interval of the old and of the new."""
    for path in project.results:
        newest = json.loads(path.read_text())["commit_hash"] == project.git("rev-parse", "HEAD")
        stored = json.loads(path.read_text())
        stored["params"]["Django"] = "5.2.19"  # the anchor
        for name, both in metrics.items():
            values, open_ = both[newest]
            row = stored["results"][f"handlers.Hello.{name}"]
            low, high = ([value * (1 + sign * open_) for value in values] for sign in (-1, 1))
            stored["results"][f"handlers.Hello.{name}"] = [values, *row[1:5], low, high]
        path.write_text(json.dumps(stored))


def test_the_browser_compares_as_the_server_does(
    measured: Project, tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = measured.copy(tmp_path)
    stored_with(
        own,
        track_instructions=(([278e3, 1e6, 2e6, 2e6], 0.001), ([372e3, 0.99e6, 2.007e6, 2.007e6], 0.0005)),
        track_time_to_anchor=(([1.0, 1.0, 1.0, 1.0], 0.01), ([1.1, 0.85, 1.02, 1.01], 0.02)),
        track_anchor_to_itself=(([1.0, 1.0, 1.0, 1.03], 0.01), ([1.0, 1.0, 1.005, 1.0], 0.001)),
        track_hops=(([0, 1, 3, 2], 0), ([1, 0, 3, 2], 0)),
        track_event_loops=(([0, 1, 0, 0], 0), ([0, 2, 0, 0], 0)),
    )
    own.alone()
    tables = []
    with served(own.html) as address:
        for script in (False, True):
            page = browser.new_context(java_script_enabled=script).new_page()
            page.goto(address + "compare.html")
            if script:
                page.locator("table[data-pair]").wait_for()
            tables.append(page.locator("#differences").inner_text())
            page.context.close()
    assert tables[0] == tables[1]
    worse, better = (tables[0].count(f" {word}\n") for word in ("worse", "better"))
    assert f": {worse} worse, {better} better</title>" in (own.html / "badge.svg").read_text()
    lines = [line for line in tables[0].splitlines() if line.startswith("handlers.Hello ")]
    verdicts = {line.split("\t")[0]: line.split("\t")[3].strip() for line in lines}
    assert verdicts["handlers.Hello WSGI, sync, instructions"] == "▲ +34% worse"
    assert verdicts["handlers.Hello WSGI, async, instructions"] == "▼ -1.0% better"
    assert "handlers.Hello ASGI, sync, instructions" not in verdicts
    assert verdicts["handlers.Hello WSGI, sync, time beside the anchor"] == "▲ +10% worse"
    assert verdicts["handlers.Hello WSGI, async, time beside the anchor"] == "▼ -15% better"
    assert "handlers.Hello ASGI, sync, time beside the anchor" not in verdicts
    # A loop more and a hop less are as many.
    assert verdicts["handlers.Hello WSGI, sync, hops"] == "▲ +1 worse"
    assert verdicts["handlers.Hello WSGI, async, hops"] == "-1"

    # On another machine instructions are not judged, times beside the anchor are.
    monkeypatch.chdir(tmp_path)
    archive = results.read(own.folder / "results")
    old, new = sorted(archive.results, key=lambda result: result.commit == own.git("rev-parse", "HEAD"))
    found = compare.differences(archive.suite, old, replace(new, machine="another"))
    judged = {each.cell.metric for each in found if each.verdict in ("worse", "better")}
    assert "time beside the anchor" in judged
    assert "instructions" not in judged


def test_unasked_the_newest_releases_are_compared_where_most_were_measured() -> None:
    cells = [("5.2", "Python 3.12"), ("5.2", "Python 3.13"), ("6.0", "Python 3.12"), ("6.1", "Python 3.12")]
    cells.append(("6.1", "Python 3.13"))
    found = [
        Measured(
            f"{release} {python}", "releases", SimpleNamespace(release=release), SimpleNamespace(environment=python)
        )
        for release, python in cells
    ]
    base, head = pair(found) or ()
    assert (base.name, head.name) == ("6.0 Python 3.12", "6.1 Python 3.12")
    assert pair(found[:2]) is None


def test_any_two_are_compared_by_their_address(measured: Project, address: str, page: Page) -> None:
    old, new = Djangos.VERSIONS["3.0"], Djangos.VERSIONS[Djangos.NEWEST]
    page.goto(f"{address}compare.html?base={measured.git('rev-parse', new)}&head={old}&show=better&part=handlers")
    page.locator("table[data-pair]").wait_for()
    first = page.locator("#differences tbody tr").first
    assert page.locator("[name=base] option:checked").inner_text() == new
    assert "handlers.Hello ASGI, sync, hops\t3\t2\t▼ -1 better" in page.locator("#differences").inner_text()
    assert page.locator("#differences tr.worse").count() == 0
    page.get_by_role("button", name="Swap").click()
    expect(page.locator("table[data-pair]")).to_have_attribute("data-pair", f"{old} {new}")
    expect(first).not_to_be_visible()
    page.locator("[name=show]").select_option("worse")
    expect(first).to_have_class("worse")
    assert f"base={old}&head={new}&show=worse&part=handlers" in page.url
    page.get_by_role("button", name="Copy as CSV").click()
    copied = page.get_by_label("What was copied")
    expect(copied).to_have_value(re.compile(r'^handlers.Hello,"ASGI, sync",hops,hops,2,3,0.5,0,worse$', re.MULTILINE))
    page.get_by_role("button", name="Copy as Markdown").click()
    expect(copied).to_have_value(
        re.compile(r"^\| handlers.Hello ASGI, sync \| hops \| 2 \| 3 \| ▲ \+1 worse \|", re.MULTILINE)
    )


def test_the_overview_leads_to_what_a_release_did(measured: Project, address: str, page: Page) -> None:
    old, new = Djangos.VERSIONS["3.0"], Djangos.VERSIONS[Djangos.NEWEST]
    page.goto(address)
    link = page.locator(f"a[href='compare.html?base={old}&head={new}']")
    said = link.locator("xpath=following-sibling::*[1]").inner_text()
    link.click()
    expect(page.locator("table[data-pair]")).to_have_attribute("data-pair", f"{old} {new}")
    page.goto(address + "changes.html")
    expect(page.locator(".entry h3").first).to_contain_text(f"{said} {new}, against {old}")


def test_results_of_several_environments_are_told_by_what_differs() -> None:
    environments = [
        {"Python": "3.12", "asgiref": "3.13.0"},
        {"Python": "3.13", "Django": "5.2.19", "asgiref": "3.13.0"},
    ]
    assert compare.names_of(environments) == [", Python 3.12", ", Python 3.13, Django 5.2.19"]
    assert compare.names_of(environments[:1]) == [""]


def test_charts_are_drawn_and_have_their_figures(measured: Project, address: str, page: Page) -> None:
    page.goto(address)
    for canvas in page.locator("canvas").all():
        wait_until_painted(canvas, 500)
    figure = page.locator("figure").filter(has_text="ASGI sync: Python calls")
    figure.locator("summary").click()
    stored = [figures(measured, tag, "handlers.Hello.track_python_calls")["ASGI sync"] for tag in ("HEAD~1", "HEAD")]
    expect(figure.locator("tr td")).to_have_text([str(number) for number in stored])


def test_the_crossings_of_middleware_are_a_table(measured: Project, address: str, page: Page) -> None:
    page.goto(address)
    deepest = page.locator(".heat tbody tr").filter(has_text="MiddlewareMixin").last.locator("td").all_inner_texts()
    assert deepest == ["10", "0", "1", "23", "22"]


def test_a_changed_commit_leads_to_its_graph(measured: Project, address: str, page: Page) -> None:
    complaints = watch(page, address)
    page.goto(address)
    page.get_by_role("link", name="All changes").click()
    entry = page.locator(".entry").first
    entry.locator("summary").click()
    assert Djangos.VERSIONS[Djangos.NEWEST] in entry.inner_text()
    entry.locator("li", has_text="handlers.Hello Python calls").locator("a.graph").first.click()
    page.locator("#main-graph .flot-y-axis .flot-tick-label").first.wait_for()
    assert page.locator("#title").inner_text() == "handlers.Hello.track_python_calls"
    wait_until_painted(page.locator("#main-graph canvas.flot-base"), 1000)
    assert complaints == []


def test_an_address_of_asv_leads_to_its_graph(measured: Project, address: str, page: Page) -> None:
    complaints = watch(page, address)
    page.goto(address + "#handlers.Hello.track_hops")
    page.locator("#main-graph .legend").get_by_text("interface-ASGI").first.wait_for()
    assert complaints == []


def test_the_site_opens_as_files(measured: Project, page: Page) -> None:
    address = measured.html.as_uri() + "/"
    complaints = watch(page, address)
    for name in PAGES:
        visit(page, address, name)
    page.goto(address + "index.html")
    page.locator("#cells td a").first.click()
    page.locator("#main-graph .flot-y-axis .flot-tick-label").first.wait_for()
    wait_until_painted(page.locator("#main-graph canvas.flot-base"), 1000)
    page.goto(address + "changes.html")
    page.get_by_label("Part").select_option("middleware")
    expect(page.locator("output")).to_contain_text("shown")
    assert complaints == []


def test_large_figures_are_told_in_full() -> None:
    shown = [charts.text(value, "instructions") for value in (charts.significant(1_128_250.4), 10_485_760, 0.98765)]
    assert shown == ["1,128,000", "10,485,760", "0.98765"]


def test_without_javascript_tables_stand_in_place_of_charts(measured: Project, address: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for name in ("index.html", "scenarios/handlers.Hello.html", "scenarios/middleware.Stack.html"):
        page.goto(address + name)
        assert page.locator("figure").count() > 0
        for figure in page.locator("figure").all():
            assert not figure.locator("canvas").is_visible()
            assert figure.locator("td:visible").count() > 0
    page.goto(address + "index.html")
    chart = page.locator("figure").filter(has_text="ASGI sync: Python calls")
    stored = [figures(measured, tag, "handlers.Hello.track_python_calls")["ASGI sync"] for tag in ("HEAD~1", "HEAD")]
    expect(chart.locator("tr td")).to_have_text([str(number) for number in stored])
    page.goto(address + "changes.html")
    assert not page.locator("form").is_visible()
    page.goto(address + "graphs.html")
    page.locator("p:visible", has_text="JavaScript").get_by_role("link", name="overview").click()
    expect(page.locator("#cells")).to_be_visible()
    context.close()


LIGHT_PIXELS = """
canvas => {
    const area = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return area.filter((value, index) => index % 4 == 3 && value > 200 && area[index - 1] + area[index - 2]
        + area[index - 3] > 600).length;
}
"""


def test_a_dark_page_is_printed_dark_on_light(measured: Project, address: str, browser: Browser) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(address)
    page.locator(READY).wait_for(state="attached")
    canvas = page.locator("canvas").first
    assert canvas.evaluate(LIGHT_PIXELS) > 50

    page.emulate_media(media="print")
    assert eventually(lambda: canvas.evaluate(LIGHT_PIXELS) == 0)
    wait_until_painted(canvas, 500)
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 27, 27)"
    page.emulate_media(media="screen")
    assert eventually(lambda: canvas.evaluate(LIGHT_PIXELS) > 50)

    printed = "window.printed = document.querySelector('canvas').toDataURL()"
    page.evaluate(f"addEventListener('beforeprint', () => {{ {printed} }})")
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    page.pdf()
    assert page.evaluate("window.printed") != before
    assert eventually(lambda: canvas.evaluate(LIGHT_PIXELS) > 50)
    context.close()


def test_a_small_screen_shows_first_what_changed(measured: Project, address: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 900})
    page = context.new_page()
    page.goto(address)
    changes = page.locator("#cells .significant").all()
    assert changes
    assert all(visible(each.bounding_box()) for each in changes)
    page.goto(address + "scenarios/handlers.Hello.html")
    first = page.locator("#cells td:nth-child(2) .significant").all()
    assert first
    assert all(visible(each.bounding_box()) for each in first)
    context.close()


def visible(box: Any) -> bool:
    return box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360


def test_filters_by_keyboard(measured: Project, address: str, page: Page) -> None:
    page.goto(address + "changes.html")
    rows = page.locator(".entry li:visible")
    everything = page.locator(".entry li").count()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.get_by_label("Part").focus()
    page.keyboard.type("middleware")
    page.keyboard.press("Tab")
    page.keyboard.type("ASGI")
    assert page.locator("select[name=interface]").input_value() == "ASGI"
    assert 0 < rows.count() < everything
    assert all(row.get_attribute("data-part") == "middleware" for row in rows.all())
    assert all("ASGI" in (row.get_attribute("data-interface") or "") for row in rows.all())
    page.get_by_label("Kind").select_option("time")
    assert page.locator(".entry li:visible[data-kind=waits]").count() == 0
    page.reload()
    assert page.get_by_label("Kind").input_value() == "time"


def test_the_figures_of_a_scenario_are_there_for_programs(measured: Project) -> None:
    stored = figures(measured, "HEAD", "handlers.Hello.track_hops")["ASGI sync"]
    version = Djangos.VERSIONS[Djangos.NEWEST]
    rows = json.loads((measured.html / "scenarios/handlers.Hello.json").read_text())
    (row,) = [row for row in rows if (row["cell"], row["metric"]) == ("ASGI, sync", "hops")]
    assert (row[version], row["unit"], row["scenario"]) == (stored, "hops", "handlers.Hello")
    with (measured.html / "scenarios/handlers.Hello.csv").open() as file:
        assert {name: str(value) for name, value in row.items()} in list(csv.DictReader(file))


def test_what_changed_is_there_for_programs(measured: Project) -> None:
    old, new = Djangos.VERSIONS["3.0"], Djangos.VERSIONS[Djangos.NEWEST]
    rows = json.loads((measured.html / "changes.json").read_text())
    with (measured.html / "changes.csv").open() as file:
        assert len(list(csv.DictReader(file))) == len(rows)
    (row,) = [row for row in rows if (row["scenario"], row["cell"], row["metric"]) == HOPS]
    (before, after) = (figures(measured, tag, "handlers.Hello.track_hops")["ASGI sync"] for tag in ("HEAD~1", "HEAD"))
    assert (row["before"], row["after"], row["base"], row["commit"]) == (before, after, old, new)
    (day,) = json.loads((measured.html / "status.json").read_text())
    assert (day["machine"], day["results"]) == ("here", 2)


HOPS = ("handlers.Hello", "ASGI, sync", "hops")


def test_scenarios_commits_and_words_are_found(measured: Project, address: str, page: Page) -> None:
    page.goto(address)
    page.get_by_role("link", name="Search").click()
    everything = page.locator("#found li:visible").count()
    page.get_by_role("searchbox").fill("middleware stack")
    expect(page.locator("#found li:visible").first).to_contain_text("middleware.Stack")
    assert page.locator("#found li:visible").count() < everything / 4
    page.get_by_role("searchbox").fill("hop call submitted")
    expect(page.locator("#found li:visible")).to_have_count(1)
    page.reload()
    expect(page.locator("#found li:visible")).to_contain_text("word hop one call submitted to another thread")
    page.get_by_role("searchbox").fill(f"release {Djangos.VERSIONS[Djangos.NEWEST]}")
    page.locator("#found li:visible a").first.click()
    expect(page.locator(":target li").first).to_be_visible()


def test_a_site_that_knows_its_address_says_it(measured: Project, tmp_path: Path, page: Page) -> None:
    own = measured.copy(tmp_path / "own")
    configuration = own.folder / "asv.conf.json"
    plain = configuration.read_text()

    def at(address: str) -> None:
        configuration.write_text(json.dumps(json.loads(plain) | {"site_url": address}))

    at("elsewhere")
    assert "\"site_url\" in asv.conf.json is 'elsewhere'" in own.alone(status=1).stderr
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").symlink_to(own.html)
    with served(tmp_path) as root:
        at(f"{root}a/b/")
        own.alone()
        sitemap = ElementTree.parse(own.html / "sitemap.xml")
        addresses = {element.text for element in sitemap.iterfind(".//{*}loc")}
        assert f"{root}a/b/docs/history.html" in addresses
        complaints = watch(page, root)
        for name in ("index.html", "scenarios/handlers.Hello.html"):
            page.goto(f"{root}a/b/{name}")
            assert page.locator("link[rel=canonical]").get_attribute("href") == page.url
            assert page.url in addresses
            seen = {each: page.locator(f"meta[property='og:{each}']").get_attribute("content") for each in PREVIEWED}
            assert seen["url"] == page.url
            assert seen["title"] == page.title()
            assert len(seen["description"] or "") > 50
            assert page.request.get(seen["image"] or "").body().startswith(b"\x89PNG")
        (own.html / "scenarios/old.html").write_bytes((own.html / "404.html").read_bytes())
        page.goto(f"{root}a/b/scenarios/old.html")
        page.get_by_role("link", name="scenarios", exact=True).click()
        expect(page).to_have_url(f"{root}a/b/scenarios/index.html")
        assert complaints == []


PREVIEWED = ("url", "title", "description", "image")


def test_variants_of_a_scenario_are_chosen(measured: Project, address: str, page: Page) -> None:
    page.goto(address + "scenarios/middleware.Stack.html")
    figure = page.locator("figure").filter(has_text="sync_to_async crossings")
    figure.get_by_label("Variant").select_option("MiddlewareMixin, 10")
    figure.locator("summary").click()
    expect(figure.locator("tr").last.locator("td")).to_have_text(["0", "0", "23", "22"])
    assert "What does a stack of one kind cost" in page.locator("main").inner_text()
    assert "def runs(self, kind, depth)" in page.locator("pre").nth(1).inner_text()


def test_html_in_a_subject_is_text(measured: Project, tmp_path: Path, page: Page) -> None:
    own = measured.copy(tmp_path)
    own.git("tag", "--delete", *own.git("tag").split())  # of a release only the name is told
    (own.folder / "results/commits.jsonl").unlink()
    own.alone()
    feed = ElementTree.parse(own.html / "changes.xml")
    (entry,) = feed.findall("{*}entry")
    assert EVIL in (entry.findtext("{*}title") or "")
    (link,) = (each.get("href") or "" for each in entry.findall("{*}link"))
    with served(own.html) as address:
        page.goto(address + link)
        assert EVIL in page.locator(":target h3").inner_text()
        assert page.locator(":target li").first.is_visible()
        assert page.title().startswith("Changes")


def test_the_feed_is_one_that_readers_take(measured: Project) -> None:
    """By feedparser, and by what RFC 4287 says that a feed and each entry must have once."""
    text = (measured.html / "changes.xml").read_text()
    feed = feedparser.parse(text)
    assert (feed.bozo, feed.version) == (False, "atom10")
    assert feed.entries
    for each in (feed.feed, *feed.entries):
        assert all(each.get(name) for name in ("id", "title", "updated_parsed"))
        assert re.fullmatch(r"urn:[a-z0-9]+:[\w.:-]+", each.id)
    assert feed.feed.author
    assert repeated([entry.id for entry in feed.entries]) == []
    tree = ElementTree.fromstring(text)
    for each in (tree, *tree.iterfind("{*}entry")):
        names = [child.tag.partition("}")[2] for child in each]
        assert {name: names.count(name) for name in ("id", "title", "updated")} == {"id": 1, "title": 1, "updated": 1}
    for page, own in groups(feed.entries, lambda entry: entry.link.partition("#")[0]).items():
        places = Links(measured.html / page).places
        assert [entry.link for entry in own if entry.link.partition("#")[2] not in places] == []


def test_the_overview_is_light(measured: Project, address: str, page: Page) -> None:
    sizes: list[int] = []
    page.on("response", lambda response: sizes.append(len(response.body())))
    page.goto(address)
    page.locator(READY).wait_for()
    assert 50_000 < sum(sizes) <= 300_000


def test_the_overview_of_the_stored_history_is_usable_at_once(tmp_path: Path, page: Page) -> None:
    """The best of five: half a second is meant for a machine that does nothing else."""
    generated.configure(tmp_path, benchmark_dir=str(ROOT / "benchmarks"), results_dir=str(ROOT / "results"))
    project = Project(tmp_path)
    project.alone()
    sizes: list[int] = []
    page.on("response", lambda response: sizes.append(len(response.body())))
    with served(project.html) as address:
        page.goto(address)
        page.locator(READY).wait_for(state="attached")
        assert sum(sizes) <= 300_000
        ready = []
        for _ in range(5):
            page.goto("about:blank")
            page.goto(address)
            page.locator(READY).wait_for(state="attached")
            ready.append(page.evaluate("performance.getEntriesByName('ready')[0].startTime"))
    assert min(ready) <= 500, ready


def test_publishing_twice_gives_the_same_bytes(measured: Project, tmp_path: Path) -> None:
    first = contents(measured.html)
    measured.publish()
    assert contents(measured.html) == first


def test_a_result_is_read_once_and_again_when_it_changes(
    measured: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = measured.copy(tmp_path)
    monkeypatch.chdir(own.folder)
    CACHE.unlink(missing_ok=True)
    reads: list[Path] = []
    original = results.result_of
    monkeypatch.setattr(results, "result_of", lambda path, *rest: reads.append(path) or original(path, *rest))
    folder = own.folder / "results"
    first = results.read(folder)
    assert reads == own.results
    assert repr(results.read(folder).results) == repr(first.results)
    assert reads == own.results

    # Beside another folder's, of other benchmarks, as results/asgiref is read in each publishing.
    other = shutil.copytree(folder, tmp_path / "other")
    (other / "benchmarks.json").write_text((folder / "benchmarks.json").read_text() + "\n")
    results.read(other)
    reads.clear()
    results.read(folder)
    results.read(other)
    assert reads == []
    reads += own.results

    changed = own.results[0]
    changed.write_text(changed.read_text().replace('"python": "', '"python": "0', 1))
    assert results.read(folder).digest != first.digest
    assert reads == [*own.results, changed]

    described = folder / "benchmarks.json"
    for spoil in (
        lambda: CACHE.write_bytes(CACHE.read_bytes()[:-1]),
        lambda: CACHE.write_bytes(b"rubbish"),
        lambda: described.write_text(described.read_text() + "\n"),
    ):
        spoil()
        reads.clear()
        assert len(results.read(folder).results) == len(own.results)
        assert reads == own.results


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


CONDITIONS = {"versions": {"Django": "6.1"}, "date": "2026-11-26T10:00:00+00:00", "machine": "vm", "cpus": 2}


USED = {"cpu": 0.001, "p95": 0.1}


def serve(
    results: Path,
    name: str,
    workers: int,
    rates: dict[tuple[str, str, str], float],
    others: float = 0.1,
    **conditions: Any,
) -> None:
    """Store a run by which each server and view serves so many requests a second of a page, at 16 connections."""
    rows = [
        {"page": page, "server": server, "view": view, "connections": 16, "throughput": rate, **USED, "others": others}
        for (page, server, view), rate in rates.items()
    ]
    document = {"settings": {**CONDITIONS, "workers": workers, "threads": 8, **conditions}, "results": rows}
    (results / "served").mkdir(exist_ok=True)
    (results / f"served/{name}.json").write_text(json.dumps(document))


def test_what_repeats_differ_by_is_no_difference(measured: Project, tmp_path: Path, page: Page) -> None:
    """Of a busy machine, on which one and the same cell is measured to be 661, 1,414 and 636 requests/s."""
    own = measured.copy(tmp_path)
    rates = {("hello", "gunicorn", "sync"): 661.0, ("hello", "uvicorn", "async"): 828.0}
    serve(own.folder / "results", "busy", 2, rates)
    stored = own.folder / "results/served/busy.json"
    document = json.loads(stored.read_text())
    document["results"] += [{**document["results"][0], "throughput": rate} for rate in (1414.0, 636.0)]
    stored.write_text(json.dumps(document))
    own.publish()
    with served(own.html) as address:
        page.goto(f"{address}served/index.html")
        expect(page.locator("#choose output")).to_contain_text("No difference: uvicorn async serves 828")


def test_what_several_runs_differ_by_is_no_difference(measured: Project, tmp_path: Path, page: Page) -> None:
    own = measured.copy(tmp_path)
    for name, rate in (("evening", 828.0), ("morning", 460.0)):
        serve(
            own.folder / "results", name, 2, {("hello", "gunicorn", "sync"): 500.0, ("hello", "uvicorn", "async"): rate}
        )
    own.publish()
    with served(own.html) as address:
        page.goto(f"{address}served/index.html")
        expect(page.locator("#choose output")).to_contain_text("No difference: uvicorn async serves 828")


def test_what_was_served_says_sync_or_async(measured: Project, tmp_path: Path, browser: Browser) -> None:
    own = measured.copy(tmp_path)
    rates = {("hello", "gunicorn", "sync"): 900.0, ("hello", "uvicorn", "async"): 800.0}
    rates |= {("wait-50ms", "gunicorn", "sync"): 39.4, ("wait-50ms", "uvicorn", "async"): 284.0}
    serve(own.folder / "results", "first", 2, rates)
    slow = {("wait-50ms", "uvicorn", "async"): 1.0, ("wait-100ms", "uvicorn", "async"): 1.0}
    for name, its in (
        ("debugging", {"environment": {"PYTHONASYNCIODEBUG": "1"}}),
        ("older", {"versions": {"Django": "3.2"}}),
    ):
        serve(own.folder / "results", name, 2, slow, **its)
    serve(own.folder / "results", "second", 8, {("wait-50ms", "gunicorn", "sync"): 151.0}, others=0.9)
    (own.folder / "results/served/bad.json").write_text('{"settings": {}}')
    done = own.publish()
    assert done.stderr.count("Left out") == 1
    assert "bad.json: no result of make served" in done.stderr
    assert [link for link in wrong_links(own.html) if link.startswith("served/") and "graphs.html" not in link] == []
    with served(own.html) as address:
        page = browser.new_page()
        complaints = watch(page, address)
        page.goto(address)
        page.get_by_label("page hello: requests/s over connections").wait_for()
        page.get_by_role("link", name="sync or async for my view?").click()
        said = page.locator("#choose output")
        expect(said).to_have_text(
            "uvicorn with an async view serves most, 284 requests/s measured: 7.2 times what gunicorn does with a sync "
            "one, 39 requests/s measured."
        )
        page.get_by_label("It waits").select_option("for nothing")
        expect(said).to_contain_text("No difference: gunicorn sync serves 900 requests/s measured, uvicorn async 800")
        page.get_by_label("It waits").select_option("50 ms")
        page.get_by_label("Workers").select_option("8")
        expect(page.locator("#choices tbody tr").last).to_contain_text("151")
        # By the model 16 under way, each of 51 ms at the least; no run has uvicorn with eight workers.
        expect(page.locator("#choices tbody tr").first).to_contain_text("not measured")
        assert "wait=50&connections=16&workers=8" in page.url
        page.reload()
        assert page.get_by_label("Workers").input_value() == "8"
        page.get_by_role("link", name="Django 6.1, 2026-11-26, vm").first.click()
        wait_until_painted(page.locator("canvas").first, 500)
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
        assert [row["throughput"] for row in rows] == ["900.0", "800.0", "39.4", "284.0"]
        assert [each for each in complaints if "ERR_ABORTED" not in each] == []
        page.close()
        plain = browser.new_context(java_script_enabled=False).new_page()
        plain.goto(address + "served/index.html")
        assert not plain.locator("form").is_visible()
        assert plain.locator("#choices tbody tr").count() == 5
        assert plain.get_by_text("while others took 90 % of the machine").count() == 1
        plain.context.close()


def test_from_which_wait_on_async_serves_more(measured: Project, tmp_path: Path, page: Page) -> None:
    """8 sync workers serve 16 requests until each waits 8 ms; one async worker, half as fast, has all 16 under way."""
    own = measured.copy(tmp_path)
    rates = {(f"wait-{wait}ms", "gunicorn", "sync"): 8000 / max(8, wait) for wait in (1, 4, 16, 64)}
    rates |= {(f"wait-{wait}ms", "uvicorn", "async"): 600.0 for wait in (1, 4, 16, 64)}
    serve(own.folder / "results", "crossing", 8, rates)
    stored = own.folder / "results/served/crossing.json"
    document = json.loads(stored.read_text())
    document["results"] = [row | {"workers": 1} if row["server"] == "uvicorn" else row for row in document["results"]]
    stored.write_text(json.dumps(document))
    own.publish()
    with served(own.html) as address:
        page.goto(f"{address}served/index.html#crossings")
        row = page.get_by_role("region", name="From which wait on async serves more").locator("tbody tr")
        # From 1000/s at 4 ms to 500/s at 16 ms, by a straight line over the logarithms: 600/s at 11.1 ms.
        expect(row).to_contain_text("gunicorn sync, 8 workers")
        expect(row.locator("td").nth(0)).to_have_text("uvicorn async, 1 worker")
        expect(row.locator("td").nth(2)).to_have_text("11.1 ms")
        page.get_by_role("link", name="gunicorn sync, 8 workers").click()
        expect(page.get_by_role("rowheader", name="uvicorn async, 1 worker").first).to_be_visible()


def test_the_model_says_what_a_server_can_have_under_way() -> None:
    settings = {"threads": 8, "cpus": 5, "server_cpus": 4}
    said = partial(modelled, settings, service=0.001, wait=50, connections=16)
    assert said("gunicorn", workers=2) == pytest.approx(2 / 0.051, rel=0.01)
    assert said("gunicorn-gthread", workers=1) == pytest.approx(8 / 0.051, rel=0.05)
    assert said("uvicorn", workers=1) == pytest.approx(16 / 0.051, rel=0.1)
    # One worker takes one CPU, and no more workers than there are CPUs take more.
    most = partial(modelled, settings, "uvicorn", 0.01, 0, 500)
    assert [round(most(workers)) for workers in (1, 4, 8)] == [100, 400, 400]


def test_a_killed_publishing_leaves_no_process_and_loses_nothing(tmp_path: Path, temporary: Path) -> None:
    generated.write(tmp_path, 300, 40)
    project = Project(tmp_path)
    serve(project.folder / "results", "first", 2, {("hello", "uvicorn", "async"): 800.0})
    pages = tmp_path / "html.new/pages"
    command = [sys.executable, "-m", "asv", "--config", str(tmp_path / "asv.conf.json"), "publish", "--no-pull"]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    publishing = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    assert eventually(lambda: (pages / "index.html").exists(), 60)
    assert len(with_environment("TMPDIR", str(temporary))) > 1
    publishing.kill()
    publishing.wait()
    assert eventually(lambda: with_environment("TMPDIR", str(temporary)) == [])
    project.publish()
    assert "uvicorn async" in (project.html / "served/index.html").read_text()
    assert (project.html / "index.html").exists()
    assert not pages.parent.exists()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A published project whose folder has ``tools`` and what that needs beside asv.conf.json, as this repository."""
    project = Project(tmp_path_factory.mktemp("a folder of é") / "small")
    generated.write(project.folder, 3, 13)
    for name in ("tools", "harness", "docs"):
        (project.folder / name).symlink_to(ROOT / name)
    assert console(project).returncode == 0
    return project


def console(
    project: Project, *words: str, cwd: Path | None = None, **settings: Any
) -> subprocess.CompletedProcess[str]:
    """Publish by asv's own script, as people call it; in a minimal environment, in which nothing is active."""
    asv = Path(sys.executable).with_name("asv")
    command = [asv, *(["--config", project.folder / "asv.conf.json"] if cwd else []), "publish", *words]
    settings["env"] = {"PATH": os.defpath, "HOME": str(project.folder), "LANG": "C.UTF-8", **settings.get("env", {})}
    return subprocess.run(
        command, cwd=cwd or project.folder, capture_output=True, text=True, timeout=120, check=False, **settings
    )


@pytest.mark.parametrize(
    ("cwd", "env"),
    [
        (None, {}),
        (Path("/"), {"PYTHONSAFEPATH": "1"}),
        (None, {"LANG": "C", "LC_ALL": "C"}),
        (Path("/"), {"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "VIRTUAL_ENV": sys.prefix}),
    ],
    ids=["plain", "safe path", "locale C", "active environment"],
)
def test_asv_publishes_as_people_call_it(small: Project, cwd: Path | None, env: dict[str, str]) -> None:
    (small.html / "index.html").unlink()
    done = console(small, cwd=cwd, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (small.html / "index.html").exists()


def refused(project: Project, **settings: Any) -> str:
    """Publish where that must fail and leave the site as it was; return the line that says why."""
    before = contents(project.html)
    done = console(project, **settings)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert contents(project.html) == before
    assert not [path for path in project.folder.iterdir() if path.name in ("html.new", "html.old")]
    return done.stdout.strip().splitlines()[-1]


def test_without_git_the_old_site_stays(small: Project, tmp_path: Path) -> None:
    assert "Could not find 'git'" in refused(small, env={"PATH": str(tmp_path)})


def test_without_its_repository_the_old_site_stays(small: Project, tmp_path: Path) -> None:
    own = small.copy(tmp_path)
    shutil.rmtree(own.folder / "repo")
    assert "Can not determine" in refused(own)


def test_without_network_the_old_site_stays(small: Project, tmp_path: Path) -> None:
    own = small.copy(tmp_path)
    path = own.folder / "asv.conf.json"
    remote = "https://127.0.0.1:9/django.git"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"repo": remote}))
    assert "unable to access" in refused(own)
    (own.folder / "repo").rename(own.folder / "Django")
    subprocess.run(["git", "-C", own.folder / "Django", "remote", "add", "origin", remote], check=True)
    assert "--no-pull" in refused(own)
    assert console(own, "--no-pull").returncode == 0


@pytest.mark.parametrize("size", [20_000, 100_000])
def test_without_space_the_old_site_stays(small: Project, size: int) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    assert "File too large" in refused(small, preexec_fn=limit)


def test_a_process_that_ends_says_how(small: Project, tmp_path: Path) -> None:
    own = small.copy(tmp_path)
    pages = own.folder / "tools/site/pages.py"
    source = pages.read_text()
    for end, words in (("os.kill(os.getpid(), 9)", "was killed"), ("os._exit(3)", "ended with status 3")):
        pages.write_text(f"{source}\n\ndef write(*ignored):\n    import os\n    {end}\n")
        assert words in refused(own)


def test_a_site_that_was_being_replaced_comes_back(small: Project, tmp_path: Path) -> None:
    own = small.copy(tmp_path)
    before = contents(own.html)
    own.html.rename(own.folder / "html.old")
    (own.folder / "html.new").mkdir()
    assert console(own, env={"PATH": str(tmp_path)}).returncode == 1
    assert contents(own.html) == before


def test_two_that_publish_at_once_take_turns(small: Project) -> None:
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(console, small) for _ in range(2)]
    assert [each.result().returncode for each in both] == [0, 0]
    assert sorted(path.name for path in small.folder.glob("html*")) == ["html", "html.lock"]


def test_results_alone_make_the_pages(measured: Project, tmp_path: Path, page: Page) -> None:
    own = measured.copy(tmp_path)
    shutil.rmtree(own.folder / "repo")
    own.alone()
    with served(own.html) as address:
        complaints = watch(page, address)
        for name in OWN:
            visit(page, address, name)
            assert page.locator("a[href*='graphs.html']").count() == 0
        assert complaints == []
    with_git = (measured.html / "changes.html").read_text()
    assert (own.html / "changes.html").read_text().count('class="entry"') == with_git.count('class="entry"')
    assert "No git history was at hand" not in (own.html / "changes.html").read_text()
    (own.folder / "results/commits.jsonl").unlink()
    own.alone()
    assert "No git history was at hand" in (own.html / "changes.html").read_text()


def test_bad_results_are_said_and_left_out(measured: Project, tmp_path: Path, page: Page) -> None:
    own = measured.copy(tmp_path)
    good = own.results[0]
    document = json.loads(good.read_text())
    folder = good.parent

    def bad(name: str, **changes: Any) -> None:
        (folder / f"{name}.json").write_text(json.dumps({**document, **changes}))

    (folder / "truncated.json").write_text(good.read_text()[:1000])
    (folder / "binary.json").write_bytes(b"\xff\xfe\x00")
    (folder / "list.json").write_text("[]")
    bad("version", version=3)
    bad("old", version=1)
    bad("name", commit_hash=EVIL)
    bad("path", commit_hash="../../../../etc/passwd")
    bad("nan", date=float("nan"))
    bad("other", params={**document["params"], "machine": "another"})
    bad("markup", params={**document["params"], "os": EVIL})
    row = document["results"]["handlers.Hello.track_hops"]
    bad("infinite", results={"handlers.Hello.track_hops": [[float("inf"), 0, 0, 0], *row[1:]]})
    bad("few", results={"handlers.Hello.track_hops": [[1], *row[1:]]})
    bad("words", results={"handlers.Hello.track_hops": [["1", "2", "3", "4"], *row[1:]]})
    (own.folder / "results/nameless").mkdir()
    shutil.copy(good, own.folder / "results/nameless")
    (own.folder / "results/broken").mkdir()
    shutil.copy(good, own.folder / "results/broken")
    (own.folder / "results/broken/machine.json").write_text("{")
    described = json.loads((own.folder / "results/benchmarks.json").read_text())
    described[EVIL] = described["handlers.Hello.track_hops"] | {"name": EVIL}
    (own.folder / "results/benchmarks.json").write_text(json.dumps(described))

    said = own.publish().stderr.splitlines()
    assert len(said) == 16, said
    assert all(line.startswith("Left out: ") for line in said)
    with served(own.html) as address:
        complaints = watch(page, address)
        for name in PAGES:
            visit(page, address, name)
            assert page.title() != "evil"
        assert complaints == []
    assert contents(own.html).keys() == contents(measured.html).keys()


def test_results_of_an_earlier_suite_are_shown_and_said_to_be(measured: Project, tmp_path: Path) -> None:
    own = measured.copy(tmp_path)
    own.alone()
    shown = (own.html / "index.html").read_text()
    assert "earlier version" not in shown
    described = own.folder / "results/benchmarks.json"
    suite = json.loads(described.read_text())
    suite.pop("version")
    versions = {entry["version"] for name, entry in suite.items() if name.startswith("handlers.")}
    assert len(versions) == 3  # those of instructions, and of times beside the anchor, are others
    for path in (described, *own.results):
        path.write_text(re.sub("|".join(versions), "another", path.read_text()))
    own.alone()
    line = re.compile(r"\s+By an earlier version of the suite: (\d+) of its (\d+) benchmarks have\s+changed since\.")
    changed = line.search((own.html / "index.html").read_text())
    assert changed is not None
    hello = [name for name in suite if name.startswith("handlers.")]
    assert changed.groups() == (str(len(hello)), str(len(suite)))
    assert line.sub("", (own.html / "index.html").read_text()) == shown


def test_the_status_says_what_failed_and_what_waits(measured: Project, tmp_path: Path, page: Page) -> None:
    own = measured.copy(tmp_path)
    place, waits = own.results[0].parent, "a" * 40
    line = {"commit": waits, "at": "2026-11-20T10:00:00+00:00", "error": f"Traceback\nImportError: {EVIL}"}
    (place / f"{waits[:8]}.failures").write_text(f"{json.dumps(line)}\nrubbish\n")
    listed = [own.git("rev-parse", "HEAD"), waits]
    said = {"commit": waits, "benchmark": "handlers.Hello.track_hops", "cell": 1, "said": [["a", 1], ["b", None]]}
    others = [{**said, "cell": 999}, {**said, "benchmark": "handlers.Gone.track_hops"}, {**said, "said": [["a", 1]]}]
    (place / f"{waits[:8]}.disputes").write_text("".join(json.dumps(each) + "\n" for each in [said, *others]))
    (own.folder / "results/commits.txt").write_text("".join(f"{commit}  # why\n" for commit in listed))
    stored = json.loads(own.results[0].read_text())
    stored["results"]["handlers.Hello.track_hops"][0][0] = None
    own.results[0].write_text(json.dumps(stored))
    left_out = re.findall(rf"^Left out: \S+{waits[:8]}\.\S+ (.*?): ", own.alone().stderr, re.MULTILINE)
    assert sorted(left_out) == ["no dispute", "no failure"]
    with served(own.html) as address:
        page.goto(f"{address}changes.html")
        page.get_by_role("link", name="1 count", exact=True).click()
        page.wait_for_url("**/status.html#disputed")
        page.goto(address)
        page.get_by_role("link", name="What was measured when").click()
        page.wait_for_url("**/status.html")
        said = page.locator("main").inner_text()
    assert f"2026-11-20 {waits[:10]}: ImportError: {EVIL}" in said
    assert "1 of the listed commits have no result" in said
    assert f"{waits[:10]} why" in said
    assert f"{waits[:10]} handlers.Hello WSGI, async, hops: 1 by a, n/a by b" in said
    assert "handlers.Hello\t1\t" in said
    assert "rubbish" not in said


def test_no_results_are_said(measured: Project, tmp_path: Path, page: Page) -> None:
    own = measured.copy(tmp_path)
    for path in own.results:
        path.write_text("{")
    assert own.alone().stderr.count("Left out") == 2
    with served(own.html) as address:
        page.goto(address)
        assert "Nothing has been measured yet" in page.locator("main").inner_text()
    (own.folder / "results/benchmarks.json").write_text("{")
    assert "benchmarks.json cannot be read" in own.alone(status=1).stderr


def test_many_results_make_no_heavy_overview(tmp_path: Path, page: Page) -> None:
    generated.write(tmp_path, 300, 40)
    project = Project(tmp_path)
    project.publish()
    with served(project.html) as address:
        complaints = watch(page, address)
        page.goto(address)
        assert page.locator("canvas").count() == 8
        page.goto(address + "changes.html")
        assert page.locator(".entry").count() >= 3
        assert complaints == []
    assert (project.html / "index.html").stat().st_size < 200_000


def test_a_commit_of_no_branch_is_not_the_newest(small: Project, tmp_path: Path) -> None:
    own = small.copy(tmp_path)
    newest = own.git("rev-parse", "main")
    for stranger in ("f" * 40, own.git("commit-tree", "-p", "main", "-m", "a try", "main^{tree}")):
        path = next(path for path in own.results if path.name.startswith(newest[:8]))
        later = {"commit_hash": stranger, "date": 4_000_000_000_000}
        document = json.loads(path.read_text()) | later
        document["results"]["handlers.Hello.track_hops"][0] = [99, 99, 99, 99]
        path.with_name(f"{stranger[:8]}-existing-py.json").write_text(json.dumps(document))
    done = console(own)
    assert done.stderr.count("Left out") == 1
    for said in (done.stderr, own.alone().stderr):
        assert "ffffffffff" in said
        assert stranger[:10] in said
        for page in ("index.html", "changes.html", "changes.xml"):
            assert stranger[:10] not in (own.html / page).read_text()
        assert newest[:10] in (own.html / "index.html").read_text()
