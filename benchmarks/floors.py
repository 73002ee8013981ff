"""The floors: what the machine charges before Django does anything.

Set against these a request's cost can be told apart: so much for the loop, so much for the threads, the rest Django.
"""

import asyncio

from asgiref.sync import async_to_sync, sync_to_async

from harness import asgi, loop, wsgi
from harness.proof import prove_place, prove_response, prove_runs, witness


def nothing():
    pass


async def nothing_awaited():
    pass


def bare_wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [b"Hello, world!"]


async def bare_asgi(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"text/html")]})
    await send({"type": "http.response.body", "body": b"Hello, world!"})


class EventLoop:
    """What does an event loop cost: made and closed, made for one coroutine, or there already and entered?"""

    def setup(self):
        loop.get()

    def time_create_and_close(self):
        asyncio.new_event_loop().close()

    def time_asyncio_run(self):
        asyncio.run(nothing_awaited())

    def time_run_until_complete(self):
        loop.get().run_until_complete(nothing_awaited())

    def prove(self):
        made, closed = asyncio.BaseEventLoop.__init__, asyncio.BaseEventLoop.close
        prove_runs(self.time_create_and_close, {made: 1, closed: 1})
        prove_runs(self.time_asyncio_run, {made: 1, nothing_awaited: 1, closed: 1})
        prove_runs(self.time_run_until_complete, {made: 0, nothing_awaited: 1, closed: 0})


class Coroutine:
    """What does awaiting a coroutine that does nothing cost?"""

    async def time_await(self):
        await nothing_awaited()

    def prove(self):
        prove_runs(self.time_await, {nothing_awaited: 1})


class Thread:
    """What does sending a function that does nothing to a waiting thread cost, there and back?"""

    async def time_run_in_executor(self):
        await asyncio.get_running_loop().run_in_executor(None, nothing)

    def prove(self):
        prove_nothing_ran(self.time_run_in_executor, nothing, in_loop=False)


class SyncToAsync:
    """What does one crossing from async to sync code cost, on asgiref's shared thread or any?"""

    params = [True, False]
    param_names = ["thread_sensitive"]

    def setup(self, thread_sensitive):
        self.crossing = sync_to_async(nothing, thread_sensitive=thread_sensitive)

    async def time_crossing(self, thread_sensitive):
        await self.crossing()

    def prove(self, thread_sensitive):
        prove_nothing_ran(lambda: self.time_crossing(thread_sensitive), nothing, in_loop=False)


class AsyncToSync:
    """What does one crossing from sync to async code cost, with a loop made for it?"""

    def setup(self):
        self.crossing = async_to_sync(nothing_awaited)

    def time_crossing(self):
        self.crossing()

    def prove(self):
        prove_nothing_ran(self.time_crossing, nothing_awaited, in_loop=True)


class BareWSGI:
    """What do the harness and a WSGI application that does nothing cost a request?"""

    def setup(self):
        self.request = wsgi.WSGICaller(bare_wsgi, "/")

    def time_request(self):
        self.request()

    def prove(self):
        prove_response(self.request.response(self.request()), 200, b"Hello, world!")


class BareASGI:
    """What do the harness and an ASGI application that does nothing cost a request?

    ``time_request`` less ``time_await`` is the harness's own part of each ASGI figure.
    """

    def setup(self):
        self.request = asgi.ASGICaller(bare_asgi, "/")

    async def time_request(self):
        await self.request()

    async def time_await(self):
        await bare_asgi(self.request.scope, self.receive, self.send)

    async def receive(self):
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message):
        pass

    def prove(self):
        prove_response(self.request.response(loop.settle(self.request())), 200, b"Hello, world!")


def prove_nothing_ran(call, function, in_loop):
    """Raise Lie unless ``call`` runs ``function`` once, on another thread."""
    _, starts = witness(call, function)
    prove_place(function.__name__, starts[function], own_thread=False, in_loop=in_loop)
