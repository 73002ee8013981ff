"""The Makefile sets up what its targets need: by several at once, and where the system refuses."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

# In the order of the alphabet, as the Makefile names them.
(SYSTEM_PROGRAMS,) = re.findall(r"^SYSTEM_PROGRAMS := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

# What installs refuses a second of its kind at the same time, and measures once it is installed.
PYTHON = f"""#!/bin/sh
case "$*" in
"-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
"-m pip install "*" --group "*) mkdir installing && sleep 0.5 && rmdir installing && echo "$8" >> installed ;;
"-m pip "*) ;;
"-m tools bench "*) echo measured ;;
*) exec {sys.executable} "$@" ;;
esac
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with the Makefile and what it calls before anything is installed."""
    for name in ("Makefile", "pyproject.toml", "tools/files.py", ".ci/locks/tools.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def script(path: Path, source: str) -> None:
    path.write_text(source)
    path.chmod(0o755)


def test_two_that_set_up_at_once_set_up_once(root: Path) -> None:
    script(root / "python", PYTHON)
    command = ["make", "bench", "PYTHON=./python"]
    environment = {"PATH": os.environ["PATH"]}  # without what a make that runs the tests hands on
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    runs = [subprocess.Popen(command, cwd=root, env=environment, **pipes) for _ in "12"]
    output = [run.communicate(timeout=60)[0].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], output
    assert [text.splitlines()[-1] for text in output] == ["measured", "measured"]
    assert "".join(output).count("Setting up .venv for bench") == 1
    assert (root / "installed").read_text() == "bench\n"


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        (
            "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "a package is not the one that .ci/locks",
        ),
        ("Could not find a version that satisfies the requirement", "check network and package index"),
    ],
)
def test_what_could_not_be_installed_is_said_with_its_remedy(root: Path, said: str, advice: str) -> None:
    fails = f'"-m pip install "*" --group "*) echo "ERROR: {said}"; echo digests; exit 1 ;;\n'
    script(root / "python", PYTHON.replace('"-m pip install', fails + '"-m pip install', 1))
    command = ["make", "bench", "PYTHON=./python"]
    done = subprocess.run(command, cwd=root, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    assert done.returncode == 2
    first, second, *_ = done.stderr.splitlines()
    assert first == f"ERROR: {said}"
    assert second.startswith(f"The tools could not be installed (.venv/pip.log): {advice}")


def test_hooks_have_git_run_what_ci_runs_before_a_commit(root: Path) -> None:
    shutil.copytree(ROOT / ".ci" / "hooks", root / ".ci" / "hooks")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@localhost"]
    subprocess.run([*git, "init", "--quiet"], cwd=root, check=True)
    subprocess.run(["make", "hooks"], cwd=root, check=True)
    commit = [*git, "commit", "--quiet", "--allow-empty", "--message", "a"]
    for status in (1, 0):
        (root / "Makefile").write_text(f"lint:\n\t@echo linted >&2; exit {status}\n")
        done = subprocess.run(commit, cwd=root, capture_output=True, text=True)
        assert (done.returncode, "linted" in done.stderr) == (status, True)


INTERRUPTED = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem."


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder for PATH with what the Makefile calls, as root sees it, and none of the system's programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("make", "sh", "tail"):
        (folder / name).symlink_to(str(shutil.which(name)))
    script(folder / "id", "#!/bin/sh\necho 0\n")
    return folder


def system(root: Path, bare: Path) -> str:
    """Return what ``make system`` says, having checked that it does not fail."""
    command = ["make", "system", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=root, env={"PATH": str(bare)}, capture_output=True, text=True)
    assert done.returncode == 0
    return done.stderr + done.stdout


def test_apt_says_itself_why_it_fails(root: Path, bare: Path) -> None:
    script(bare / "apt-get", f'#!/bin/sh\necho Reading\necho "{INTERRUPTED}" >&2\nexit 100\n')
    said = system(root, bare)
    why = f"apt-get says: {INTERRUPTED}"
    assert said == f"Not installed: {SYSTEM_PROGRAMS} ({why}). The tests that need them will skip.\n"


def test_what_apt_installs_is_not_spoken_of(root: Path, bare: Path) -> None:
    script(bare / "apt-get", f'#!/bin/sh\necho "$@" >> {root}/asked\n')
    *missing, there = SYSTEM_PROGRAMS.split()
    script(bare / there, "#!/bin/sh\n")
    assert system(root, bare) == ""
    asked = (root / "asked").read_text().splitlines()[-1]
    assert asked.endswith(f" install -y --no-install-recommends {' '.join(missing)}")


def test_where_there_is_no_apt(root: Path, bare: Path) -> None:
    assert f"Not installed: {SYSTEM_PROGRAMS} (this is not root on Debian)." in system(root, bare)
