"""Views whose client leaves while they wait: they write down when they started, and when they were cancelled."""

import asyncio
import time

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from benchproject.views import answered

WAIT = 10

started, cancelled = [], []


async def wait():
    started.append(time.perf_counter())
    try:
        await asyncio.sleep(WAIT)
    except asyncio.CancelledError:
        cancelled.append(time.perf_counter())
        raise


async def wait_async(request):
    next(answered)
    await wait()
    return HttpResponse(b"Hello, world!")


async def chunks():
    yield b"Hello, "
    await wait()
    yield b"world!"


async def stream_async(request):
    next(answered)
    return StreamingHttpResponse(chunks())


urlpatterns = [
    path("wait/async/", wait_async),
    path("stream/async/", stream_async),
]
