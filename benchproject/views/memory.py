"""Views that would show what Django keeps: a large upload, a large stream, and a wait until it is released."""

import asyncio

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from benchproject.views import answered, both, hello

CHUNK, CHUNKS = 2**16, 1600

waiting = []  # for each request that waits, a future of its answer


def upload_sync(request):
    next(answered)
    return HttpResponse(str(request.FILES["file"].size))


async def upload_async(request):
    next(answered)
    return HttpResponse(str(request.FILES["file"].size))


def stream_sync(request):
    next(answered)
    return StreamingHttpResponse(bytes(CHUNK) for _ in range(CHUNKS))


async def stream_async(request):
    next(answered)
    return StreamingHttpResponse(chunks())


async def chunks():
    for _ in range(CHUNKS):
        yield bytes(CHUNK)


async def wait_async(request):
    next(answered)
    waiting.append(asyncio.get_running_loop().create_future())
    return HttpResponse(await waiting[-1])


urlpatterns = [
    *hello.urlpatterns,
    *both("upload", upload_sync, upload_async),
    *both("stream", stream_sync, stream_async),
    path("wait/async/", wait_async),
]
