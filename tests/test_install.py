"""The link by which a checkout is in its environment: read in any locale, wherever it lies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
@pytest.mark.parametrize("name", ["a folder", "é", "it's"])
def test_a_checkout_is_imported_in_any_locale(tmp_path: Path, name: str, locale: str) -> None:
    checkout = tmp_path / name / "checkout"
    (checkout / "thing").mkdir(parents=True)
    (checkout / "thing/__init__.py").touch()
    environment = tmp_path / name / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin/python"
    env = {"PATH": os.defpath, "LC_ALL": locale}
    installed = subprocess.run([python, ROOT / "harness/install.py", checkout, "thing"], env=env, check=False)
    assert installed.returncode == 0
    for read_in in ("C", "C.UTF-8"):
        program = "import thing; print(ascii(thing.__file__))"
        found = subprocess.check_output([python, "-c", program], env=env | {"LC_ALL": read_in})
        assert found.decode().strip() == ascii(str(checkout / "thing/__init__.py"))


def test_make_calls_what_is_in_its_folder() -> None:
    done = subprocess.run(
        ["make", "--assume-old=.venv/bench", "site", "CONFIG=nowhere.json"],
        cwd=ROOT,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No module named" not in done.stderr
    assert "nowhere.json" in done.stderr
