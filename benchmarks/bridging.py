"""Bridging: what asgiref's crossings cost beside Django, and what its adapter costs a Django under WSGI."""

import contextvars
from concurrent.futures import ThreadPoolExecutor

import asgiref
from asgiref import sync
from asgiref.current_thread_executor import CurrentThreadExecutor
from asgiref.sync import AsyncToSync, SyncToAsync, ThreadSensitiveContext, async_to_sync, sync_to_async
from asgiref.wsgi import WsgiToAsgi

from benchproject.views import bridging as views
from harness import cells, loop, project, proof
from harness.asgi import ASGICaller
from harness.response import Lie

VARIABLES = contextvars.ContextVar("variables", default=0)


def look():
    return VARIABLES.get()


async def look_async():
    return VARIABLES.get()


class ThreadSensitive(cells.Calls):
    """What do crossings cost, each in the one before, by their depth and by the context variables carried along?

    Depth 4 from async code is sync_to_async(async_to_sync(sync_to_async(async_to_sync(look_async)))).
    """

    params = (["sync_to_async", "async_to_sync"], [1, 2, 4], [0, 100])
    param_names = ("outermost", "depth", "context_variables")
    track_threads = cells.exact("threads", "threads")
    thread_sensitive = on_shared_thread = True

    def call(self, outermost, depth, variables):
        for number in range(1, variables):
            contextvars.ContextVar("variable_%d" % number).set(number)
        VARIABLES.set(variables)
        self.from_async = outermost == "sync_to_async"
        self.innermost = look if self.from_async == depth % 2 else look_async
        crossing = self.innermost
        for _ in range(depth):
            crossing = self.other_side(crossing)
        return crossing

    def other_side(self, function):
        if sync.iscoroutinefunction(function):
            # Made at its call, as is usual: before asgiref 3.8 it runs in the loop that was there when it was made.
            return lambda: async_to_sync(function)()
        return sync_to_async(function, thread_sensitive=self.thread_sensitive)

    def runs(self, outermost, depth, variables):
        to_async = (depth + self.from_async) // 2
        inner = to_async - self.from_async if self.thread_sensitive else 0  # these wait for a thread that waits
        return {
            SyncToAsync.__call__: to_async,
            AsyncToSync.__call__: depth - to_async,
            CurrentThreadExecutor.submit: inner,
        }

    def prove(self, *variant):
        value, starts = proof.prove_runs(self.request, self.runs(*variant), self.innermost)
        in_loop = self.innermost is look_async
        proof.prove_place("the innermost function", starts[self.innermost], in_loop == self.from_async, in_loop)
        if value != variant[-1]:
            raise Lie("%s context variables came through, not %s" % (value, variant[-1]))
        # In the very process that is measured nothing else uses asgiref's shared thread.
        if bool(SyncToAsync.single_thread_executor._threads) != (self.from_async and self.on_shared_thread):
            raise Lie("asgiref's shared thread is %s" % ("unused" if self.on_shared_thread else "used"))


class NotThreadSensitive(ThreadSensitive):
    """What do the same crossings cost with thread_sensitive=False, on any of the loop's threads?"""

    params = (["sync_to_async"],) + ThreadSensitive.params[1:]
    thread_sensitive = on_shared_thread = False

    def call(self, outermost, depth, variables):
        # As many threads as are busy at once: of more, some would be started later, as timing has it.
        loop.get().set_default_executor(ThreadPoolExecutor(max_workers=(depth + 1) // 2))
        return super().call(outermost, depth, variables)


class InThreadSensitiveContext(ThreadSensitive):
    """What do they cost in a ThreadSensitiveContext of their own, as each of Django's ASGI requests has one?"""

    params = NotThreadSensitive.params
    on_shared_thread = False

    def call(self, *variant):
        crossing = super().call(*variant)

        async def in_context():
            async with ThreadSensitiveContext():
                return await crossing()

        return in_context

    def runs(self, *variant):
        return {**super().runs(*variant), ThreadSensitiveContext.__aexit__: 1}


class Repeated(cells.Cells):
    """What do calls of async_to_sync cost in one request of a sync view, and do they share a thread and a loop?

    Under WSGI each has both made for it; those of an AsyncSingleThreadContext (asgiref 3.10) share a thread. Under ASGI
    all go to the server's loop.
    """

    params = (["WSGI", "ASGI"], [1, 5], list(views.CONTEXTS))
    param_names = ("interface", "calls", "context")
    urlconf = "benchproject.views.bridging"
    track_threads = cells.exact("threads", "threads")
    track_event_loops = cells.exact("event_loops", "loops")
    track_tasks = cells.exact("tasks", "tasks")

    def setup(self, interface, *variant):
        super().setup(interface, "sync", *variant)

    def prepare(self, calls, context):
        if not views.CONTEXTS[context]:
            raise NotImplementedError("asgiref %s lacks %s" % (asgiref.__version__, context))

    def path(self, calls, context):
        return "/calls/%d/%s/sync/" % (calls, context)

    def answer(self, calls, context):
        return 200, b"\n".join([b"Hello, world!"] * calls)

    def runs(self, calls, context):
        return {views.CONTEXTS[context].__enter__: 1}

    def prove(self, interface, *variant):
        super().prove(interface, "sync", *variant)
        _, starts = proof.prove_runs(self.request, {AsyncToSync.__call__: variant[0]}, views.look)
        proof.prove_place("look", starts[views.look], interface == "ASGI", in_loop=True, times=variant[0])


@cells.costed()
class WsgiAdapter(cells.Cells):
    """What does Django's WSGI application cost in asgiref's WsgiToAsgi, over handlers.Hello under ASGI?"""

    params = (["WsgiToAsgi"], ["sync", "async"])
    track_threads = cells.exact("threads", "threads")

    def enter(self, path, message):
        return ASGICaller(WsgiToAsgi(project.application("WSGI")), path, **message)

    def prove(self, interface, view):
        # Not Cells.prove: WsgiToAsgi does not close the response, as PEP 3333 has it.
        function = self.view_function()
        value, starts = proof.prove_runs(self.request, {WsgiToAsgi.__call__: 1}, function)
        proof.prove_view(function, starts[function], view, sync_caller=False)
        self.prove_response(self.request.response(value))
