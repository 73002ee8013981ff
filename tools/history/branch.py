"""The branch that results are pushed to, however many push at once: who comes second merges again."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import TextIO

import click

from harness.kept import temporary_folder
from tools import git
from tools.history.asked import Asked, ask
from tools.history.merge import folders, merge
from tools.history.repository import DJANGO, repository
from tools.history.store import RESULTS
from tools.terminal import Problem

TRIES = 10
"""How often another push may come first."""


def push_results(remote: str, branch: str, shards: Path, asked: Asked) -> list[str]:
    """Merge the folders in ``shards`` into results/ of a branch of ``remote``; return the files that were refused.

    The branch is made if it is not there. Raises Problem where it cannot be read or pushed.
    """
    for _ in range(TRIES):
        with temporary_folder("results-") as folder:
            checkout(remote, branch, folder)
            refused = merge(shards, folder / "results", asked)
            if not commit(folder) or push(folder, branch):
                return refused
            click.echo(f"another push to {branch} came first: merging again")
    raise Problem(f"{branch} could not be pushed: {TRIES} times another push came first")


def bundle_results(remote: str, branch: str, shards: Path, asked: Asked, bundle: Path) -> list[str]:
    """Merge in the same way, and leave what is new of the branch in a file of git's, for ``make push``."""
    with temporary_folder("results-") as folder:
        known = ["^FETCH_HEAD"] if checkout(remote, branch, folder) else []
        refused = merge(shards, folder / "results", asked)
        if commit(folder):
            git.text(folder, "bundle", "create", "--quiet", str(bundle.resolve()), "HEAD", *known)
    return refused


def fetch_results(remote: str, branch: str, results: Path) -> None:
    """Put the results of a branch beside those in a folder."""
    with temporary_folder("results-") as folder:
        if not checkout(remote, branch, folder):
            click.echo(f"{remote} has no branch {branch} yet")
            return
        shutil.copytree(folder / "results", results, dirs_exist_ok=True)


def checkout(remote: str, branch: str, folder: Path) -> bool:
    """Check a branch out alone, or begin it; tell whether it was there."""
    git.create(folder, branch, bare=False)
    git.text(folder, "remote", "add", "origin", address(remote))
    there = bool(git.text(folder, "ls-remote", "--heads", "origin", f"refs/heads/{branch}"))
    if there:
        git.text(folder, "fetch", "--quiet", "--depth=1", "origin", f"refs/heads/{branch}")
        git.text(folder, "reset", "--quiet", "--hard", "FETCH_HEAD")
    return there


def address(remote: str) -> str:
    """Return where a remote of this repository is, or what is an address itself."""
    try:
        return git.text(Path(), "remote", "get-url", remote)
    except git.GitFailed:
        return remote


def commit(folder: Path) -> bool:
    """Commit what is new; tell whether anything is. Raises Problem where git has not taken all of it."""
    if not (folder / "results").is_dir():
        return False
    git.text(folder, "add", "--all", "--force", "results")  # --force takes what git ignores too
    if taken := differing(folder):
        raise Problem(f"git did not take {len(taken)} files as they are, {taken[0]} first: nothing is pushed")
    new = git.text(folder, "diff", "--cached", "--name-only", "-z").split("\0")[:-1]
    if new:
        git.text(folder, "commit", "--quiet", "--message", f"Add results: {len(new)} files")
    return bool(new)


def differing(folder: Path) -> list[str]:
    """Return the files of results that git would not commit byte for byte, or would although they are not there."""
    entries = os.fsdecode(git.output(folder, "ls-files", "--stage", "-z", "results")).split("\0")[:-1]
    staged = {name: about.split()[1] for about, name in (entry.split("\t", 1) for entry in entries)}
    files = (path for path in (folder / "results").rglob("*") if path.is_file() or path.is_symlink())
    there = {path.relative_to(folder).as_posix(): blob(path) for path in files}
    return sorted({name for name, _ in staged.items() ^ there.items()})


def blob(path: Path) -> str:
    """Return the hash by which git knows what a file, or a symbolic link, holds."""
    content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()


def push(folder: Path, branch: str) -> bool:
    """Push without force; tell whether no other push came between.

    Raises Problem where it cannot be pushed, or is not there afterwards.
    """
    try:
        git.text(folder, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
    except git.GitFailed as problem:
        if "rejected" in problem.reason or "failed to push some refs" in problem.reason or "lock" in problem.reason:
            return False
        raise
    git.text(folder, "fetch", "--quiet", "origin", f"refs/heads/{branch}")  # others may have pushed more by now
    if not git.leads(folder, "HEAD", "FETCH_HEAD"):
        raise Problem(f"{branch} does not hold what was pushed to it: look at its remote, and merge again")
    return True


@click.command("merge")
@click.argument("shards", type=click.Path(path_type=Path))
@click.option("--commits", type=click.File(), help="The list that was measured, - to read it from standard input.")
@click.option("--anchor", default="", help="The commit by which jobs are compared. By default that of Django 6.1.")
@click.option("--machine", default="", help="Names of machines, as measure was given them.")
@click.option("--push", "branch", default="", help="Merge into this branch instead, and push it.")
@click.option("--bundle", type=click.Path(path_type=Path), help="Leave in this file what is to be pushed.")
@click.option("--remote", default="origin", show_default=True, help="Where that branch is.")
@RESULTS
@DJANGO
def merge_command(
    shards: Path,
    results: Path,
    django: Path | None,
    commits: TextIO | None,
    anchor: str,
    machine: str,
    branch: str,
    bundle: Path | None,
    remote: str,
) -> int:
    """Merge the folders of results in the folder SHARDS, each file once it was looked at.

    What is no result of a commit of the list is refused; without a list those of all commits are believed.
    Ends with status 1 where a file was refused; all others are merged.
    """
    folders(shards)  # which is looked for first, since what follows takes seconds
    asked = ask(repository(django, files=False), commits.read() if commits else None, anchor, machine)
    if bundle:
        refused = bundle_results(remote, branch or "results", shards, asked, bundle)
    else:
        refused = push_results(remote, branch, shards, asked) if branch else merge(shards, results, asked)
    return 1 if refused else 0


@click.command("results")
@click.option("--remote", default="origin", show_default=True, help="Where the branch is.")
@click.option("--branch", default="results", show_default=True)
@RESULTS
def results_command(remote: str, branch: str, results: Path) -> None:
    """Get the results that merges have pushed, beside those that are here."""
    fetch_results(remote, branch, results)
