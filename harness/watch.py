"""Sees every Python function that starts and every call of a function in C, on every thread.

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
import types

from asgiref.sync import SyncToAsync

from harness import loop

_TOOL = 4  # the first of sys.monitoring's tool ids that no kind of tool is advised to use


def watched(on_start, call, on_native=None):
    """Call ``call`` and return its value, or an awaitable of it where it is awaitable.

    ``on_start(frame)`` is called for each Python function that starts meanwhile, on any thread; a generator or a
    coroutine that resumes does not start. ``on_native(frame)`` is called for each call of a function in C, with the
    frame that calls it; before Python 3.12 that of a few kinds of such functions is not seen, as sys.setprofile has it.
    """
    with _watch(on_start, on_native):
        value = call()
    return _awaited(on_start, value, on_native) if inspect.isawaitable(value) else value


async def _awaited(on_start, awaitable, on_native):
    with _watch(on_start, on_native):
        return await awaitable


@contextlib.contextmanager
def _monitor(on_start, on_native=None):
    """Watch by sys.monitoring (PEP 669): it sees every thread, and where none watches it costs nothing."""
    events = sys.monitoring.events
    callbacks = {events.PY_START: lambda code, offset: on_start(sys._getframe(1))}
    if on_native:
        callbacks[events.CALL] = lambda code, offset, function, argument: (
            on_native(sys._getframe(1)) if _is_native(function) else None
        )
    with monitored(_TOOL, callbacks):
        sys.monitoring.set_events(_TOOL, sum(callbacks))
        yield


@contextlib.contextmanager
def monitored(tool, callbacks):
    """Be a tool of sys.monitoring with ``{event: callback}``; which events it gets is for the caller to set."""
    sys.monitoring.use_tool_id(tool, __name__)
    try:
        for event, callback in callbacks.items():
            sys.monitoring.register_callback(tool, event, callback)
        yield
    finally:
        sys.monitoring.set_events(tool, 0)
        for event in callbacks:
            sys.monitoring.register_callback(tool, event, None)
        sys.monitoring.free_tool_id(tool)


def _is_native(function):
    """Tell a function in C from a Python function or method, a class, and an object with a __call__ in Python."""
    return _is_native_type(type(function))


@functools.lru_cache(maxsize=None)
def _is_native_type(kind):
    if issubclass(kind, (types.FunctionType, types.MethodType, type)):
        return False
    return not any(isinstance(vars(each).get("__call__"), types.FunctionType) for each in kind.__mro__)


@contextlib.contextmanager
def _profile(on_start, on_native=None):
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
        elif event == "c_call" and on_native:
            on_native(frame)

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
