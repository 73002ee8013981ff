"""The client leaves: how soon a view that nobody waits for any more is cancelled, and what it leaves behind."""

import asyncio
import threading
import time

from django.core.handlers.asgi import ASGIHandler

from benchproject.views import disconnect as views
from harness import cells, project
from harness.count import count_garbage
from harness.proof import prove_place, witness
from harness.response import Lie


class Disconnect(cells.Uncounted):
    """How many seconds after the client left is an async view cancelled, and which tasks and threads are left over?

    Isolates ASGI's http.disconnect while the view waits and while it streams: since Django 5.0.
    """

    PATHS = {"while the view waits": "/wait/async/", "while it streams": "/stream/async/"}

    params = [list(PATHS)]
    param_names = ["client_leaves"]
    urlconf = "benchproject.views.disconnect"
    patience = 2  # seconds after which a view is taken for one that never starts or is never cancelled
    settling = 0.1  # seconds: asgiref does not wait for the thread that ends a request's thread
    times = 30

    def setup(self, moment):
        project.need("http.disconnect (Django 5.0)", hasattr(ASGIHandler, "listen_for_disconnect"))
        super().setup("ASGI", "async", moment)

    def path(self, moment):
        return self.PATHS[moment]

    async def leave(self):
        """Return the seconds from the client's leaving to the view's cancellation. Raises Lie where it is not."""
        body, left, starts, ends = [{"type": "http.request"}], asyncio.Event(), len(views.started), len(views.cancelled)

        async def receive():
            return body.pop() if body else await left.wait() and {"type": "http.disconnect"}

        async def send(message):
            pass

        request = asyncio.ensure_future(self.request.application(self.request.scope.copy(), receive, send))
        await self.until(lambda: len(views.started) > starts, "started")
        start = time.perf_counter()
        left.set()
        await self.until(request.done, "ended")
        await request
        await self.until(lambda: len(views.cancelled) > ends, "cancelled")
        return views.cancelled[-1] - start

    async def until(self, happened, word):
        end = time.perf_counter() + self.patience
        while not happened():
            if time.perf_counter() > end:
                raise Lie("the view whose client left was not %s" % word)
            await asyncio.sleep(0)

    async def left_over(self, things):
        """Return how many things are there, once clients have left, that were not there before and do not soon end."""
        await asyncio.sleep(self.settling)
        before = len(things())
        for _ in range(self.times):
            await self.leave()
        await asyncio.sleep(self.settling)
        return len(things()) - before

    async def track_seconds(self, moment):
        return {"samples": [await self.leave() for _ in range(self.times)], "number": 1}

    async def track_tasks_left(self, moment):
        return await self.left_over(asyncio.all_tasks)

    async def track_threads_left(self, moment):
        return await self.left_over(threading.enumerate)

    def track_garbage(self, moment):
        return count_garbage(self.leave)

    track_garbage.unit = "objects"
    track_seconds.unit, track_tasks_left.unit, track_threads_left.unit = "seconds", "tasks", "threads"

    def prove(self, moment):
        function = self.view_function(moment)
        _, starts = witness(self.leave, function)
        prove_place(function.__name__, starts[function], own_thread=True, in_loop=True)
