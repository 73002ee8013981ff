"""Exact counts with their origin: which function was called from where, and whose code it was."""

import collections
import os
import sys

from harness.bytecodes import bytecodes
from harness.count import Counts, counters, is_counted, top_level

_WHOSE = {"django": "Django", "asgiref": "asgiref"}


class Trace(Counts):
    """Counts with ``calls``, the (caller, called) of each Python call, and ``modules``, each counted thing's module."""

    def __init__(self):
        super().__init__()
        self.calls, self.modules = [], []

    def count_python_call(self, frame):
        super().count_python_call(frame)
        self.calls.append((_caller(frame.f_back), _name(frame)))
        self.modules.append(("python_calls", frame.f_globals.get("__name__")))

    def count_native_call(self, frame):
        super().count_native_call(frame)
        self.modules.append(("native_calls", frame.f_globals.get("__name__")))


def _caller(frame):
    """Return what calls: a function, or a module of the machinery, of whose functions chance may choose one."""
    if frame is None:
        return "a thread"
    return _name(frame) if is_counted(frame) else frame.f_globals.get("__name__")


def _name(frame):
    """Return a function's dotted name; before Python 3.11, without its class."""
    return "%s.%s" % (frame.f_globals.get("__name__"), getattr(frame.f_code, "co_qualname", frame.f_code.co_name))


def trace(call):
    """Return what one ``call`` does once warm: its exact counts, its calls, and what repeats differ in.

    ``{"counts": {metric: count}, "packages": {package: {metric: count}}, "calls": [[caller, called, times]],
    "inexact": [metric]}``. A metric that differs between repeats is in ``inexact`` and not in ``counts``. "bytecodes"
    is there since Python 3.12. The packages are "Django", "asgiref", "the standard library" and "others"; theirs are
    python_calls, the native_calls that their code makes, and bytecodes.
    """
    traces = counters(call, Trace)
    repeats = [each.counts for each in traces]
    modules = [collections.Counter(each.modules) for each in traces]
    if hasattr(sys, "monitoring"):
        for repeat, module, ran in zip(repeats, modules, bytecodes(call)):
            repeat["bytecodes"] = sum(ran.values())
            module.update({("bytecodes", name): times for name, times in ran.items()})
    metrics = sorted(set().union(*repeats))
    inexact = [metric for metric in metrics if len({repeat[metric] for repeat in repeats}) > 1]
    return {
        "counts": {metric: repeats[0][metric] for metric in metrics if metric not in inexact},
        "packages": _by_package(modules[0], inexact),
        "calls": [[caller, called, times] for (caller, called), times in sorted(_always(traces))],
        "inexact": inexact,
    }


def _always(traces):
    """Return the calls that are in each trace: who runs a future's callback is chance, if it is done just then."""
    return set.intersection(*[set(collections.Counter(each.calls).items()) for each in traces])


def _by_package(modules, inexact):
    packages = collections.defaultdict(collections.Counter)
    for (metric, module), times in modules.items():
        if metric not in inexact:
            packages[package(module)][metric] += times
    return packages


def package(module):
    """Return whose a module is, by its dotted name."""
    name = top_level(module)
    return _WHOSE.get(name, "the standard library" if name in _STANDARD_LIBRARY else "others")


def _standard_library():
    """Return the top-level modules of the standard library."""
    if hasattr(sys, "stdlib_module_names"):  # Python 3.10
        return sys.stdlib_module_names
    return {name.partition(".")[0] for name in (*os.listdir(os.path.dirname(os.__file__)), *sys.builtin_module_names)}


_STANDARD_LIBRARY = _standard_library()
