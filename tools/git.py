"""git, as all tools call it: the user's settings say how a remote is reached, and nothing else.

A setting of the user's may sign, run hooks, rewrite line ends, colour or skip files: each has broken a tool, or had it
store something else than what it was given. So none is taken over but those of ``TAKEN``, and ``SETTINGS`` stand above
those of a repository itself. Variables of the environment are settings too: GIT_CONFIG_COUNT counts as the user's.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import IO

import click

from tools.terminal import printable

TAKEN = re.compile(
    r"(credential|http|url|ssh)\..*"  # how a remote is reached
    r"|core\.(askpass|gitproxy|sshcommand)"
    r"|safe\.directory"  # which repositories of others may be read
    r"|core\.excludesfile",  # what of a working tree is no part of it
    re.IGNORECASE | re.DOTALL,
)

VARIABLES = re.compile(r"(?!GIT_).*|GIT_(ASKPASS|DISCOVERY_.*|EXEC_PATH|HTTP_.*|PROXY_.*|SSH.*|SSL_.*)", re.DOTALL)
"""The variables of the environment that are taken over: of git's own those that say the same."""

SETTINGS = {
    "user.name": "results",
    "user.email": "results@localhost",
    "commit.gpgsign": "false",
    "push.gpgsign": "false",
    "core.hookspath": os.devnull,
    "core.fsmonitor": "false",  # a program of the user's, or one that goes on running
    "core.attributesfile": os.devnull,
    "core.autocrlf": "false",
    "core.eol": "lf",
    "color.ui": "false",
    "log.showsignature": "false",
    "i18n.commitencoding": "UTF-8",
    "i18n.logoutputencoding": "UTF-8",
    "gc.autodetach": "false",  # what git starts ends with it
    "maintenance.autodetach": "false",
}


TOKEN = '!f() { echo username=x-access-token; echo "password=$GITHUB_TOKEN"; }; f'
"""A helper by which git reads the token that a step of a workflow was given."""


class GitFailed(click.ClickException):
    """git failed, for ``reason``."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"git: {reason}")
        self.reason = reason


def output(folder: Path, *arguments: str, stdin: bytes | IO[bytes] = b"") -> bytes:
    """Return what git prints in a folder. Raises GitFailed with git's own reason, OSError where there is no git."""
    return _run(["-C", str(folder), *arguments], environment(), stdin)


def text(folder: Path, *arguments: str, stdin: bytes | IO[bytes] = b"") -> str:
    """Return the same as text, whatever its encoding, without the white space at its ends."""
    return output(folder, *arguments, stdin=stdin).decode(errors="replace").strip()


def found(folder: Path, revision: str) -> str:
    """Return the hash of the commit that a hash, a tag or a branch names, "" where there is none."""
    try:
        return text(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
    except GitFailed:
        return ""


def leads(folder: Path, older: str, newer: str) -> bool:
    """Tell whether a commit is an ancestor of another, or the same."""
    try:
        output(folder, "merge-base", "--is-ancestor", older, newer)
    except GitFailed:
        return False
    return True


def describe(folder: Path, commit: str) -> str:
    """Return a commit's short hash, date and subject."""
    return printable(text(folder, "log", "-1", "--format=%h %cs %s", "--abbrev=10", commit))


def create(folder: Path, branch: str = "main", bare: bool = True) -> None:
    """Make a repository, unless it is there."""
    # Named, since the defaults of git change: sha256 would change every hash.
    options = ["--template=", f"--initial-branch={branch}", "--object-format=sha1", *(["--bare"] if bare else [])]
    output(Path(), "init", "--quiet", *options, str(folder))


def environment() -> dict[str, str]:
    """Return the environment that git runs in."""
    return {
        **{name: value for name, value in os.environ.items() if VARIABLES.fullmatch(name)},
        **configured([*taken(), *token(), *SETTINGS.items()]),
        "GIT_OPTIONAL_LOCKS": "0",  # the index of a user's checkout stays as it is
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def settings_of_others() -> dict[str, str]:
    """Return git's variables for a program that calls it on this machine alone, and is told of no credentials."""
    readable = [(name, value) for name, value in taken() if name == "safe.directory"]
    return configured([*readable, *SETTINGS.items()])


def configured(settings: list[tuple[str, str]]) -> dict[str, str]:
    """Return the variables by which git has these settings, and no others but a repository's own."""
    return {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": str(len(settings)),
        **{f"GIT_CONFIG_KEY_{number}": name for number, (name, _) in enumerate(settings)},
        **{f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in enumerate(settings)},
    }


def taken() -> list[tuple[str, str]]:
    """Return the settings of the user's that are taken over, in git's order: of a name given twice, both count."""
    own = {name: value for name, value in os.environ.items() if re.match(r"GIT_CONFIG_|(?!GIT_)", name)}
    # Without a repository: what one of them sets is git's to read.
    listed = _run(["config", "--list", "-z"], {**own, "GIT_DIR": os.devnull, "LC_ALL": "C"}).decode(
        errors="surrogateescape"
    )
    settings = (line.partition("\n") for line in os.fsdecode(listed).split("\0") if line)
    return [(name, value if is_set else "true") for name, is_set, value in settings if TAKEN.fullmatch(name)]


def token() -> list[tuple[str, str]]:
    """Return the setting by which git tells a workflow's own server its token, and no other; none elsewhere."""
    server = os.environ.get("GITHUB_SERVER_URL")
    return [(f"credential.{server}.helper", TOKEN)] if server and "GITHUB_TOKEN" in os.environ else []


def _run(arguments: list[str], environment: dict[str, str], stdin: bytes | IO[bytes] = b"") -> bytes:
    done = subprocess.run(
        ["git", *arguments],
        capture_output=True,
        env=environment,
        input=stdin if isinstance(stdin, bytes) else None,
        stdin=None if isinstance(stdin, bytes) else stdin,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace")
        reasons = re.findall(r"^(?:fatal|error): (.*)", said, re.MULTILINE) or said.splitlines()
        raise GitFailed(reasons[0] if reasons else f"{arguments} failed")
    written: bytes = done.stdout
    return written
