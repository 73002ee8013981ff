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

from django.core.signals import request_finished, request_started
from django.urls import resolve

from harness.loop import settle
from harness.response import Lie
from harness.watch import watched

NEVER_AWAITED = "coroutine .* was never awaited"

Start = collections.namedtuple("Start", "thread loop argument")
"""Where a function started, and its first argument."""


def witness(call, *functions):
    """Return the value of ``call``, and each function's starts meanwhile, ``{function: [Start]}``."""
    starts = {function.__code__: [] for function in functions}

    def on_start(frame):
        if frame.f_code in starts:
            argument = frame.f_locals.get(next(iter(frame.f_code.co_varnames), None))
            starts[frame.f_code].append(here(argument))

    value = settle(watched(on_start, call))
    return value, {function: starts[function.__code__] for function in functions}


def here(argument=None):
    return Start(threading.get_ident(), asyncio._get_running_loop(), argument)


@contextlib.contextmanager
def signals_received():
    """Yield the starts of a receiver of request_started and of one of request_finished, which are there meanwhile."""
    starts = {request_started: [], request_finished: []}

    def receive(signal, **named):
        starts[signal].append(here())

    for signal in starts:
        signal.connect(receive)
    try:
        yield starts[request_started], starts[request_finished]
    finally:
        for signal in starts:
            signal.disconnect(receive)


@contextlib.contextmanager
def every_coroutine_awaited(in_cycles=True):
    """Raise Lie where a coroutine was made within and never awaited: work that was promised and not done.

    Where ``in_cycles``, also those that only the garbage collector finds.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", message=NEVER_AWAITED)
        yield
        if in_cycles:
            gc.collect()
    for warning in caught:
        if re.match(NEVER_AWAITED, str(warning.message)):
            raise Lie(str(warning.message).splitlines()[0])
        warnings.showwarning(warning.message, warning.category, warning.filename, warning.lineno)


def prove_response(response, status, body):
    """Raise Lie unless ``response`` has this status and these bytes."""
    if (response.status, response.body) != (status, body):
        raise Lie("asked for %s %r, got %s %r" % (status, body[:80], response.status, response.body[:80]))


def prove_place(name, starts, own_thread, in_loop, times=1):
    """Raise Lie unless a function started ``times`` times: on the caller's thread or not, in a running loop or not."""
    prove_times(name, starts, times)
    for start in starts:
        if (start.thread == threading.get_ident()) != own_thread:
            raise Lie("%s ran %s the caller's thread" % (name, "outside of" if own_thread else "on"))
        if (start.loop is not None) != in_loop:
            raise Lie("%s ran %s a running event loop" % (name, "without" if in_loop else "in"))


def prove_times(name, starts, times):
    """Raise Lie unless a function started ``times`` times at least, or never where that is 0: counts tell how often."""
    if len(starts) < times or (starts and not times):
        raise Lie("%s ran %d times, not %d" % (name, len(starts), times))


def prove_runs(call, runs, *others):
    """Return the value of ``call`` and the starts of all functions by function: those of ``runs`` and ``others``.

    Raises Lie unless each function of ``runs``, ``{function: times}``, started so often, or not where that is 0.
    """
    functions = [function for function in [*runs, *others] if function]
    value, starts = witness(call, *functions)
    for function, times in runs.items():
        prove_times(function.__qualname__, starts[function], times)
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


def prove_answers(function, answers):
    """Raise Lie unless a view counted itself as it answered."""
    if not answers:
        raise Lie("%s did not count its answer: next(answered), of benchproject.views" % function.__qualname__)


def prove_signals(started, finished):
    """Raise Lie unless a request was announced to those who wait for its start, and for its end."""
    if not started or not finished:
        raise Lie("request_started was sent %d times, request_finished %d times" % (len(started), len(finished)))


def prove_one_thread(name, starts, others):
    """Raise Lie unless thread-sensitive code of one request, a view and a receiver, ran on one thread (asgiref)."""
    if {start.thread for start in starts} - {start.thread for start in others}:
        raise Lie("%s ran outside of the thread of its request" % name)


def prove_headers(response, headers):
    """Raise Lie unless a response has each of some headers, ``{name: value}``, once."""
    for name, value in headers.items():
        found = [its for other, its in response.headers if other.lower() == name.lower()]
        if found != [value]:
            raise Lie("asked for the header %s: %s, got %s" % (name, value, found))
