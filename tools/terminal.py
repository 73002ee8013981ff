"""What people see of a command as it runs. Subjects, names and errors are text of strangers: none of it is markup."""

from typing import Any

from rich.console import Console


def console(**options: Any) -> Console:
    """Return a console that prints what it is given, letter by letter: no markup, no codes of emoji, no colours."""
    return Console(highlight=False, markup=False, emoji=False, **options)


def printable(words: object) -> str:
    """Return a text without what could steer a terminal, or a workflow's log."""
    return "".join(character if character.isprintable() else "?" for character in str(words))
