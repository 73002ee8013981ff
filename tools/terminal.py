"""What people see of a command as it runs: its progress, and one line for each error that they can cause and mend.

Subjects, names and errors are text of strangers: none of it is markup.
"""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TypeVar

import click
from asv.util import UserError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

T = TypeVar("T", int, float)


class Problem(click.ClickException):
    """What a user can cause: the message says what is wrong, and what to do. The command ends with status 1."""


class CannotMeasure(Problem):
    """What is asked for could not be measured: the command ends with status 2."""

    exit_code = 2


class SameCode(CannotMeasure):
    """Both sides of a comparison hold the same code."""


class NoCounter(CannotMeasure):
    """This machine has nothing that counts instructions."""


@contextlib.contextmanager
def cannot_measure() -> Iterator[None]:
    """Turn what keeps from measuring into CannotMeasure, hence status 2."""
    try:
        yield
    except CannotMeasure:
        raise
    except (click.ClickException, OSError) as problem:
        raise CannotMeasure(str(problem)) from problem
    except KeyboardInterrupt as problem:
        raise CannotMeasure("interrupted; nothing is kept, and nothing is left behind") from problem


def status_of(command: Callable[[], int | None]) -> int:
    """Run a command; return its exit status. Whatever a user can cause ends in one line."""
    # What ends the tool ends what the tool started, by the way that Ctrl-C goes. That way is closed to a job that a
    # shell starts in the background, and to all that the job starts.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return command() or 0
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except (UserError, OSError) as problem:
        click.echo(f"Error: {problem}", err=True)
        return 1
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted: what was measured is kept; the same command goes on from there.", err=True)
        return 130


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def console(**options: Any) -> Console:
    """Return a console that prints what it is given, letter by letter: no markup, no codes of emoji, no colours."""
    return Console(highlight=False, markup=False, emoji=False, **options)


def printable(words: object) -> str:
    """Return a text without what could steer a terminal, or a workflow's log."""
    return "".join(character if character.isprintable() else "?" for character in str(words))


def progress() -> Progress:
    """Return a bar on standard error that goes when it is done."""
    columns = (
        TextColumn("{task.description:12}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console(stderr=True), transient=True)


def numbers(words: str, kind: type[T]) -> list[T]:
    """Return the numbers in a text. Raises Problem where one is none, or not above 0."""
    try:
        found = [kind(word) for word in words.split()]
    except ValueError as problem:
        raise Problem(f"not a number: {words}") from problem
    if any(number <= 0 for number in found):
        raise Problem(f"not above 0: {words}")
    return found
