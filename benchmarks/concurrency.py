"""Many requests in flight on one loop, each in a task of its own as a server has it: what one costs, and what waits."""

import asyncio
import time

from django.core.handlers import asgi

from benchproject.views import concurrency as views
from harness import cells, loop, project, proof
from harness.response import Lie


class InFlight(cells.Uncounted):
    """What does a request cost while others are in flight, and how far is that from the ideal?

    Ideally all wait together, for 10 ms, and those that compute, for 1 ms each, do nothing else. Timed only: which
    thread runs when is chance. Async views since Django 3.1; sync views wait one after the other before 4.0.
    """

    KINDS = {
        "async, waits": "/wait/async/",
        "async, gathers three waits": "/gather/async/",
        "sync, waits": "/wait/sync/",
        "sync, computes": "/compute/sync/",
    }

    params = [[1, 10, 100, 1000], list(KINDS)]
    param_names = ["in_flight", "view"]
    urlconf = "benchproject.views.concurrency"
    budget = 0.2  # seconds for the samples of a figure

    def setup(self, in_flight, kind):
        threads = hasattr(asgi, "ThreadSensitiveContext") or kind != "sync, waits" or in_flight < 1000
        project.need("a thread for each request (Django 4.0): this would take 10 seconds", threads)
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
