"""The version of a benchmark follows what it runs, and nothing else; on every Python it is the same."""

import ast
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest
from conftest import ROOT, Suite

NAMES = [line.split()[0] for line in (ROOT / "tests/inventory.txt").read_text().splitlines()]
PARTS = sorted({"benchmarks." + name.partition(".")[0] for name in NAMES})
FILES = sorted(
    str(path.relative_to(ROOT)) for room in ("harness", "benchproject") for path in (ROOT / room).rglob("*.py")
)

REACHED_BY_NONE = {
    *("harness/anchor.py", "harness/at_once.py", "harness/callgrind.py", "harness/in_turn.py", "harness/layout.py"),
    *(
        "harness/remote.py",
        "harness/side.py",
        "harness/trace.py",
        "harness/upstream.py",
        "harness/version.py",
        "benchproject/urls.py",
        "benchproject/served/bare.py",
        "benchproject/served/for_user.py",
        "benchproject/served/startproject.py",
        "benchproject/served/visitor.py",
    ),
}
"""What compares, loads, and measures the benchmarks of single metrics; all routes."""

ANCHORED = {"time_to_anchor", "anchor_to_itself", "anchor_seconds"}

PYTHONS = [f"python3.{minor}" for minor in range(8, 16)]

VERSIONS = """
import importlib.metadata
importlib.metadata.version = str  # asv_runner need not be there
from harness.version import version_of
print([version_of(name) for name in %r])
"""

# The files that have a part in each class of benchmarks, in its first cell: their code runs, or they are imported,
# while it is set up, proven and measured. What other processes run, those of Startup and of servers, is not seen.
RUNS = """
import importlib, itertools, json, sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests"]
import run_cells
from asv_runner._aux import update_sys_path
from asv_runner.discovery import disc_benchmarks

def files_run(benchmark):
    before, files = set(sys.modules), set()
    monitoring = sys.monitoring
    monitoring.use_tool_id(5, "version")
    monitoring.register_callback(5, monitoring.events.PY_START, lambda code, offset: files.add(code.co_filename))
    monitoring.set_events(5, monitoring.events.PY_START)
    outcome, = run_cells.run_cell([benchmark], 0, ()).values()
    monitoring.set_events(5, 0)
    files.update(filter(None, (getattr(sys.modules[name], "__file__", None) for name in set(sys.modules) - before)))
    return [benchmark.name, sorted(outcome), sorted(files)]

update_sys_path(sys.argv[1] + "/benchmarks")
importlib.import_module("harness.interpreter").unlike_plain = lambda: ()  # a tool of sys.monitoring watches here
found = list(disc_benchmarks(sys.argv[1] + "/benchmarks"))
classes = itertools.groupby(found, lambda benchmark: benchmark.name.rpartition(".")[0])
print(json.dumps([run_cells.in_child(files_run, next(benchmarks)) for _, benchmarks in classes]))
"""


class Versions:
    """The versions of a copy of the suite by file of benchmarks, as its own ``harness/version.py`` tells them."""

    def __init__(self, root: Path, name: str = "harness.version") -> None:
        self.root = root
        spec = importlib.util.spec_from_file_location("version_of_a_copy", root / (name.replace(".", "/") + ".py"))
        assert spec is not None
        assert spec.loader is not None
        self.code = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.code)
        self.before = self.all()

    def all(self) -> dict[str, str]:
        self.code.version_of.cache_clear()
        return {part: self.code.version_of(part) for part in PARTS}

    def changed_by(self, file: str, source: str) -> set[str]:
        """Return the parts whose version is another while a file has this source. Only that file is read again."""
        path, name, read = self.root / file, module_of(file), self.code._read
        before = path.read_text()
        path.write_text(source)
        self.code._read = cache(lambda other: read.__wrapped__(name) if other == name else read(other))
        try:
            return {part for part, version in self.all().items() if version != self.before[part]}
        finally:
            path.write_text(before)
            self.code._read = read

    def reaching(self, file: str) -> set[str]:
        return {part for part in PARTS if module_of(file) in self.code.reached(part)}


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    return Versions(copied(tmp_path_factory.mktemp("suite")))


