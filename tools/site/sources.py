"""What a scenario says of itself: its docstring and its proof, read from benchmarks/ without importing Django."""

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

HOOKS = ("prove", "runs", "answer", "prove_response")
"""The methods by which a scenario proves its work."""

BASES = ("harness/cells.py",)
"""Where the scenarios' base classes are, beside benchmarks/."""


class Hook(NamedTuple):
    """A method of the proof: the class that defines it, its first docstring line, and its source."""

    owner: str
    text: str
    source: str


@dataclass(frozen=True)
class Scenario:
    """A class of benchmarks/."""

    doc: str
    proof: list[Hook]


@dataclass(frozen=True)
class Class:
    node: ast.ClassDef
    source: str


class Sources:
    """The classes of a benchmark directory. What cannot be read or parsed is as if it were not there."""

    def __init__(self, benchmarks: Path) -> None:
        self.classes: dict[str, Class] = {}
        for path in [*(benchmarks.parent / base for base in BASES), *sorted(benchmarks.glob("*.py"))]:
            for found in classes(path):
                self.classes.setdefault(found.node.name, found)
                self.classes[f"{path.stem}.{found.node.name}"] = found

    def scenario(self, name: str) -> Scenario:
        """Return what ``handlers.Hello`` says of itself; nothing where there is no such class."""
        line = list(self.ancestry(name))
        docs = (said(each.node) for each in line)
        hooks = (self.hook(line, method) for method in HOOKS)
        return Scenario(next((doc for doc in docs if doc), ""), [hook for hook in hooks if hook])

    def ancestry(self, name: str) -> Iterator[Class]:
        """Yield a class and its bases, the nearest first, as far as they are known."""
        part, _, own = name.rpartition(".")
        found = self.classes.get(name) or (self.classes.get(own) if not part else None)
        if found is None:
            return
        yield found
        for base in found.node.bases:
            text = ast.unparse(base)
            beside = f"{part}.{text}" if "." not in text else text
            if beside != name:
                yield from self.ancestry(beside)

    def hook(self, line: list[Class], method: str) -> Hook | None:
        for each in line:
            for node in each.node.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == method:
                    text = said(node).partition("\n")[0]
                    segment = ast.get_source_segment(each.source, node, padded=True) or ""
                    return Hook(each.node.name, text, textwrap.dedent(segment))
        return None


def said(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return a docstring without its marks of code, which a page would show."""
    return (ast.get_docstring(node) or "").replace("``", "")


def classes(path: Path) -> Iterator[Class]:
    try:
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
    except (OSError, ValueError, SyntaxError):
        return
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield Class(node, source)
