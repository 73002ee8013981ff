"""A sync view that waits for async code several times, each time by a crossing of its own."""

import contextlib

from asgiref import sync
from django.http import HttpResponse
from django.urls import path

from benchproject.views import answered

# In which calls of async_to_sync are made; asgiref has none of its own before 3.10.
CONTEXTS = {
    "none": contextlib.nullcontext,
    "AsyncSingleThreadContext": getattr(sync, "AsyncSingleThreadContext", None),
}


async def look():
    return "Hello, world!"


def calls_sync(request, calls, context):
    next(answered)
    with CONTEXTS[context]():
        return HttpResponse("\n".join(sync.async_to_sync(look)() for _ in range(calls)))


urlpatterns = [path("calls/<int:calls>/<context>/sync/", calls_sync)]
