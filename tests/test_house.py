"""The house stands as CONTRIBUTING.md draws it, and its words mean what docs/glossary.md says."""

import ast
import importlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("benchmarks", "benchproject", "harness", "tools")
FLOORS, ROOMS = 5, 18
FORBIDDEN = {"style": "view", "styles": "views", "culprit": "first bad commit"}
"""A second word for a thing, and the word that the glossary has."""
DJANGOS = {("benchmarks.views", "Style"), ("benchmarks.views", "style")}
"""Where it is Django's word for another thing: function-based and class-based views; figures are stored by its name."""


def files() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def room(module: str) -> str:
    """Return the room of a module: a folder of tools/, a file of it, or another folder."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "tools" and len(parts) > 1 else parts[0]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of this repository that a file imports, wherever in it."""
    for node in ast.walk(tree(path)):
        names = [each.name for each in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{name}" if node.module in FOLDERS else str(node.module) for name in names]
        yield from (name for name in names if name.split(".")[0] in FOLDERS)


@cache
def arrows() -> dict[str, set[str]]:
    """Return the rooms that each room imports."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in files():
        own = room(module_of(path))
        found[own] |= {room(name) for name in imported(path)} - {own}
    return dict(found)


def floors() -> dict[str, int]:
    """Return on which floor each room stands, from 1. Raises graphlib.CycleError where rooms import each other."""
    standing: dict[str, int] = {}
    for own in TopologicalSorter(arrows()).static_order():
        standing[own] = 1 + max((standing[below] for below in arrows().get(own, ())), default=0)
    return standing


def test_it_has_few_floors_and_rooms_and_no_circle() -> None:
    standing = floors()
    tools = {name: floor for name, floor in standing.items() if name.startswith("tools.")}
    lowest = min(tools.values())
    assert max(tools.values()) - lowest + 1 <= FLOORS, tools
    assert len({*tools, *FOLDERS} - {"tools"}) <= ROOMS, sorted(tools)


def test_no_file_of_a_room_imports_in_a_circle() -> None:
    graph = {module_of(path): set(imported(path)) for path in files()}
    list(TopologicalSorter(graph).static_order())


def test_what_is_measured_knows_nothing_of_the_tools() -> None:
    for folder in ("benchmarks", "benchproject", "harness"):
        assert not {below for below in arrows()[folder] if below.startswith("tools")}
    assert not arrows()["harness"] & {"benchmarks"}
    assert not arrows()["benchproject"] & {"benchmarks", "harness"}


def test_the_picture_shows_the_arrows_between_rooms() -> None:
    (picture,) = re.findall(r"```mermaid\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)$", picture, re.MULTILINE))
    rooms = {path.parent.name for path in (ROOT / "tools").glob("*/__init__.py")}
    assert set(re.findall(r'^ +(\w+)\["\w+/<br>', picture, re.MULTILINE)) == rooms | {*FOLDERS} - {"tools"}
    names = {f"tools.{name}": name for name in rooms} | {name: name for name in FOLDERS}

    def drawn_as(name: str) -> str:
        return names.get(name, "main" if name == "tools.__main__" else "ground")

    real = {(drawn_as(own), drawn_as(below)) for own in arrows() for below in arrows()[own]}
    between = {(own, below) for own, below in real if own in rooms and below in rooms}
    assert {(own, below) for own, below in drawn if own in rooms and below in rooms} == between
    others = {(own, below) for own, below in real - between if own not in {"main", "ground", "tools"}}
    assert {("rooms" if own in rooms else own, below) for own, below in others} == {
        (own, below) for own, below in drawn if not (own in rooms and below in rooms)
    }


def classes() -> Iterator[tuple[str, str]]:
    for path in files():
        if path.parts[len(ROOT.parts)] != "benchmarks":
            yield from ((node.name, module_of(path)) for node in tree(path).body if isinstance(node, ast.ClassDef))


def test_what_is_started_and_goes_on_is_started_by_one_that_ends_it() -> None:
    """Even where this process is killed: by harness.kept; a measured process ends with the pipe that it reads from."""
    starts = {module_of(path) for path in files() if "Popen(" in path.read_text()}
    assert starts == {"harness.kept", "harness.remote"}


def test_no_two_classes_have_one_name() -> None:
    twice = [name for name, times in Counter(name for name, _ in classes()).items() if times > 1]
    assert twice == [], [place for place in classes() if place[0] in twice]


def rows() -> list[tuple[str, str, str]]:
    table = re.findall(r"^\| (.+?) \| (.+?) \| `(.+?)` \|$", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    return [(word, said, name) for word, said, name in table]


def test_the_glossary_is_short_and_in_order() -> None:
    words = [word for word, *_ in rows()]
    assert 20 <= len(words) <= 30
    assert words == sorted(words)


@pytest.mark.parametrize(("word", "name"), [(word, name) for word, _, name in rows()])
def test_a_word_of_the_glossary_is_a_name_in_the_code(word: str, name: str) -> None:
    path = ROOT / Path(*name.split(".")).with_suffix(".py")
    if path.is_file():
        return
    module, _, own = name.rpartition(".")
    names = {
        each.name if isinstance(each, ast.ClassDef | ast.FunctionDef) else target.id
        for each in tree(ROOT / Path(*module.split(".")).with_suffix(".py")).body
        for target in (each.targets if isinstance(each, ast.Assign) else [each])
        if isinstance(each, ast.ClassDef | ast.FunctionDef) or isinstance(target, ast.Name)
    }
    assert own in names


def test_no_thing_has_a_second_word() -> None:
    found = [
        (module_of(path), name)
        for path in files()
        for name in names_in(path)
        for word in re.split(r"_+|(?<=[a-z])(?=[A-Z])", name)
        if word.lower() in FORBIDDEN
    ]
    assert set(found) == DJANGOS


def names_in(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.arg():
                yield node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.id


def test_each_command_of_the_table_is_there_under_its_name() -> None:
    from tools.__main__ import COMMANDS

    for name, (place, _) in COMMANDS.items():
        module, _, attribute = place.partition(":")
        assert getattr(importlib.import_module(module), attribute).name == name


def test_each_heading_of_the_method_names_its_code() -> None:
    sections = re.split(r"^#+ (.+)$", (ROOT / "docs" / "method.md").read_text(), flags=re.MULTILINE)[1:]
    for heading, text in zip(sections[::2], sections[1::2], strict=True):
        named = re.findall(r"`((?:tools|harness)/\S+\.py)`", text.strip().partition("\n\n")[0])
        assert heading == "Sources" or named, heading
        assert all((ROOT / name).is_file() for name in named), named
