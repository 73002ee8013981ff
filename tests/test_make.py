"""The Makefile sets up what its targets need: by several at once, and where the system refuses."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

# What installs refuses a second of its kind at the same time, and measures once it is installed.
PYTHON = f"""#!/bin/sh
case "$*" in
"-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
"-m pip install --group "*) mkdir installing && sleep 0.5 && rmdir installing && echo "$5" >> installed ;;
"-m pip "*) ;;
"-m tools bench "*) echo measured ;;
*) exec {sys.executable} "$@" ;;
esac
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with the Makefile and what it calls before anything is installed."""
    (tmp_path / "tools").mkdir()
    for name in ("Makefile", "pyproject.toml", "tools/alone.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def script(path: Path, source: str) -> None:
    path.write_text(source)
    path.chmod(0o755)


def test_two_that_set_up_at_once_set_up_once(root: Path) -> None:
    script(root / "python", PYTHON)
    command = ["make", "bench", "PYTHON=./python"]
    runs = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in "12"]
    output = [run.communicate(timeout=60)[0].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], output
    assert [text.splitlines()[-1] for text in output] == ["measured", "measured"]
    assert "".join(output).count("Setting up .venv for bench") == 1
    assert (root / "installed").read_text() == "bench\n"
