"""The version of a benchmark: a hash of what it runs.

That is its file and the modules of this repository that the file reaches: by imports, those within functions too, and
by dotted names in strings, which Django, servers and ``python -m`` import; each with its packages, and so on. Of a
module the syntax tree counts, without comments, docstrings and layout, in a form that is the same on every Python. In
it the name of another module stands for that one's tree, so that renaming a module changes nothing. What else is
installed is in the name of asv's environment, but for asv_runner, which holds the clock: its version counts.
"""

import ast
import functools
import hashlib
import re
from collections import namedtuple
from importlib.metadata import version
from importlib.util import resolve_name
from pathlib import Path

NOT_RUN = ("benchproject.urls", "harness.version", "harness.at_once", "harness.anchor", "harness.callgrind")
"""Reached and not run: all routes, of which a benchmark has those of its part alone; this module; and what measures the
benchmarks of ``BY_METRIC`` alone."""

BY_METRIC = {
    "instructions": ("harness.at_once", "harness.callgrind"),
    **dict.fromkeys(("time_to_anchor", "anchor_to_itself", "anchor_seconds"), ("harness.at_once", "harness.anchor")),
}
"""What runs for the benchmarks of a metric beside their file."""

_ROOT = Path(__file__).parent.parent
_NAME = re.compile(r"\b(?:benchmarks|benchproject|harness)(?:\.\w+)+")
_WITHOUT_MEANING = ("ctx", "kind", "type_comment")

Module = namedtuple("Module", "tree imports named")
"""``tree`` is a digest in which no other module has a name. ``imports`` are pairs of a module and what is taken from
it, in no order; ``named`` are the modules that the rest of the tree names, in its order."""


@functools.lru_cache(maxsize=None)
def version_of(*names):
    """Return the version of what runs some modules, such as ``benchmarks.handlers``: 64 hexadecimal digits."""
    return _digest(version("asv_runner"), sorted(map(_digest_of, reached(*names))))


def version_of_benchmark(name):
    """Return the version of a benchmark, ``handlers.Hello.track_hops``: of its file, and of what measures it."""
    return version_of("benchmarks." + name.partition(".")[0], *BY_METRIC.get(name.rpartition(".track_")[2], ()))


def reached(*names):
    """Return the names of all modules of this repository that run with those of ``names``, which are the first."""
    found = list(names)
    for each in found:  # grows
        module = _read(each)
        found += sorted({other for other, _ in module.imports}.union(module.named).difference(found, NOT_RUN))
    return found


def _digest_of(name):
    """Return the digest of a module in which those that it names are known by their trees."""
    module = _read(name)
    imports = sorted((_tree(other), taken) for other, taken in module.imports)
    return _digest(module.tree, imports, [_tree(other) for other in module.named])


def _tree(name):
    return "" if name in NOT_RUN else _read(name).tree


@functools.lru_cache(maxsize=None)
def _read(name):
    reader = _Reader(name)
    tree = _digest(reader.form(ast.parse(_file(name).read_bytes())))
    return Module(tree, reader.imports, reader.named)


class _Reader:
    """Brings the tree of a module into its form, and collects the modules that it imports and names."""

    def __init__(self, name):
        parent = name.rpartition(".")[0]
        self.package = name if _file(name).name == "__init__.py" else parent
        self.imports = [(parent, "")] if parent else []
        self.named = []
        self.bound = {}  # modules by the names that imports give them

    def form(self, node):
        """Return a node, a list of nodes or a value as nested lists and tuples, whose repr is the same everywhere."""
        kind = type(node)
        if kind is list:
            return self.statements(node) if node and isinstance(node[0], ast.stmt) else list(map(self.form, node))
        if kind is str:
            return _NAME.sub(self.name, node) if "." in node else node
        if kind is ast.Name and node.id in self.bound:
            self.named.append(self.bound[node.id])
            return "module"
        if kind.__name__ == "Index":  # around each index before Python 3.9
            return self.form(node.value)
        if not isinstance(node, ast.AST):
            return node
        fields = [(field, getattr(node, field, None)) for field in node._fields if field not in _WITHOUT_MEANING]
        return kind.__name__, [(field, self.form(value)) for field, value in fields if value not in (None, [])]

    def statements(self, nodes):
        """Return the forms of statements but docstrings: first imports of ours, sorted by what they take."""
        imports, others = [], []
        for node in nodes:
            taken = isinstance(node, (ast.Import, ast.ImportFrom)) and self.taken(node)
            if taken:
                imports += taken
            elif not _is_text(node):
                others.append(node)
        return sorted(imports) + [self.form(node) for node in others]

    def taken(self, node):
        """Return what an import takes from modules of ours; [] where all that it imports is others'."""
        origin = ""
        if isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), self.package) + "."
        found = [(alias, origin + alias.name, _find(origin + alias.name)) for alias in node.names]
        return [self.take(*each) for each in found] if any(ours for _, _, ours in found) else []

    def take(self, alias, dotted, ours):
        name, rest = ours or ("", dotted)
        if ours:
            self.imports.append(ours)
        if not rest:
            self.bound[alias.asname or alias.name] = name
        return "import %s %s" % (rest, alias.asname if rest else "")

    def name(self, match):
        """Return what stands for a dotted name in a string."""
        ours = _find(match.group())
        if not ours:
            return match.group()
        self.named.append(ours[0])
        return "<module>" + ours[1]


def _is_text(node):
    """Tell a statement that is only a text: a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _find(dotted):
    """Return the module of ours that a dotted name begins with, and the rest of the name; None where there is none."""
    name, rest = dotted, ""
    while name and not _file(name):
        name, _, last = name.rpartition(".")
        rest = "." + last + rest
    return (name, rest) if name else None


@functools.lru_cache(maxsize=None)
def _file(name):
    """Return the file of a module of ours; None where there is none."""
    path = _ROOT.joinpath(*name.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _digest(*values):
    return hashlib.sha256(repr(values).encode()).hexdigest()
