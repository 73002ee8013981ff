"""The branch that results are pushed to, however many push at once: who comes second merges again."""

import shutil
from pathlib import Path

import click

from harness.kept import temporary_folder
from tools.history.merge import merge
from tools.history.repository import DJANGO, Repository, git, repository
from tools.history.store import RESULTS
from tools.terminal import Problem

TRIES = 10
"""How often another push may come first."""

AUTHOR = ("-c", "user.name=results", "-c", "user.email=results@localhost")


def pushed(remote: str, branch: str, shards: Path, repository: Repository) -> list[str]:
    """Merge the folders in ``shards`` into results/ of a branch of ``remote``; return the files that were refused.

    The branch is made if it is not there. Raises Problem where it cannot be read or pushed.
    """
    for _ in range(TRIES):
        with temporary_folder("results-") as folder:
            checkout(remote, branch, folder)
            refused = merge(shards, folder / "results", repository)
            if not commit(folder) or push(folder, branch):
                return refused
            click.echo(f"another push to {branch} came first: merging again")
    raise Problem(f"{branch} could not be pushed: {TRIES} times another push came first")


def fetched(remote: str, branch: str, results: Path) -> None:
    """Put the results of a branch beside those in a folder."""
    with temporary_folder("results-") as folder:
        if not checkout(remote, branch, folder):
            click.echo(f"{remote} has no branch {branch} yet")
            return
        shutil.copytree(folder / "results", results, dirs_exist_ok=True)


def checkout(remote: str, branch: str, folder: str) -> bool:
    """Check a branch out alone, or begin it; tell whether it was there."""
    address = git("remote", "get-url", remote) if remote in git("remote").split() else remote
    git("init", "--quiet", "--initial-branch", branch, folder)
    git("-C", folder, "remote", "add", "origin", address)
    there = bool(git("-C", folder, "ls-remote", "--heads", "origin", f"refs/heads/{branch}"))
    if there:
        git("-C", folder, "fetch", "--quiet", "--depth=1", "origin", f"refs/heads/{branch}")
        git("-C", folder, "reset", "--quiet", "--hard", "FETCH_HEAD")
    return there


def commit(folder: str) -> bool:
    """Commit what is new; tell whether anything is."""
    git("-C", folder, "add", "--all", "results")
    new = git("-C", folder, "diff", "--cached", "--name-only").splitlines()
    if new:
        git("-C", folder, *AUTHOR, "commit", "--quiet", "--message", f"Add results: {len(new)} files")
    return bool(new)


def push(folder: str, branch: str) -> bool:
    """Push without force; tell whether no other push came between."""
    try:
        git("-C", folder, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
    except click.ClickException as problem:
        if "rejected" in problem.message or "failed to push some refs" in problem.message or "lock" in problem.message:
            return False
        raise
    return True


@click.command("merge")
@click.argument("shards", type=click.Path(path_type=Path))
@click.option("--push", "branch", default="", help="Merge into this branch instead, and push it.")
@click.option("--remote", default="origin", show_default=True, help="Where that branch is.")
@RESULTS
@DJANGO
def merge_command(shards: Path, results: Path, django: Path | None, branch: str, remote: str) -> int:
    """Merge the folders of results in the folder SHARDS, each file once it was looked at.

    Ends with status 1 where a file was refused; all others are merged.
    """
    source = repository(django)
    refused = pushed(remote, branch, shards, source) if branch else merge(shards, results, source)
    return 1 if refused else 0


@click.command("results")
@click.option("--remote", default="origin", show_default=True, help="Where the branch is.")
@click.option("--branch", default="results", show_default=True)
@RESULTS
def results_command(remote: str, branch: str, results: Path) -> None:
    """Get the results that merges have pushed, beside those that are here."""
    fetched(remote, branch, results)