def copied(root: Path) -> Path:
    for room in ("benchproject", "harness", "benchmarks"):
        shutil.copytree(ROOT / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def file_of(part: str) -> str:
    return part.replace(".", "/") + ".py"


def module_of(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def test_asv_stores_the_version_of_the_file(suite: Suite, versions: Versions) -> None:
    stored = {name: benchmark["version"] for name, benchmark in suite.discover().items()}
    counted = {name: stored.pop(name) for name in NAMES if name.rpartition(".track_")[2] in versions.code.BY_METRIC}
    assert stored == {name: versions.before["benchmarks." + name.partition(".")[0]] for name in stored}
    assert [name for name in counted if counted[name] in stored.values()] == []


def test_layout_comments_and_docstrings_change_no_version(versions: Versions, tmp_path: Path) -> None:
    for path in copied(tmp_path).rglob("*.py"):
        path.write_text(laid_out_anew(path.read_text()))
    assert Versions(tmp_path).before == versions.before


def laid_out_anew(source: str) -> str:
    """Return a source with other line breaks, quotes and parentheses, another comment and another text everywhere."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [text("Another text."), *(each for each in node.body if not is_text(each))]
    return re.sub(r"(?m)^(?=\S)", "\n# Another comment.\n", ast.unparse(tree)) + "\n"


def text(words: str) -> ast.Expr:
    return ast.Expr(ast.Constant(words))


def is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@pytest.mark.parametrize("file", FILES)
def test_what_runs_changes_the_versions_that_reach_it(versions: Versions, file: str) -> None:
    source = (versions.root / file).read_text()
    reaching = versions.reaching(file)
    assert (reaching == set()) == (file in REACHED_BY_NONE)
    for changed in (source + "\nadded = 1\n", *with_another_constant(source), *with_another_import(source)):
        assert versions.changed_by(file, changed) == reaching


def test_what_serves_is_reached_by_served_benchmarks_alone(versions: Versions) -> None:
    serving = {"harness/instructions.py", "harness/kept.py", "harness/servers.py"}
    serving |= {file for file in FILES if file.startswith("benchproject/served/")} - REACHED_BY_NONE
    assert [file for file in serving if versions.reaching(file) != {"benchmarks.served"}] == []


@pytest.mark.parametrize(
    ("module", "metrics"),
    [
        ("harness.callgrind", {"instructions"}),
        ("harness.layout", {"instructions", *ANCHORED}),
        ("harness.at_once", {"instructions", *ANCHORED}),
        *((f"harness.{name}", ANCHORED) for name in ("anchor", "in_turn", "remote", "side")),
    ],
)
def test_what_measures_one_metric_is_reached_by_it(versions: Versions, module: str, metrics: set[str]) -> None:
    reached, by_metric = versions.code.reached, versions.code.BY_METRIC
    own = {metric for metric, names in by_metric.items() if module in reached("benchmarks.handlers", *names)}
    assert own == metrics


@pytest.mark.parametrize("part", PARTS)
def test_a_change_of_a_file_of_benchmarks_changes_its_version_alone(versions: Versions, part: str) -> None:
    file = file_of(part)
    source = (versions.root / file).read_text()
    for changed in (source + "\nadded = 1\n", *with_another_constant(source), *with_another_import(source)):
        assert versions.changed_by(file, changed) == {part}


def test_what_registers_the_benchmarks_is_part_of_each(versions: Versions) -> None:
    assert versions.changed_by("benchmarks/__init__.py", "added = 1") == set(PARTS)


def with_another_constant(source: str) -> Iterator[str]:
    """Yield a source whose last 0, 1 or truth is another number, if it has one."""
    numbers = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant) and node.value in (0, 1)]
    for node in numbers[-1:]:
        yield replaced(source, node, repr(int(node.value) + 41))


def with_another_import(source: str) -> Iterator[str]:
    """Yield a source whose last import is another, if it has one."""
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in imports[-1:]:
        yield replaced(source, node, "from harness import install")


def replaced(source: str, node: ast.expr | ast.stmt, new: str) -> str:
    lines = source.splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: (node.end_lineno or 0) - 1])) + (node.end_col_offset or 0)
    return source[:start] + new + source[end:]


def test_the_name_of_a_module_is_in_no_version(versions: Versions, tmp_path: Path) -> None:
    """All modules but those of benchmarks, which name them, are renamed, so that they sort otherwise too."""
    new_names = {name: new_name(name) for name in map(module_of, FILES) if "." in name}
    root = copied(tmp_path)
    for path in sorted(root.rglob("*.py")):
        path.write_text(renamed(path.read_text(), new_names))
    for name in sorted(new_names, reverse=True):  # what is in a package before the package
        place = root / name.replace(".", "/")
        place = place if place.is_dir() else place.with_suffix(".py")
        place.rename(place.with_stem(new_name(place.stem)))
    assert not (root / "harness/cells.py").exists()
    assert Versions(root, new_names["harness.version"]).before == versions.before


def new_name(dotted: str) -> str:
    top, *others = dotted.split(".")
    return ".".join([top, *(name[::-1] + "_" for name in others)]) if others else dotted[::-1] + "_"


def renamed(source: str, new_names: dict[str, str]) -> str:
    """Return a source in which modules have new names, wherever they are named, with imports sorted as ruff does."""
    dotted = "|".join(map(re.escape, sorted(new_names, reverse=True)))
    tree = ast.parse(source)
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = re.sub(rf"\b({dotted})\b", lambda match: new_names[match.group()], node.value)
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if new := new_names.get(f"{node.module}.{alias.name}", "").rpartition(".")[2]:
                    bound |= {} if alias.asname else {alias.name: new}
                    alias.name = new
            node.names.sort(key=lambda alias: alias.name)
            node.module = new_names.get(node.module or "", node.module)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = bound.get(node.id, node.id)
        if isinstance(getattr(node, "body", None), list):
            node.body = sorted_imports(node.body)
    return ast.unparse(tree)


def sorted_imports(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Return statements with imports of ours in the order of their modules' names."""
    blocks = groupby(statements, is_ours)
    return [each for ours, block in blocks for each in (sorted(block, key=ast.unparse) if ours else block)]


def is_ours(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(("benchproject", "harness"))


@pytest.mark.parametrize("file", sorted({*FILES, *map(file_of, PARTS)} - {"benchproject/urls.py"}))
def test_each_name_in_a_string_leads_to_a_module(versions: Versions, file: str) -> None:
    """A name that is put together when it runs would be reached unseen: ``"benchproject.views." + part``."""
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for name in re.findall(
                r"\b(?:benchproject|harness)(?:\.\w*)+", node.value.replace("benchproject.sqlite3", "")
            ):
                module, _ = versions.code._find(name.rstrip("."))
                is_package = versions.code._file(module).name == "__init__.py"
                assert not is_package or name == module, f"{name} leads to a package; what of it is imported?"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sees what runs by sys.monitoring, of Python 3.12")
def test_all_that_runs_is_reached(versions: Versions) -> None:
    done = subprocess.run([sys.executable, "-c", RUNS, ROOT], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    ran: dict[str, set[str]] = {}
    for name, outcome, files in json.loads(done.stdout):
        assert outcome == ["starts", "value"], name
        own = {str(Path(file).relative_to(ROOT)) for file in files if Path(file).is_relative_to(ROOT)}
        ran.setdefault("benchmarks." + name.partition(".")[0], set()).update(own.intersection(FILES))
    assert set(ran) == set(PARTS)
    unseen = {part: sorted(file for file in ran[part] if part not in versions.reaching(file)) for part in PARTS}
    assert {part: files for part, files in unseen.items() if files} == {}


def test_every_python_tells_the_same_version() -> None:
    found_by = {python: found for python in PYTHONS if (found := versions_by(python))}
    if len(found_by) < 2:
        pytest.skip(f"of {', '.join(PYTHONS)} only {', '.join(found_by) or 'none'} runs here: install another")
    assert len(set(found_by.values())) == 1, found_by


def versions_by(python: str) -> str:
    """Return what a Python makes of all files; "" where it does not run here."""
    if not shutil.which(python):
        return ""
    done = subprocess.run([python, "-c", VERSIONS % PARTS], cwd=ROOT, capture_output=True, text=True)
    if subprocess.run([python, "-c", ""], capture_output=True).returncode:
        return ""
    assert done.returncode == 0, done.stderr
    return done.stdout
