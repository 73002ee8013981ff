"""Many requests in flight on one loop, each in a task of its own as a server has it: what one costs, and what waits."""

import asyncio
import itertools
import time

from django.core.handlers import asgi

from benchproject.views import concurrency as views
from harness import cells, loop, project, proof
from harness.count import equal
from harness.response import Lie


class InFlight(cells.Uncounted):
    """What does a request cost while others are in flight, and how far is that from the ideal?

    Ideally all wait together, for 10 ms, and those that compute, for 1 ms each, do nothing else. Timed only: which
    thread runs when is chance. Async views since Django 3.1; sync views wait one after the other before 4.0.
    """

    KINDS = {
        "async, waits": "/wait/async/",
        "async, gathers three waits": "/gather/async/",
        "async, waits in a thread": "/wait_in_thread/async/",
        "sync, waits": "/wait/sync/",
        "sync, computes": "/compute/sync/",
    }

    params = [[1, 10, 100, 1000], list(KINDS)]
    param_names = ["in_flight", "view"]
    urlconf = "benchproject.views.concurrency"
    budget = 0.2  # seconds for the samples of a figure

    def setup(self, in_flight, kind):
        queued = kind in ("sync, waits", "async, waits in a thread") and not hasattr(asgi, "ThreadSensitiveContext")
        quick = in_flight < 1000 or not queued
        project.need("a thread for each request (Django 4.0): this would take 10 seconds", quick)
        super().setup("ASGI", kind.partition(",")[0], kind)
        self.one = self.request
        computes = "computes" in kind
        self.alone = min(map(computing, range(5))) if computes else views.WAIT
        self.ideal = self.alone * in_flight if computes else self.alone

    def path(self, kind):
        return self.KINDS[kind]

    async def all(self, in_flight):
        return await asyncio.gather(*[self.one() for _ in range(in_flight)])

    async def samples(self, in_flight, kind):
        """Return seconds from the first request to the last response."""
        samples, end = [], time.perf_counter() + self.budget
        while not samples or time.perf_counter() < end:
            start = time.perf_counter()
            values = await self.all(in_flight)
            samples.append(time.perf_counter() - start)
            self.prove_responses(values, in_flight, kind)
        return samples

    async def track_seconds(self, in_flight, kind):
        samples = [seconds / in_flight for seconds in await self.samples(in_flight, kind)]
        return {"samples": samples, "number": in_flight}

    async def track_times_the_ideal(self, in_flight, kind):
        return min(await self.samples(in_flight, kind)) / self.ideal

    track_seconds.unit = "seconds"
    track_times_the_ideal.unit = "times the ideal"

    def prove(self, in_flight, kind):
        """Watch a few of the requests; the answers of all are looked at where they are timed."""
        few, function, is_async = min(in_flight, 10), self.view_function(kind), kind.startswith("async")
        values, starts = proof.witness(lambda: self.all(few), function)
        proof.prove_place(function.__name__, starts[function], own_thread=is_async, in_loop=is_async, times=few)
        self.prove_responses(values, few, kind)
        if "computes" in kind:
            proof.prove_runs(self.one, {views.compute: 1})
        else:
            self.prove_wait(function)

    def prove_wait(self, function):
        start = time.perf_counter()
        loop.settle(function(None))
        if time.perf_counter() - start < views.WAIT / 2:
            raise Lie("the view does not take the %s s that it should" % views.WAIT)

    def prove_responses(self, values, in_flight, kind):
        if len(values) != in_flight:
            raise Lie("%d requests were in flight, not %d" % (len(values), in_flight))
        for value in values:
            self.prove_response(self.one.response(value), kind)


def computing(_):
    """Return the seconds that one view's computation takes alone."""
    start = time.perf_counter()
    views.compute()
    return time.perf_counter() - start


class AtOnce(cells.Uncounted):
    """How many views of the requests in flight, or how many calls of their sync code, run at a time?

    Isolates the queue for a thread, exactly: each waits until nobody else comes. Since Django 4.0 each request has a
    thread of its own for its thread-sensitive code; before, all share one. Async views since 3.1.
    """

    KINDS = {
        "sync": "/hold/sync/",
        "async": "/hold/async/",
        "async, calls sync code": "/hold_in_threads/1/async/",
        "async, gathers three calls of sync code": "/hold_in_threads/3/async/",
    }

    params = [[1, 10, 100], list(KINDS)]
    param_names = ["in_flight", "view"]
    urlconf = "benchproject.views.concurrency"
    patience = 300  # turns of the loop after which nobody else is expected: seconds would end on a busy machine

    def setup(self, in_flight, kind):
        super().setup("ASGI", kind.partition(",")[0], kind)

    def path(self, kind):
        return self.KINDS[kind]

    def calls(self, in_flight, kind):
        return in_flight * (3 if "three" in kind else 1)

    async def at_once(self, in_flight, kind):
        """Return how many were held at once. Raises Lie unless each was released with an answer that came back."""
        requests = [asyncio.ensure_future(self.request()) for _ in range(in_flight)]
        at_once = await self.arrived(self.calls(in_flight, kind))
        numbers = itertools.count()
        while not all(request.done() for request in requests):
            while views.held:
                views.held.pop().set_result(b"%d " % next(numbers))
            await asyncio.sleep(0)
        answers = b"".join([self.request.response(await request).body for request in requests])
        if sorted(map(int, answers.split())) != list(range(self.calls(in_flight, kind))):
            raise Lie("%d are to be held, and answered was %s" % (self.calls(in_flight, kind), answers[:80]))
        return at_once

    async def track_at_once(self, in_flight, kind):
        return equal("calls at once", [await self.at_once(in_flight, kind) for _ in range(2)])

    track_at_once.unit = "calls"

    async def arrived(self, calls):
        """Return how many are held once all are, or nobody came for a while."""
        arrived = quiet = 0
        while arrived < calls and quiet < self.patience:
            await asyncio.sleep(0.001)
            came = len(views.held) - arrived
            arrived, quiet = arrived + came, 0 if came else quiet + 1
        return arrived

    def prove(self, in_flight, kind):
        few, in_loop = min(in_flight, 10), kind == "async"
        held = views.hold if in_loop else views.hold_until_released
        _, starts = proof.witness(lambda: self.at_once(few, kind), held)
        proof.prove_place(held.__name__, starts[held], in_loop, in_loop, times=self.calls(few, kind))
