"""The asv class behind each scenario: one request over interface x view, timed, counted and proven.

A scenario is a subclass that says its path and its settings; a file of benchmarks imports this module and not the
class, since asv takes each class that it finds in a file for a scenario of that file.
"""

from harness import loop, project
from harness.asgi import ASGICaller, Lifespan
from harness.count import count
from harness.proof import prove_response, prove_view
from harness.wsgi import WSGICaller


def exact(metric, unit):
    """Return a track method for a metric of ``harness.count``, per request."""

    def track(self, *params):
        return count(self.request)[metric]

    track.unit = unit + "/request"
    return track


class Cells:
    """One request to ``path``, whose view answers with ``body``."""

    params = (["WSGI", "ASGI"], ["sync", "async"])
    param_names = ("interface", "view")
    sync_callers = ("WSGI",)

    settings = {}
    path = "/hello/{view}/"
    body = b"Hello, world!"

    def setup(self, interface, view):
        project.configure(**self.settings)
        if view == "async":
            project.need_async_views()
        self.request = self.enter(interface, self.path.format(view=view))

    def enter(self, interface, path):
        """Return the callable that makes one request: a server's entry, after the application's lifespan began."""
        application = project.application(interface)
        if interface == "WSGI":
            return WSGICaller(application, path)
        self.lifespan = Lifespan(application)
        loop.settle(self.lifespan.startup())
        return ASGICaller(application, path)

    def teardown(self, interface, view):
        if hasattr(self, "lifespan"):
            loop.settle(self.lifespan.shutdown())

    def prove(self, interface, view):
        path = self.path.format(view=view)
        value = prove_view(self.request, path, view, interface in self.sync_callers)
        prove_response(self.request.response(value), 200, self.body)

    def time_request(self, interface, view):
        return self.request()

    track_sync_to_async = exact("sync_to_async", "crossings")
    track_async_to_sync = exact("async_to_sync", "crossings")
    track_hops = exact("hops", "hops")
    track_threads = exact("threads", "threads")
    track_event_loops = exact("event_loops", "loops")
    track_tasks = exact("tasks", "tasks")
    track_python_calls = exact("python_calls", "calls")
