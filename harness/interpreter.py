"""Refuses an interpreter that is not a plain one: what watches, debugs or replaces the clock makes other figures."""

import asyncio
import gc
import os
import sys
import threading
import time
import timeit
import tracemalloc
import types

from harness import loop
from harness.response import Lie

SWITCH_INTERVAL = 0.005
"""Seconds after which a thread lets another have its turn, as Python starts with."""

TOOLS = range(6)
"""The ids of sys.monitoring's tools."""


def refuse_unlike_plain():
    """Raise Lie, with the name of each thing, where the interpreter is not as ``python`` starts it."""
    found = list(unlike_plain())
    if found:
        raise Lie("not measured, since the interpreter is not a plain one: %s" % ", ".join(found))


def unlike_plain():
    """Yield what makes this interpreter another than a plain one."""
    states = {
        "development mode (PYTHONDEVMODE, -X dev)": sys.flags.dev_mode,
        "optimized bytecode (PYTHONOPTIMIZE, -O)": sys.flags.optimize,
        "warnings of bytes (-b)": sys.flags.bytes_warning,
        "a debug build of Python": hasattr(sys, "gettotalrefcount"),
        "another allocator (PYTHONMALLOC)": os.environ.get("PYTHONMALLOC", "default") not in ("default", "pymalloc"),
        "perf's trampoline (PYTHONPERFSUPPORT)": _called(sys, "is_stack_trampoline_active"),
        "tracemalloc (PYTHONTRACEMALLOC)": tracemalloc.is_tracing(),
        "a trace function (a debugger, coverage)": sys.gettrace() or _called(threading, "gettrace"),
        "a profile function": sys.getprofile() or _called(threading, "getprofile"),
        "asyncio's debug mode (PYTHONASYNCIODEBUG)": asyncio.coroutines._is_debug_mode() or loop.debugs(),
        "garbage collection off": not gc.isenabled(),
        "the garbage collector's debug mode": gc.get_debug(),
        "another switch interval": sys.getswitchinterval() != SWITCH_INTERVAL,
        "a clock that is not Python's own": not (_is_clock(time.perf_counter) and _is_clock(timeit.default_timer)),
    }
    yield from (name for name, there in states.items() if there)
    if hasattr(sys, "monitoring"):
        for name in filter(None, map(sys.monitoring.get_tool, TOOLS)):
            yield "sys.monitoring's tool %s" % name


def _called(module, name):
    """Return what a function of a module returns; None where this Python has none of that name."""
    return getattr(module, name, lambda: None)()


def _is_clock(function):
    own = isinstance(function, types.BuiltinFunctionType)
    return own and (function.__module__, function.__name__) == ("time", "perf_counter")
