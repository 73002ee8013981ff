"""Views that would show what Django keeps: a large upload, a large stream, and a wait until it is released."""

import asyncio
import functools

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.urls import path

from benchproject.views import answered, both, hello
from benchproject.views.responses import answering

CHUNK, CHUNKS = 2**16, 1600

waiting = []  # for each request that waits, a future of its answer


def file_size(request):
    return request.FILES["file"].size


def body_size(request):
    return len(request.body)


def parts_size(request):
    return sum(map(len, iter(functools.partial(request.read, CHUNK), b"")))


SIZES = {"file": file_size, "body": body_size, "parts": parts_size}


def upload(request, reads):
    return HttpResponse(str(SIZES[reads](request)))


class Zeros:
    """A file of zeros that nothing holds whole."""

    def __init__(self):
        self.left = CHUNK * CHUNKS

    def read(self, size):
        size = min(size, self.left)
        self.left -= size
        return bytes(size)


def file(request):
    return FileResponse(Zeros())


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
    *both("upload/<reads>", *answering(upload)),
    *both("stream", stream_sync, stream_async),
    *both("file", *answering(file)),
    path("wait/async/", wait_async),
]
