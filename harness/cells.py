"""The asv classes behind the scenarios: one request, or one call, that is timed, counted and proven.

A scenario is a subclass that says what is different about it: its path, its settings, what the request carries, what
comes back, which functions run. A file of benchmarks imports this module and not its classes, since asv takes each
class that it finds in a file for a scenario of that file.
"""

import secrets

from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import response_for_exception
from django.http.response import HttpResponseBase
from django.urls import set_urlconf

from benchproject.views import answered
from harness import loop, project, proof
from harness.asgi import ASGICaller, Lifespan
from harness.bytecodes import count_bytecodes
from harness.count import count, count_garbage
from harness.wsgi import WSGICaller


def exact(metric, unit):
    """Return a track method for a metric of ``harness.count``, per request or call."""

    def track(self, *params):
        return count(self.request, metric)

    track.unit = unit
    return track


def garbage(self, *params):
    """Track method: the objects that one request or call leaves to the garbage collector."""
    return count_garbage(self.request)


garbage.unit = "objects"


COST = {
    "instructions": "instructions",
    "time_to_anchor": "of the anchor",
    "anchor_to_itself": "of the anchor",
    "anchor_seconds": "seconds",
}
"""The unit of each metric of a cost."""


def over(base, **variants):
    """Return ``params`` and ``param_names`` of a class whose cells come in ``variants``: the values by name."""
    return list(base.params) + list(variants.values()), list(base.param_names) + list(variants)


class Counted:
    """What is called is ``self.request``; a subclass's setup makes it, its ``prove`` proves it."""

    rounds = 1
    warmup_time = 0.05
    layouts = 3  # of memory, over which instructions are counted
    pairs = 4  # of processes, which are timed beside the anchor

    track_sync_to_async = exact("sync_to_async", "crossings")
    track_async_to_sync = exact("async_to_sync", "crossings")
    track_hops = exact("hops", "hops")
    track_python_calls = exact("python_calls", "calls")
    track_native_calls = exact("native_calls", "calls")

    def track_bytecodes(self, *params):
        return count_bytecodes(self.request)

    track_bytecodes.unit = "bytecodes"


def costed(*params):
    """Return a decorator of a class: what does a request of it cost, in instructions and in time beside the anchor?

    See ``harness.at_once``. ``params`` are lists of values, as a class's params; without any they are the class's.
    """

    def give(scenario):
        for metric, unit in COST.items():
            setattr(scenario, "track_" + metric, _of_one_request(unit, params))
        return scenario

    return give


def _of_one_request(unit, params):
    def track(self, *params):
        return self.request()

    track.unit = unit
    if params:
        track.params = params
    return track


class Calls(Counted):
    """A call of one of Django's or asgiref's functions. A subclass says its ``params``, ``call`` and ``runs``."""

    def setup(self, *variant):
        project.configure(**self.settings(*variant))
        self.request = self.call(*variant)

    def settings(self, *variant):
        """Return the settings that differ from benchproject's."""
        return {}

    def call(self, *variant):
        """Return the callable to measure; what it returns is awaited if it is awaitable."""
        raise NotImplementedError("a scenario says what it calls")

    def runs(self, *variant):
        """Return the functions that one call must start, and how often: ``{function: times}``."""
        raise NotImplementedError("a scenario says what proves it")

    def time_call(self, *variant):
        return self.request()

    def prove(self, *variant):
        proof.prove_runs(self.request, self.runs(*variant))


