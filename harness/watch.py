"""Sees every Python function that starts, on every thread.

One mechanism serves the counters and the proof: nothing in Django, asgiref or the measured project is patched or
marked for them, so what is counted and proven is the code that is timed.
"""

import concurrent.futures
import contextlib
import dis
import functools
import inspect
import sys
import threading

from asgiref.sync import SyncToAsync

from harness import loop

_TOOL = 4  # the first of sys.monitoring's tool ids that no kind of tool is advised to use


def watched(on_start, call):
    """Call ``call`` and return its value, or an awaitable of it where it is awaitable.

    ``on_start(frame)`` is called for each Python function that starts meanwhile, on any thread; a generator or a
    coroutine that resumes does not start.
    """
    with _watch(on_start):
        value = call()
    return _awaited(on_start, value) if inspect.isawaitable(value) else value


async def _awaited(on_start, awaitable):
    with _watch(on_start):
        return await awaitable


@contextlib.contextmanager
def _monitor(on_start):
    """Watch by sys.monitoring (PEP 669): it sees every thread, and where none watches it costs nothing."""
    monitoring = sys.monitoring
    monitoring.use_tool_id(_TOOL, __name__)
    monitoring.register_callback(_TOOL, monitoring.events.PY_START, lambda code, offset: on_start(sys._getframe(1)))
    monitoring.set_events(_TOOL, monitoring.events.PY_START)
    try:
        yield
    finally:
        monitoring.set_events(_TOOL, 0)
        monitoring.register_callback(_TOOL, monitoring.events.PY_START, None)
        monitoring.free_tool_id(_TOOL)


@contextlib.contextmanager
def _profile(on_start):
    """Watch by a profile function, which only threads started from now on get.

    The threads of asgiref and of the loop may be older, so others take their place, and each thread stops profiling by
    itself once the watch is over: nothing can stop it from outside before Python 3.12.
    """
    watching = True

    def profile(frame, event, arg):
        if not watching:
            sys.setprofile(None)
        elif event == "call" and frame.f_lasti == _first_instruction(frame.f_code):
            on_start(frame)

    SyncToAsync.single_thread_executor = _anew(SyncToAsync.single_thread_executor)
    if loop.get()._default_executor:
        loop.get().set_default_executor(_anew(loop.get()._default_executor))
    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield
    finally:
        watching = False
        sys.setprofile(None)
        threading.setprofile(None)


def _anew(pool):
    """Return a pool like ``pool``, whose threads end."""
    pool.shutdown(wait=False)
    return concurrent.futures.ThreadPoolExecutor(max_workers=pool._max_workers)


@functools.lru_cache(maxsize=None)
def _first_instruction(code):
    """Return ``f_lasti`` of a frame that starts: before the first instruction, or Python 3.11's first RESUME."""
    return next((i.offset for i in dis.get_instructions(code) if i.opname == "RESUME"), -1)


_watch = _monitor if hasattr(sys, "monitoring") else _profile
