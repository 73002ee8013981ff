"""``make milestones`` lists what tells the history, and says what is not there."""

import subprocess
import sys
from pathlib import Path

from conftest import ROOT, Checkout


def test_releases_named_commits_and_months(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "checkout")
    checkout.path.mkdir()
    checkout.git("init", "--quiet", "--initial-branch", "main")
    commits = {}
    for month in ("2019-04", "2019-05", "2019-06", "2019-09", "2019-10"):
        checkout.write("file", month)
        checkout.git("add", "file")
        date = f"{month}-15T00:00:00Z"
        command = ["git", "-c", "user.name=Test", "-c", "user.email=test@localhost", "commit", "-qm", f"In {month}"]
        subprocess.run(
            command, cwd=checkout.path, check=True, env={"GIT_COMMITTER_DATE": date, "PATH": "/usr/bin:/bin"}
        )
        commits[month] = checkout.git("rev-parse", "HEAD").strip()
    for tag in ("2.2", "3.0", "3.0.1", "3.1a1"):
        checkout.git("tag", tag, "HEAD")
    named = tmp_path / "named.csv"
    named.write_text(f"commit,subject\n{commits['2019-09']},words\n{'0' * 40},words\n")
    listed = tmp_path / "commits.txt"
    done = subprocess.run(
        [sys.executable, "-m", "tools", "milestones", "--commits", listed, "--named", named, "--django", checkout.path],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"left out: {'0' * 40}" in done.stderr
    reasons = dict(line.split("  # ", 1) for line in listed.read_text().splitlines())
    assert reasons.keys() == {commits[month] for month in ("2019-05", "2019-06", "2019-09", "2019-10")}
    assert reasons[commits["2019-05"]] == "main before 2019-06-01"
    assert reasons[commits["2019-06"]].startswith(f"before {commits['2019-09'][:10]}; main before 2019-08-01")
    assert reasons[commits["2019-10"]].startswith("release 3.0; main before 2019-12-01")
