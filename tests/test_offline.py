"""The published site works without network, or ``asv publish`` fails and says why."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from asv.util import UserError
from browser import served, wait_until_painted, watch
from playwright.sync_api import Page

from tools import offline

pytestmark = pytest.mark.xdist_group("offline")  # its fixtures take long: one worker has them all

ROOT = Path(__file__).resolve().parents[1]

BENCHMARKS = """
import os


class Build:
    params = [["list", "set"]]
    param_names = ["kind"]

    def time_build(self, kind):
        {"list": list, "set": set}[kind](range(1000))


def track_queries():
    return int(os.environ["QUERIES"])
track_queries.unit = "queries"
"""

INTRUDER = """
from pathlib import Path

from asv.publishing import OutputPublisher


class Intruder(OutputPublisher):
    order = 4

    @classmethod
    def publish(cls, conf, repo, benchmarks, graphs, revisions):
        index = Path(conf.html_dir, "index.html")
        script = '<script src="https://elsewhere.example/new.js"></script></head>'
        index.write_text(index.read_text().replace("</head>", script))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small asv project with results of three commits and this repository's ``tools``."""
    folder = tmp_path_factory.mktemp("project")
    _write_project(folder)
    asv(folder, "machine", "--yes", "--machine", "here")
    for queries in (2, 3, 4):
        commit = _commit(folder / "repo", f"QUERIES = {queries}\n")
        command = ["run", "--python=same", "--quick", "--machine", "here"]
        asv(folder, *command, "--set-commit-hash", commit, QUERIES=str(queries))
    return folder


@pytest.fixture
def own_project(project: Path, tmp_path: Path) -> Path:
    """A copy of the project that a test may spoil."""
    return shutil.copytree(project, tmp_path / "project")


@pytest.fixture
def address(project: Path) -> Iterator[str]:
    """The address at which the project's published site is served."""
    publish(project)
    with served(project / "html") as address:
        yield address


def asv(folder: Path, *arguments: str, **variables: str) -> str:
    """Run asv's own script in ``folder``, which is its home too, and return what it said."""
    result = _asv(folder, *arguments, **variables)
    assert result.returncode == 0, result.stdout
    return result.stdout


def publish(folder: Path) -> str:
    """Run a plain ``asv publish`` and return the index.html that it wrote."""
    asv(folder, "publish")
    return (folder / "html" / "index.html").read_text()


def failed_publish(folder: Path) -> str:
    """Run an ``asv publish`` that must fail and return the line in which it says why."""
    result = _asv(folder, "publish")
    assert result.returncode == 1
    assert "Traceback" not in result.stdout
    assert not (folder / "html" / "index.html").exists()
    return result.stdout.strip().splitlines()[-1]


