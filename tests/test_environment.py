"""What a commit leaves in asv's environment is found, and its checkout is made that of the next."""

import os
from pathlib import Path

import pytest
from generated import history

from tools import git
from tools.history import environment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as asv's: an environment with a package, and a checkout of a commit with two files."""
    repository, folder = tmp_path / "django", tmp_path / "env"
    git.create(repository, bare=False)
    for name in ("one", "two"):
        (repository / f"{name}.py").write_text("as committed")
    git.text(repository, "add", "--all")
    git.text(repository, "commit", "--quiet", "--message", "one")
    site = folder / "hash/lib/python3.12/site-packages"
    site.mkdir(parents=True)
    (site / "package.py").write_text("as installed")
    git.text(tmp_path, "clone", "--quiet", "--shared", str(repository), str(folder / "hash/project"))
    environment.remember(folder)
    return folder


def check_out(folder: Path) -> dict[str, str]:
    """Do as asv does, and return what the checkout holds then."""
    project = folder / "hash/project"
    git.text(project, "checkout", "--force", "HEAD")
    git.text(project, "clean", "-fdx")
    paths = (path for path in project.rglob("*") if path.is_file() and project / ".git" not in path.parents)
    return {path.relative_to(project).as_posix(): path.read_text(errors="replace") for path in paths}


def other_repository(project: Path) -> None:
    (project / "django/__pycache__").mkdir(parents=True)
    (project / "django/__pycache__/one.pyc").write_text("planted")
    history(project / "django/__pycache__/.git", 1)


def edited(project: Path, *options: str) -> None:
    """Edit a file so that its size and its time of modification stay."""
    path = project / "one.py"
    before = path.stat()
    path.write_text("as planted!!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    if options:
        git.text(project, "update-index", *options, "one.py")


ATTACKS = {
    "an edited file": edited,
    "one that git is told to skip": lambda project: edited(project, "--skip-worktree"),
    "one that git is told is unchanged": lambda project: edited(project, "--assume-unchanged"),
    "another file": lambda project: (project / "more.py").write_text("planted"),
    "bytecode in another repository": other_repository,
    "a filter": lambda project: (
        (project / ".git/info").mkdir(exist_ok=True),
        (project / ".git/info/attributes").write_text("* filter=planted\n"),
        git.text(project, "config", "filter.planted.smudge", "tr a-z A-Z"),
        (project / "two.py").unlink(),
    ),
}


GET_THROUGH = ("one that git is told to skip", "bytecode in another repository", "a filter")
"""Those that git by itself does not undo."""


@pytest.mark.parametrize("name", ATTACKS)
def test_the_next_checkout_is_that_of_its_commit(name: str, folder: Path) -> None:
    ATTACKS[name](folder / "hash/project")
    assert environment.changed(folder) == []
    environment.forget_commit(folder)
    assert check_out(folder) == {"one.py": "as committed", "two.py": "as committed"}


@pytest.mark.parametrize("name", GET_THROUGH)
def test_without_that_it_is_not(name: str, folder: Path) -> None:
    ATTACKS[name](folder / "hash/project")
    assert check_out(folder) != {"one.py": "as committed", "two.py": "as committed"}


def test_what_asv_keeps_of_a_commit_is_removed(folder: Path) -> None:
    for name in (
        "asv-build-cache/a/b",
        "asv-install-status.json",
        "lib/python3.12/site-packages/measured-checkout.pth",
    ):
        (folder / "hash" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "hash" / name).write_text("planted")
    assert environment.changed(folder) == []
    environment.forget_commit(folder)
    assert sorted(path.name for path in (folder / "hash").iterdir()) == ["lib", "project"]


def package(site: Path) -> Path:
    return site / "package.py"


CHANGES = {
    "edited": lambda site: package(site).write_text("as planted!!"),
    "executable": lambda site: package(site).chmod(0o777),
    "removed": lambda site: package(site).unlink(),
    "a link": lambda site: (
        package(site).rename(site.parent / "package.py"),
        package(site).symlink_to("../package.py"),
    ),
    "a folder that is a link": lambda site: (site / "more").symlink_to("/etc"),
    "bytecode": lambda site: ((site / "__pycache__").mkdir(), (site / "__pycache__/package.pyc").write_text("planted")),
    "a link to a checkout of another name": lambda site: (site / "other.pth").write_text("import os"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_what_is_installed_is_found(name: str, folder: Path) -> None:
    assert environment.changed(folder) == []
    CHANGES[name](folder / "hash/lib/python3.12/site-packages")
    assert environment.changed(folder) != []


def test_environments_side_by_side_have_checkouts_of_their_own(folder: Path, tmp_path: Path) -> None:
    """As those of another Python, or of asgiref beside Django."""
    history(tmp_path / "asgiref", 1)
    git.text(tmp_path, "clone", "--quiet", str(tmp_path / "asgiref"), str(folder / "other/project"))
    environment.remember(folder)
    environment.forget_commit(folder)
    assert check_out(folder) == {"one.py": "as committed", "two.py": "as committed"}
    assert git.text(folder / "other/project", "log", "--format=%s") == "Change 0"


def test_of_an_environment_that_was_never_looked_at_nothing_is_believed(folder: Path) -> None:
    folder.with_name("environment.json").unlink()
    assert environment.changed(folder) == ["hash/lib/python3.12/site-packages/package.py"]
