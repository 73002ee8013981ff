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

from django.http.response import HttpResponseBase
from django.urls import resolve

from harness.loop import settle
from harness.response import Lie
from harness.watch import watched

_NEVER_AWAITED = "coroutine .* was never awaited"

Start = collections.namedtuple("Start", "thread loop")


def witness(call, *functions):
    """Return the value of ``call``, and each of ``functions``' starts meanwhile: thread ident and running loop."""
    starts = {function.__code__: [] for function in functions}

    def on_start(frame):
        if frame.f_code in starts:
            starts[frame.f_code].append(Start(threading.get_ident(), asyncio._get_running_loop()))

    value = settle(watched(on_start, call))
    return value, [starts[function.__code__] for function in functions]


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


def prove_view(call, path, view, sync_caller):
    """Return the value of ``call``, a request for ``path``, whose view is "sync" or "async".

    Raises Lie unless the view that ``path`` resolves to is of that kind and ran once, in its place, and the response
    was closed. A sync caller is a WSGI server or Client, an async one an ASGI server or AsyncClient.
    """
    function = inspect.unwrap(resolve(path.partition("?")[0]).func)
    if asyncio.iscoroutinefunction(function) != (view == "async"):
        raise Lie("the view of %s, %s, is not %s" % (path, function.__name__, view))
    value, (ran, closed) = witness(call, function, HttpResponseBase.close)
    own_thread = sync_caller == (view == "sync")
    prove_place(function.__name__, ran, own_thread=own_thread, in_loop=view == "async")
    if not closed:
        raise Lie("the response to %s was not closed" % path)
    return value
