"""The page of asgiref's releases says what is stored of them, and finds their steps from that alone."""

import contextlib
import json
import shutil
from pathlib import Path

import generated
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import CHROMIUM_FLAGS
from conftest import ROOT, program
from playwright.sync_api import sync_playwright

from tools.site import asgiref, command, results
from tools.site.asgiref import History, ReleaseFigures
from tools.site.site import ShownFigure

STORED = ROOT / "results"
ASGI_SYNC = "a request, ASGI, sync, without middleware"


@pytest.fixture(scope="module")
def history() -> History:
    found = asgiref.history(STORED)
    assert found is not None
    return found


def figure(history: History, version: str, group: str, name: str) -> ShownFigure:
    (row,) = (row for row in history.rows if row.commit.release == version)
    places = [number for number, column in enumerate(history.columns) if (column.group, column.name) == (group, name)]
    return row.figures[places[0]]


def test_every_release_since_3_6_is_told(history: History) -> None:
    versions = [row.commit.release for row in history.rows]
    assert (versions[0], versions[-1], len(versions)) == ("3.13.0", "3.6.0", 14)
    assert [row for row in history.rows if row.reason] == []


def test_3_12_0_starts_a_second_thread_for_each_request_under_asgi(history: History) -> None:
    threads = figure(history, "3.12.0", ASGI_SYNC, "threads")
    assert (threads.text, threads.change, threads.word) == ("2", "+1", "slower")


def test_3_13_0_takes_a_quarter_off_the_sync_path(history: History) -> None:
    group = "a request, WSGI, sync, without middleware"
    instructions = figure(history, "3.13.0", group, "instructions")
    assert (instructions.change, instructions.word) == ("-25%", "faster")
    calls = figure(history, "3.13.0", group, "Python calls")
    assert (calls.text, calls.change) == ("131", "-37")


def test_the_figures_are_those_of_the_files(history: History) -> None:
    archive = results.read(STORED / asgiref.FOLDER)
    assert archive.problems == []
    for result in archive.results:
        stored = json.loads(result.path.read_text())
        column, *_ = stored["results"]["handlers.Hello.track_python_calls"]
        (row,) = (row for row in history.rows if row.commit.hash == stored["commit_hash"])
        for name in asgiref.REQUESTS:
            shown = figure(history, row.commit.release, f"a request, {name}, without middleware", "Python calls")
            assert float(shown.text) in column


def test_a_release_without_a_result_stands_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / asgiref.FOLDER
    shutil.copytree(STORED / asgiref.FOLDER, folder)
    (path,) = folder.glob("*/1fcf7101*.json")
    failure = {"commit": json.loads(path.read_text())["commit_hash"], "at": "2026-11-20T10:00:00+00:00"}
    line = json.dumps({**failure, "error": "a line\nit does not import"})
    (path.parent / "1fcf7101.failures").write_text(f"{line}\nrubbish\n")
    path.write_text("rubbish")
    found = asgiref.history(tmp_path)
    assert found is not None
    missing: list[ReleaseFigures] = [row for row in found.rows if row.reason]
    assert [(row.commit.release, row.reason) for row in missing] == [("3.12.0", "it does not import")]
    said = capsys.readouterr().err
    assert f"Left out: {path}: " in said
    assert f"Left out: {path.with_name('1fcf7101.failures')}: no failure: " in said


def test_the_page_is_readable_by_everyone_and_not_there_without_results(tmp_path: Path) -> None:
    generated.write(tmp_path, 3, 20)
    page = tmp_path / "html/asgiref.html"
    publish(tmp_path)
    assert not page.exists()
    assert "asgiref.html" not in (tmp_path / "html/index.html").read_text()
    shutil.copytree(STORED / asgiref.FOLDER, tmp_path / "results" / asgiref.FOLDER)
    publish(tmp_path)
    assert "asgiref.html" in (tmp_path / "html/index.html").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=CHROMIUM_FLAGS)
        opened = browser.new_page(viewport={"width": 360, "height": 900})
        opened.goto(page.as_uri())
        assert opened.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert "asgiref 3.13.0, against 3.12.1" in opened.locator(".answer").inner_text()
        assert opened.locator("#asgiref tbody tr").count() == 14
        serious = [
            each for each in Axe().run(opened).response["violations"] if each["impact"] in ("serious", "critical")
        ]
        assert serious == []
        browser.close()


def publish(folder: Path) -> None:
    assert command.command.callback is not None
    with contextlib.chdir(folder):  # where the command goes, and stays
        command.command.callback(str(folder / "asv.conf.json"))
