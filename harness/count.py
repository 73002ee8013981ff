"""Exact counters: what one request does, counted by the functions that it calls.

Each count is the same on every repeat, or it is refused: a count that varies is no fact.
"""

import asyncio
import collections
import concurrent.futures
import contextlib
import functools
import gc
import threading
import time
import weakref

from asgiref.current_thread_executor import CurrentThreadExecutor
from asgiref.sync import AsyncToSync, SyncToAsync
from django.db.backends.utils import CursorWrapper

from harness.loop import settle
from harness.watch import watched

WARM_UP, REPEATS = 2, 3

CALLS = 10
"""Calls whose garbage is collected at once: what a call leaves now and then shows."""

_THREADSAFE = asyncio.BaseEventLoop.call_soon_threadsafe.__code__

# By identity: a code object's hash is made anew from all that it holds each time.
_METRIC = {
    id(SyncToAsync.__call__.__code__): "sync_to_async",
    id(AsyncToSync.__call__.__code__): "async_to_sync",
    id(concurrent.futures.ThreadPoolExecutor.submit.__code__): "hops",
    id(CurrentThreadExecutor.submit.__code__): "hops",
    id(threading.Thread.start.__code__): "threads",
    id(asyncio.BaseEventLoop.__init__.__code__): "event_loops",
    id(asyncio.BaseEventLoop.create_task.__code__): "tasks",
    id(CursorWrapper.execute.__code__): "queries",
    id(CursorWrapper.executemany.__code__): "queries",
}

_FINALIZE = weakref.finalize.__call__.__code__

# What of these runs, and on which thread, depends on who comes first, and how often the last draws again on what it
# drew; the harness is no part of a request.
MACHINERY = {
    "asyncio",
    "concurrent",
    "threading",
    "queue",
    "selectors",
    "namedtuple_SelectorKey",  # the module of a class that selectors makes
    "socket",
    "weakref",
    "_weakrefset",
    "random",
    "harness",
}
"""The top-level modules whose code is not counted: the machinery of loops and threads, chance, and what measures."""


class Inexact(Exception):
    """A count differed between two repeats of the same request."""


class Waits:
    """Counts for ``watch``: ``seen`` has the metric of each thing that is counted, ``counts`` how often it is there.

    sync_to_async, async_to_sync: crossings. hops: calls submitted to another thread, by an executor or as a task for
    another thread's loop. threads, event_loops, tasks: those created. queries: SQL statements sent.
    """

    native = None

    def __init__(self):
        self.seen = []  # to append is one step, which no other thread comes between

    @property
    def counts(self):
        return collections.Counter(self.seen)

    def start(self, frame):
        """Count a frame that starts."""
        code = frame.f_code
        if id(code) in _METRIC:
            self.seen.append(_METRIC[id(code)])
        elif code is _THREADSAFE and _creates_task(frame.f_locals["callback"]):
            self.seen.append("hops")


class Counts(Waits):
    """Beside the waits the work. python_calls: Python functions called, of all modules but MACHINERY. native_calls:
    functions in C that these call. What a finalizer calls is left out, since the thread that drops the last reference
    runs it, and when depends on the timing of threads.
    """

    def start(self, frame):
        super().start(frame)
        if is_counted(frame) and not is_finalizing(frame):
            self.count_python_call(frame)

    def native(self, frame):
        """Count a function in C that a frame calls."""
        if is_counted(frame) and not is_finalizing(frame):
            self.count_native_call(frame)

    def count_python_call(self, frame):
        self.seen.append("python_calls")

    def count_native_call(self, frame):
        self.seen.append("native_calls")


_WORK = ("python_calls", "native_calls")


def is_counted(frame):
    """Tell whether a frame's module is none of MACHINERY."""
    return top_level(frame.f_globals.get("__name__")) not in MACHINERY


@functools.lru_cache(maxsize=None)
def top_level(module):
    return (module or "").partition(".")[0]


def is_finalizing(frame):
    """Tell whether a frame runs because an object is finalized."""
    while frame is not None:
        if frame.f_code.co_name == "__del__" or frame.f_code is _FINALIZE:
            return True
        frame = frame.f_back
    return False


def _creates_task(callback):
    """Tell a call that AsyncToSync sends to a running loop from a future's report to its loop."""
    return getattr(callback, "__name__", "") == "create_task"


def count(call, metric):
    """Return the count of a metric in one ``call``, once warm. Raises Inexact where repeats differ in it."""
    counted = counters(call, Counts if metric in _WORK else Waits)
    return equal(metric, [each.counts[metric] for each in counted])


def equal(metric, repeats):
    """Return what all repeats of a request have of a metric. Raises Inexact where they differ."""
    if len(set(repeats)) > 1:
        raise Inexact("%s of the same request differ: %s" % (metric, ", ".join(map(str, repeats))))
    return repeats[0]


def counts(call):
    """Return what each of some calls does, once warm: a list of ``collections.Counter`` by metric."""
    return [counter.counts for counter in counters(call, Counts)]


def counters(call, kind):
    """Return the counters, made by ``kind``, of some calls once warm."""
    with uncollected():
        return [_count_once(call, kind()) for _ in range(WARM_UP + REPEATS)][WARM_UP:]


def count_garbage(call):
    """Return how many objects one ``call`` leaves in cycles, which the collector alone frees. Raises Inexact."""
    with uncollected():
        _leave_garbage(call)
        left = [_leave_garbage(call) for _ in range(REPEATS)]
    return equal("objects left to the collector", left) / CALLS


def _leave_garbage(call):
    for _ in range(CALLS):
        settle(call())
    time.sleep(0.1)  # asgiref does not wait for the thread that ends a request's thread
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        # A context variable's tree has nodes as addresses have it.
        return sum(not type(each).__name__.startswith("hamt") for each in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.collect()


@contextlib.contextmanager
def uncollected():
    """Put garbage collection off: it would run finalizers in the middle of one request and not of another."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _count_once(call, counter):
    settle(watched(counter.start, call, counter.native))
    return counter
