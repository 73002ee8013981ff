"""The command lines that the documents tell people to type.

In README.md, CONTRIBUTING.md and docs/ a code block is one of command lines, unless its fence names another language.
Of code within text, what begins with a program of ``PROGRAMS`` is a command line, and in a table a setting such as
``COUNT=40`` is one with the command that it belongs to: that of its row, or else of the last block above. ``make help``
lists each target with its examples after the last colon, alternatives after "or".
"""

import inspect
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
from conftest import ROOT
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tools.__main__ import cli

PROGRAMS = {"make", "asv", "python"}
LANGUAGES = {"", "sh", "bash", "shell", "console"}
"""What the fence of a block of command lines may name."""

MARKDOWN = MarkdownIt("commonmark").enable("table")


class Command(NamedTuple):
    """A command line, and where it is written."""

    where: str
    line: str


def documented() -> list[Command]:
    """Return each command line once, where it is written first."""
    found = [command for path in documents() for command in in_markdown(path.name, path.read_text())]
    found += in_make_help()
    for name, command in cli.commands.items():
        texts = [command.help, *(each.help for each in command.params if isinstance(each, click.Option))]
        found += [each for text in texts for each in in_markdown(f"{name} --help", inspect.cleandoc(text or ""))]
    lines: dict[tuple[str, ...], Command] = {}
    for command in found:
        lines.setdefault(tuple(shlex.split(command.line)), command)
    return list(lines.values())


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def in_markdown(where: str, text: str) -> Iterator[Command]:
    """Yield the command lines of a document, in order."""
    base = its = ""
    row = False
    for token in MARKDOWN.parse(text):
        if token.type in ("fence", "code_block") and token.info.strip() in LANGUAGES:
            for line in lines_of(token.content):
                yield Command(where, line)
                base = line
        elif token.type == "heading_open":
            base = its = ""
        elif token.type in ("tr_open", "tr_close"):
            row, its = token.type == "tr_open", base
        elif token.type == "inline":
            for code in codes(token):
                if is_command(code):
                    its = code
                    if not is_name(code):
                        yield Command(where, code)
                elif row and its and is_setting(code):
                    yield Command(where, f"{its} {code}")


def codes(token: Token) -> Iterator[str]:
    return (each.content for each in token.children or () if each.type == "code_inline")


def lines_of(block: str) -> Iterator[str]:
    """Yield the lines of a block, those joined that a backslash continues, without comments."""
    for line in block.replace("\\\n", " ").splitlines():
        if words := shlex.split(line, comments=True):
            while shlex.split(line) != words:
                line = line[: line.rindex("#")]
            yield line.strip()


def is_command(code: str) -> bool:
    words = [word for word in code.split() if not is_setting(word)]
    return bool(words) and Path(words[0]).name in PROGRAMS


def is_name(code: str) -> bool:
    """Tell whether this names a program or a target, in a sentence, and is no line to type."""
    program, *words = code.split()
    return not words or (program == "make" and len(words) == 1)


def is_setting(code: str) -> bool:
    return re.match(r"[A-Z_]+=", code) is not None


def in_make_help() -> Iterator[Command]:
    listed = subprocess.check_output(["make", "--no-print-directory", "help"], cwd=ROOT, text=True)
    for line in listed.splitlines():
        target, text = line.split(maxsplit=1)
        examples = text.rpartition(": ")[2] if ": " in text else ""
        for example in examples.split(", or "):
            words = [word.rstrip(",") for word in shlex.split(example) if re.match(r"[A-Z_]+=[^,]", word)]
            yield Command("make help", " ".join(["make", target, *map(quoted, words)]))


def quoted(setting: str) -> str:
    name, _, value = setting.partition("=")
    return f"{name}={shlex.quote(value)}"
