"""The proof: that a benchmark does the work that its name says, where it says (rule 1 of the design).

The proof runs the very callable that is timed, and watches it from outside.
"""

import asyncio
import collections
import contextlib
import gc
import inspect
import re
import threading
import warnings

from django.urls import resolve

from harness.loop import settle
from harness.response import Lie
from harness.watch import watched

_NEVER_AWAITED = "coroutine .* was never awaited"

Start = collections.namedtuple("Start", "thread loop")


def witness(call, *functions):
    """Return the value of ``call``, and each function's starts meanwhile, ``{function: [Start]}``."""
    starts = {function.__code__: [] for function in functions}

    def on_start(frame):
        if frame.f_code in starts:
            starts[frame.f_code].append(Start(threading.get_ident(), asyncio._get_running_loop()))

    value = settle(watched(on_start, call))
    return value, {function: starts[function.__code__] for function in functions}


@contextlib.contextmanager
def every_coroutine_awaited():
    """Raise Lie where a coroutine was made within and never awaited: work that was promised and not done."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", message=_NEVER_AWAITED)
        yield
        gc.collect()
    for warning in caught:
        if re.match(_NEVER_AWAITED, str(warning.message)):
            raise Lie(str(warning.message).splitlines()[0])
        warnings.showwarning(warning.message, warning.category, warning.filename, warning.lineno)


def prove_response(response, status, body):
    """Raise Lie unless ``response`` has this status and these bytes."""
    if (response.status, response.body) != (status, body):
        raise Lie("asked for %s %r, got %s %r" % (status, body[:80], response.status, response.body[:80]))


def prove_place(name, starts, own_thread, in_loop, times=1):
    """Raise Lie unless a function started ``times`` times: on the caller's thread or not, in a running loop or not."""
    if len(starts) != times:
        raise Lie("%s ran %d times, not %d" % (name, len(starts), times))
    for start in starts:
        if (start.thread == threading.get_ident()) != own_thread:
            raise Lie("%s ran %s the caller's thread" % (name, "outside of" if own_thread else "on"))
        if (start.loop is not None) != in_loop:
            raise Lie("%s ran %s a running event loop" % (name, "without" if in_loop else "in"))


def prove_runs(call, runs, *others):
    """Return the value of ``call`` and the starts of all functions by function: those of ``runs`` and ``others``.

    Raises Lie unless each function of ``runs``, ``{function: times}``, started as often as it says.
    """
    functions = [function for function in [*runs, *others] if function]
    value, starts = witness(call, *functions)
    for function, times in runs.items():
        if len(starts[function]) != times:
            raise Lie("%s ran %d times, not %d" % (function.__qualname__, len(starts[function]), times))
    return value, starts


def view_of(path):
    """Return the function that answers a GET of ``path``, without its decorators: a view or a class's ``get``."""
    function = inspect.unwrap(resolve(path.partition("?")[0]).func)
    view_class = getattr(function, "view_class", None)
    return view_class.get if view_class else function


def prove_view(function, starts, view, sync_caller):
    """Raise Lie unless a view is "sync" or "async", as ``view`` says, and ran once and in its place.

    A sync caller is a WSGI server or Client, an async one an ASGI server or AsyncClient.
    """
    if asyncio.iscoroutinefunction(function) != (view == "async"):
        raise Lie("the view %s is not %s" % (function.__name__, view))
    prove_place(function.__name__, starts, own_thread=sync_caller == (view == "sync"), in_loop=view == "async")


def prove_closed(starts):
    """Raise Lie unless a response was closed, by the starts of ``HttpResponseBase.close``."""
    if not starts:
        raise Lie("the response was not closed")
