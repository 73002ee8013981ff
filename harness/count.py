"""Exact counters: what one request does, counted by the functions that it starts.

Each count is the same on every repeat, or it is refused: a count that varies is no fact.
"""

import asyncio
import collections
import concurrent.futures
import contextlib
import gc
import os
import threading
import weakref

import asgiref
import django
from asgiref.current_thread_executor import CurrentThreadExecutor
from asgiref.sync import AsyncToSync, SyncToAsync
from django.db.backends.utils import CursorWrapper

from harness.loop import settle
from harness.watch import watched

WARM_UP, REPEATS = 2, 3

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

_COUNTED_CODE = tuple(os.path.dirname(package.__file__) + os.sep for package in (django, asgiref))


class Inexact(Exception):
    """A count differed between two repeats of the same request."""


class Counts:
    """Counts for ``watch``: call it with each frame that starts; ``counts`` maps a metric to its count.

    sync_to_async, async_to_sync: crossings. hops: calls submitted to another thread, by an executor or as a task for
    another thread's loop. threads, event_loops, tasks: those created. queries: SQL statements sent. python_calls:
    Python functions of Django and asgiref called; what a finalizer calls is left out, since the thread that drops the
    last reference runs it, and when depends on the timing of threads. So are, for the same reason, the event loop's
    own frames.
    """

    def __init__(self):
        self.counts = collections.Counter()

    def __call__(self, frame):
        code = frame.f_code
        if is_counted(code) and not _is_finalizing(frame):
            self.count_python_call(frame)
        if id(code) in _METRIC:
            self.counts[_METRIC[id(code)]] += 1
        elif code is _THREADSAFE and _creates_task(frame.f_locals["callback"]):
            self.counts["hops"] += 1

    def count_python_call(self, frame):
        self.counts["python_calls"] += 1


def is_counted(code):
    """Tell whether a code object is Django's or asgiref's."""
    return code.co_filename.startswith(_COUNTED_CODE)


def _is_finalizing(frame):
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
    repeats = counts(call)
    if len({repeat[metric] for repeat in repeats}) > 1:
        raise Inexact("%s of the same request differ: %s" % (metric, [dict(repeat) for repeat in repeats]))
    return repeats[0][metric]


def counts(call):
    """Return what each of some calls does, once warm: a list of ``collections.Counter`` by metric."""
    return [counter.counts for counter in counters(call, Counts)]


def counters(call, kind):
    """Return the counters, made by ``kind``, of some calls once warm."""
    with uncollected():
        return [_count_once(call, kind()) for _ in range(WARM_UP + REPEATS)][WARM_UP:]


@contextlib.contextmanager
def uncollected():
    """Put garbage collection off: it would run finalizers in the middle of one request and not of another."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _count_once(call, counter):
    settle(watched(counter, call))
    return counter