def _asv(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    # Not `python -m asv`, which would put the folder in sys.path and so hide a bad plugin name.
    script = Path(sys.executable).with_name("asv")
    return subprocess.run(
        [script, *arguments],
        cwd=folder,
        env=os.environ | {"HOME": str(folder)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _write_project(folder: Path) -> None:
    config = {
        "version": 1,
        "project": "tiny",
        "repo": "repo",
        "branches": ["main"],
        "environment_type": "existing",
        "plugins": [".tools.offline"],
    }
    (folder / "asv.conf.json").write_text(json.dumps(config))
    (folder / "benchmarks").mkdir()
    (folder / "benchmarks" / "__init__.py").touch()
    (folder / "benchmarks" / "tiny.py").write_text(BENCHMARKS)
    (folder / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "__init__.py", folder / "tools")
    shutil.copy(ROOT / "tools" / "offline.py", folder / "tools")
    shutil.copytree(ROOT / "harness", folder / "harness")
    shutil.copytree(ROOT / "tools" / "vendor", folder / "tools" / "vendor")
    _git(folder, "init", "--quiet", "--initial-branch=main", "repo")


def _commit(repo: Path, source: str) -> str:
    (repo / "tiny.py").write_text(source)
    _git(repo, "add", "tiny.py")
    person = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
    _git(repo, *person, "commit", "--quiet", "--message", source)
    return _git(repo, "rev-parse", "HEAD")


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.check_output(["git", *arguments], cwd=folder, text=True).strip()


def test_site_works_without_another_host(page: Page, address: str, tmp_path: Path) -> None:
    complaints = watch(page, address)

    page.goto(address)
    page.locator(".benchmark-container canvas.flot-base").nth(1).wait_for()
    page.screenshot(path=tmp_path / "grid.png")

    page.locator(".benchmark-container").filter(has_text="time_build").click()
    graph = page.locator("#main-graph")
    graph.locator(".flot-y-axis .flot-tick-label").first.wait_for()
    graph.locator(".legend").get_by_text("kind-set").wait_for()
    wait_until_painted(graph.locator("canvas.flot-base"), 1000)
    page.screenshot(path=tmp_path / "graph.png")

    # By commits asv labels no tick of the x axis; by date and by parameter flot's plugins do.
    page.locator("#date-scale").click()
    graph.locator(".flot-x-axis .flot-tick-label").first.wait_for()
    page.locator("#graphdisplay-navigation a", has_text="kind").click()
    graph.locator(".flot-x-axis").get_by_text("set").wait_for()
    page.screenshot(path=tmp_path / "kinds.png")

    page.get_by_role("link", name="Benchmark list").click()
    page.locator("#summarylist-body th", has_text="Benchmark").click()
    page.locator("#summarylist-body th.sorting-desc", has_text="Benchmark").wait_for()

    page.get_by_role("link", name="Regressions").click()
    page.locator("#regressions-body").get_by_role("link", name="track_queries").first.wait_for()
    page.screenshot(path=tmp_path / "regressions.png")

    assert complaints == []


def test_publishing_twice_gives_the_same_page(project: Path) -> None:
    first = publish(project)
    assert publish(project) == first
    assert first.count('"vendor/') == 10


def test_config_is_found_from_another_folder(own_project: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    asv(elsewhere, "--config", str(own_project / "asv.conf.json"), "publish")
    assert '"vendor/' in (own_project / "html" / "index.html").read_text()


def test_every_vendored_file_is_listed_and_is_what_the_list_says() -> None:
    listed = {asset.file: asset.sha256 for asset in offline.manifest()}
    found = {
        path.relative_to(offline.VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in offline.VENDOR.glob("*/**/*")
        if path.is_file()
    }
    assert found == listed


def test_every_package_has_its_licence() -> None:
    for package in {asset.package for asset in offline.manifest()}:
        assert list((offline.VENDOR / package).glob("LICENSE*")), package


def test_a_copy_has_the_checksum_of_what_it_replaces_or_is_another_build() -> None:
    replacing = [asset for asset in offline.manifest() if asset.replaces]
    other = {asset.package for asset in replacing if not _same_bytes(asset)}
    assert other == {"flot", "stupid-table-plugin"}


def _same_bytes(asset: offline.Asset) -> bool:
    algorithm, _, expected = asset.replaces_integrity.partition("-")
    digest = hashlib.new(algorithm, (offline.VENDOR / asset.file).read_bytes()).digest()
    return base64.b64encode(digest).decode() == expected


def test_a_changed_file_is_refused(own_project: Path) -> None:
    with (own_project / "tools" / "vendor" / "flot" / "jquery.flot.js").open("a") as script:
        script.write("fetch('https://elsewhere.example');\n")
    assert "vendor/flot/jquery.flot.js has sha256" in failed_publish(own_project)


def test_a_missing_file_is_refused(own_project: Path) -> None:
    (own_project / "tools" / "vendor" / "flot" / "jquery.flot.js").unlink()
    assert "cannot read a vendored file" in failed_publish(own_project)


def test_an_asset_that_is_not_vendored_is_refused(own_project: Path) -> None:
    (own_project / "intruder.py").write_text(INTRUDER)
    config = json.loads((own_project / "asv.conf.json").read_text())
    config["plugins"] = [".intruder", ".tools.offline"]
    (own_project / "asv.conf.json").write_text(json.dumps(config))
    assert "network, for https://elsewhere.example/new.js" in failed_publish(own_project)


@pytest.mark.parametrize(
    "load",
    [
        '<link rel="stylesheet" href="//elsewhere.example/a.css">',
        '<img src="http://elsewhere.example/a.png">',
        '<script>import("https://elsewhere.example/a.js")</script>',
        "<style>@import url(https://elsewhere.example/a.css);</style>",
    ],
)
def test_every_way_to_load_is_seen(load: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(load)
    with pytest.raises(UserError, match=r"//elsewhere\.example/a\."):
        offline.localise(tmp_path)


def test_a_link_to_click_is_allowed(tmp_path: Path) -> None:
    link = '<a href="https://elsewhere.example/">there</a>'
    (tmp_path / "index.html").write_text(link)
    offline.localise(tmp_path)
    assert (tmp_path / "index.html").read_text() == link


def test_other_bytes_from_the_registry_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    vendor = shutil.copytree(offline.VENDOR, tmp_path / "vendor")
    monkeypatch.setattr(offline, "pack", lambda package, version: {"dist/jquery.min.js": b"other"})
    with pytest.raises(UserError, match=r"of [\w-]+@[\d.]+ has sha256"):
        offline.fetch(vendor)
