"""Refuses, before anything is measured, what asv would pass over, and names that nothing would ever read.

asv takes functions and methods with the name of a benchmark, and says nothing of others: a ``functools.partial``, an
object with a ``__call__``, a class within a class, a hook whose name is misspelt. Here nothing vanishes unnoticed.
"""

import ast
import functools
import inspect
from pathlib import Path

from asv_runner import discovery
from asv_runner.benchmarks import benchmark_types

ATTRIBUTES = {
    *("setup", "teardown", "setup_cache", "params", "param_names", "skip_params", "unit", "version", "timeout", "env"),
    *("rounds", "repeat", "number", "sample_time", "warmup_time", "min_run_count", "processes", "timer", "prove"),
    *("pretty_name", "pretty_source", "benchmark_name", "skip_benchmark", "unproven"),
}
"""What asv (asv.readthedocs.io, "Benchmark attributes") and this suite read of a benchmark by its name."""


def register():
    """Have asv's discovery look at each file of benchmarks first; once."""
    if not hasattr(discovery.disc_modules, "__wrapped__"):
        discovery.disc_modules = _checking(discovery.disc_modules)


def _checking(disc_modules):
    @functools.wraps(disc_modules)
    def checked(*arguments, **options):
        for module in disc_modules(*arguments, **options):
            refuse_what_vanishes(module)
            yield module

    return checked


@functools.lru_cache(maxsize=None)
def refuse_what_vanishes(module):
    """Raise SystemExit, asv's one line, for the first name of a file's benchmarks that asv or nothing would read."""
    scenarios = []
    for name, value in _public(vars(module)):
        if inspect.isclass(value):
            scenarios += [name] * _holds_benchmarks(value)
            _refuse_members(module, value)
        elif _is_benchmark(name):
            _refuse_unless_a_function(module, name, value, name)
    for name in _unread(module, scenarios):
        _refuse(module, name, "is read by nothing; is it misspelt?")


def _refuse_members(module, scenario):
    where = scenario.__name__ + "."
    for name, value in _public(dict(inspect.getmembers(scenario))):
        if inspect.isclass(value) and _holds_benchmarks(value):
            _refuse(module, where + name, "is a class within a class, which asv passes over; put it beside that one")
        if _is_benchmark(name) and value is not None:
            if inspect.isabstract(scenario):
                _refuse(module, where + name, "is of an abstract class, which asv passes over")
            _refuse_unless_a_function(module, name, value, where + name)


def _refuse_unless_a_function(module, name, value, where):
    if not inspect.isfunction(value) and not inspect.ismethod(value):
        kind = type(value).__name__
        _refuse(module, where, "is a %s, which asv passes over; make it a plain def, or an async def" % kind)
    if where == name and value.__name__ != name:
        _refuse(module, where, "would be measured by the name %s; give it a def of its own" % value.__name__)
    for attribute in dict(_public(vars(value))):
        if attribute not in ATTRIBUTES:
            _refuse(module, "%s.%s" % (where, attribute), "is read by nothing; is it misspelt?")


def _unread(module, scenarios):
    """Yield the public names of a file that neither it nor asv nor a base class of another file reads."""
    tree = ast.parse(Path(module.__file__).read_bytes())
    read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    read.update(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    bases = {base for node in classes for base in vars(module)[node.name].__mro__ if base.__module__ != module.__name__}
    read.update(ATTRIBUTES, scenarios, *map(vars, bases - {object}))
    places = [("", tree.body)] + [(node.name + ".", node.body) for node in classes]
    for place, body in places:
        yield from (place + name for name in _defined(body) if name not in read and not _is_benchmark(name))


def _defined(body):
    """Yield the public names that statements define, but those of imports."""
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        names = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names = [node.name]
        yield from (name for name in names if not name.startswith("_"))


def _holds_benchmarks(scenario):
    return any(_is_benchmark(name) and value is not None for name, value in inspect.getmembers(scenario))


def _is_benchmark(name):
    return any(kind.name_regex.match(name) for kind in benchmark_types)


def _public(names):
    return [(name, value) for name, value in names.items() if not name.startswith("_")]


def _refuse(module, name, why):
    raise SystemExit("%s.%s %s" % (module.__name__.partition(".")[2], name, why))