class Cells(Counted):
    """One request, over interface x view and the variants of a subclass.

    Each hook gets the variant's parameters; ``self.interface`` and ``self.view`` say which cell it is.
    """

    params = (["WSGI", "ASGI"], ["sync", "async"])
    param_names = ("interface", "view")
    sync_callers = ("WSGI",)
    urlconf = "benchproject.views.hello"  # whose routes are there
    raises = False  # whether Django handles an exception
    varies = False  # whether what comes back tells what the request carried
    seed = ""  # makes another request of it, in a proof

    def settings(self, *variant):
        """Return the settings that differ from benchproject's."""
        return {}

    def prepare(self, *variant):
        """Make what the request finds, once the settings are there: tables, rows, files."""

    def path(self, *variant):
        """Return the path of the request."""
        return "/hello/%s/" % self.view

    def message(self, *variant):
        """Return what the request carries beside its path: keyword arguments of the callers."""
        return {}

    def answer(self, *variant):
        """Return the status and the body that must come back."""
        return 200, b"Hello, world!"

    def headers(self, *variant):
        """Return headers that must come back: ``{name: value}``."""
        return {"Content-Type": "text/html; charset=utf-8"}

    def view_function(self, *variant):
        """Return the function that must run once as the view, in its place; None where no view runs."""
        return proof.view_of(self.path(*variant))

    def runs(self, *variant):
        """Return what else must start during the request, and how often: ``{function: times}``."""
        return {}

    def setup(self, interface, view, *variant):
        self.interface, self.view = interface, view
        project.configure(**dict({"ROOT_URLCONF": self.urlconf}, **self.settings(*variant)))
        if view == "async":
            project.need_async_views()
        self.prepare(*variant)
        message = dict(self.message(*variant), status=self.answer(*variant)[0])
        self.request = self.enter(self.path(*variant), message)
        self.answers = 1 if self.view_function(*variant) else 0

    def enter(self, path, message):
        """Return the callable that makes one request: a server's entry, after the application's lifespan began."""
        application = project.application(self.interface)
        if self.interface == "WSGI":
            return WSGICaller(application, path, **message)
        self.lifespan = Lifespan(application)
        loop.settle(self.lifespan.startup())
        return ASGICaller(application, path, **message)

    def teardown(self, *params):
        if hasattr(self, "lifespan"):
            loop.settle(self.lifespan.shutdown())

    def prove(self, interface, view, *variant):
        function = self.view_function(*variant)
        runs = self.runs(*variant)
        handled = {each: times for each, times in self.handled().items() if each not in runs}
        before = next(answered)
        with proof.signals_received() as (started, finished):
            value, starts = proof.prove_runs(self.request, runs, function, HttpResponseBase.close, *handled)
        if function:
            proof.prove_view(function, starts[function], view, interface in self.sync_callers)
        proof.prove_closed(starts[HttpResponseBase.close])
        self.prove_response(self.request.response(value), *variant)
        for each, times in handled.items():
            proof.prove_times(each.__qualname__, starts[each], times)
        proof.prove_signals(started, finished)
        if function:
            proof.prove_answers(function, next(answered) - before - 1)
            self.prove_request(starts[function][0].argument, *variant)
            if interface == "ASGI" and view == "sync":
                proof.prove_one_thread(function.__qualname__, starts[function], started)
        self.prove_response(self.request.response(loop.settle(self.request())), *variant)  # while nobody watches
        if self.varies:
            self.seed = secrets.token_hex(8)
            try:
                self.prove_another(*variant)
            finally:
                self.seed = ""

    def prove_another(self, *variant):
        """Raise Lie unless a request of ``seed``, which nobody knew before, is answered by what it carries."""
        message = dict(self.message(*variant), status=self.answer(*variant)[0])
        request = type(self.request)(self.request.application, self.path(*variant), **message)
        self.prove_response(request.response(loop.settle(request())), *variant)

    def handled(self):
        """Return what each request starts of Django's, and what none that goes well does: ``{function: times}``."""
        failing = [] if self.raises else [response_for_exception, BaseHandler.process_exception_by_middleware]
        return {set_urlconf: 1, **dict.fromkeys(failing, 0)}

    def prove_request(self, request, *variant):
        """Raise Lie unless a view was given what it must find: its request, or itself where it is a method."""

    def prove_response(self, response, *variant):
        """Raise Lie unless ``response`` is the one that must come back."""
        proof.prove_response(response, *self.answer(*variant))
        proof.prove_headers(response, self.headers(*variant))

    def time_request(self, *params):
        return self.request()


class Uncounted(Cells):
    """One request whose figures are the scenario's own: neither its time nor its counts are asked for."""

    time_request = track_sync_to_async = track_async_to_sync = track_hops = None
    track_python_calls = track_native_calls = track_bytecodes = None


class NativeCells(Cells):
    """One request to a sync view under WSGI and to an async view under ASGI: where crossings are not the question."""

    params = (["WSGI", "ASGI"],)
    param_names = ("interface",)

    def setup(self, interface, *variant):
        super().setup(interface, NATIVE[interface], *variant)

    def prove(self, interface, *variant):
        super().prove(interface, NATIVE[interface], *variant)


NATIVE = {"WSGI": "sync", "ASGI": "async"}
