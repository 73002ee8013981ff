"""What the tests share: a copy of the suite in which anything may be changed, and single benchmarks run in it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM_FLAGS
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]

RUN = "import sys; from asv_runner.run import _run; _run((*sys.argv[1:3], '{}', 'None', sys.argv[3]))"
DISCOVER = "import sys; from asv_runner.discovery import _discover; _discover(sys.argv[1:3])"


@dataclass
class Suite:
    """A copy of the measured project, the harness and the benchmarks."""

    root: Path

    def change(self, file: str, old: str, new: str) -> None:
        """Replace ``old``, which must be there, in a file of the copy."""
        path = self.root / file
        source = path.read_text()
        assert old in source, f"{file} does not hold {old!r}"
        path.write_text(source.replace(old, new))

    def write(self, file: str, source: str) -> None:
        (self.root / file).write_text(source)

    def run(self, benchmark: str) -> Any:
        """Run one benchmark as asv does, in a process of its own, and return what asv would store.

        Raises AssertionError with what the process printed where asv would store nothing.
        """
        output = self.root / "result.json"
        output.unlink(missing_ok=True)
        done = self._python(RUN, benchmark, output)
        assert done.returncode == 0, done.stderr
        return json.loads(output.read_text())

    def discover(self) -> dict[str, dict[str, Any]]:
        """Return the benchmarks that asv finds, by name. Raises AssertionError where discovery fails."""
        output = self.root / "benchmarks.json"
        done = self._python(DISCOVER, output)
        assert done.returncode == 0, done.stderr
        return {benchmark["name"]: benchmark for benchmark in json.loads(output.read_text())}

    def execute(self, program: str) -> None:
        """Run a program in the copy. Raises AssertionError with what it printed where it fails."""
        done = self._python(program)
        assert done.returncode == 0, done.stderr

    def _python(self, program: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, self.root / "benchmarks", *arguments]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=120)


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    for folder in ("benchproject", "harness", "benchmarks"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return Suite(tmp_path)


@pytest.fixture
def chromium() -> str:
    """The path of Chromium; a skip where it is missing, a failure there in CI."""
    if path := shutil.which("chromium"):
        return path
    missing = "chromium is missing: apt-get update && apt-get install -y chromium"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    """A page of a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser.new_page(viewport={"width": 1200, "height": 800})
        browser.close()
