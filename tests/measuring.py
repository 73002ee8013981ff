"""Runs ``make measure`` with few benchmarks on a few releases, and reads what it stored."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

PATTERN, CELLS = r"^handlers\.Hello\.track_(hops|sync_to_async)$", 8
"""The benchmarks that the tests measure, and how many figures of a commit they are."""


def command(results: Path, releases: Path, commits: Path, *arguments: str) -> list[str]:
    options = ["--results", str(results), "--django", str(releases), "--commits", str(commits), "--anchor", "main"]
    return [sys.executable, "-m", "tools", "measure", "--benchmarks", PATTERN, *options, *arguments]


def measure(*arguments: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=300)


def results_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*/????????-*.json"))]


def counts(folder: Path) -> dict[tuple[str, str, int], float]:
    """Return each figure by commit, benchmark and cell."""
    return {
        (result["commit_hash"], name, index): value
        for result in results_in(folder)
        for name, row in result["results"].items()
        for index, value in enumerate(row[0])
    }


def commits_of(releases: Path) -> list[str]:
    listed = subprocess.check_output(["git", "-C", releases, "rev-list", "main"], text=True)
    return listed.split()
