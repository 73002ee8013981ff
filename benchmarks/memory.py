"""Memory: what Django keeps of requests that are over, and what it holds while one is large or many wait.

Peaks are those of tracemalloc, which repeat to a kilobyte or so; those of a process's resident memory do not.
"""

import asyncio
import gc
import statistics
import sys
import time
import tracemalloc

from django.http import StreamingHttpResponse

from benchproject.views import memory as views
from harness import cells, loop, project
from harness.response import Lie

THRESHOLD = gc.get_threshold()[0]


class Kept(cells.Uncounted):
    """How many blocks of memory does a request leave behind? None, where Django is healthy.

    Isolates a leak: the smallest request, a thousand times once warm, and the median of five parts, since caches and
    threads still settle in some; half a block counts as none. Async views since Django 3.1.
    """

    urlconf = "benchproject.views.memory"
    REQUESTS = 1000

    def blocks(self, requests):
        """Return how many blocks are allocated after so many requests, garbage apart."""
        for _ in range(requests):
            loop.settle(self.request())
        time.sleep(0.1)  # asgiref does not wait for the thread that ends a request's thread: 100 blocks each
        gc.collect()
        return sys.getallocatedblocks()

    def track_blocks_kept(self, *params):
        blocks = [self.blocks(300)] + [self.blocks(self.REQUESTS // 5) for _ in range(5)]
        grown = statistics.median(after - before for before, after in zip(blocks, blocks[1:]))
        return max(0, round(grown / (self.REQUESTS // 5)))

    track_blocks_kept.unit = "blocks"


class Collector(cells.Uncounted):
    """How often does a request have Python's garbage collector run, and how many seconds does that take?

    Isolates what comes of the cycles that handlers.Hello counts as garbage. In 500 requests the collections repeat to
    one or two. Async views since Django 3.1.
    """

    REQUESTS, PARTS = 500, 5

    def collected(self, requests):
        """Return the seconds of each collection during some requests. Raises Lie where there would be none."""
        times = []

        def note(phase, info):
            times.append(time.perf_counter())

        gc.callbacks.append(note)
        try:
            for _ in range(requests):
                loop.settle(self.request())
        finally:
            gc.callbacks.remove(note)
        if not gc.isenabled() or gc.get_threshold()[0] != THRESHOLD:
            raise Lie("the collector is not as Python has it: %s, %s" % (gc.isenabled(), gc.get_threshold()))
        return [stop - start for start, stop in zip(times[::2], times[1::2])]

    def track_collections(self, *params):
        self.collected(self.REQUESTS // self.PARTS)
        gc.collect()
        return len(self.collected(self.REQUESTS)) / self.REQUESTS

    def track_seconds(self, *params):
        part = self.REQUESTS // self.PARTS
        self.collected(part)
        return {"samples": [sum(self.collected(part)) / part for _ in range(self.PARTS)], "number": part}

    track_collections.unit, track_seconds.unit = "collections", "seconds"


def peak_memory(self, *params):
    """Return the most bytes that one request holds at a time, once warm."""
    loop.settle(self.request())
    gc.collect()
    tracemalloc.start()
    try:
        loop.settle(self.request())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


peak_memory.unit = "bytes"


class Upload(cells.NativeCells, cells.Uncounted):
    """How much memory does an upload of 10 MB take at most, as a form's file, or as a body read whole or in parts?

    Isolates how Django receives a body.
    """

    urlconf = "benchproject.views.memory"
    params, param_names = cells.over(cells.NativeCells, reads=["file", "body", "parts"])
    SIZE = 10 * 2**20
    varies = True
    track_peak_memory = peak_memory

    def settings(self, reads):
        return {"DATA_UPLOAD_MAX_MEMORY_SIZE": None}

    def path(self, reads):
        return "/upload/%s/%s/" % (reads, self.view)

    def message(self, reads):
        start = b'--boundary\r\nContent-Disposition: form-data; name="file"; filename="zeros"\r\n\r\n'
        body = start + bytes(self.SIZE + len(self.seed)) + b"\r\n--boundary--\r\n"
        headers = [("Content-Type", "multipart/form-data; boundary=boundary")]
        return {"method": "POST", "headers": headers, "body": body}

    def enter(self, path, message):
        request = super().enter(path, message)
        if self.interface == "WSGI":
            request.body += b"-"  # or BytesIO would give the body away and not a copy, which a socket cannot
        return request

    def answer(self, reads):
        size = self.SIZE + len(self.seed)
        return 200, b"%d" % (size if reads == "file" else len(self.message(reads)["body"]))


class Stream(cells.Uncounted):
    """How much memory does a stream of 100 MB take at most, from a sync and from an async iterator, or from a file?

    Isolates whether Django passes on each chunk or collects them all. Async iterators since Django 4.2.
    """

    urlconf = "benchproject.views.memory"
    params, param_names = cells.over(cells.Cells, source=["stream", "file"])
    track_peak_memory = peak_memory

    def prepare(self, source):
        there = self.view == "sync" or source == "file" or hasattr(StreamingHttpResponse, "__aiter__")
        project.need("async iterators in StreamingHttpResponse (Django 4.2)", there)

    def path(self, source):
        return "/%s/%s/" % (source, self.view)

    def headers(self, source):
        return {"Content-Type": "application/octet-stream"} if source == "file" else super().headers(source)

    def answer(self, source):
        return 200, str(views.CHUNK * views.CHUNKS).encode()

    def enter(self, path, message):
        request = super().enter(path, message)
        request.application = SIZED[self.interface](request.application)
        return request


def sized_wsgi(application):
    """Return the application with its body replaced by the number of its bytes: whoever reads it keeps none."""

    def sized(environ, start_response):
        body = application(environ, start_response)
        size = sum(map(len, body))
        body.close()
        return [str(size).encode()]

    return sized


def sized_asgi(application):
    async def sized(scope, receive, send):
        size = 0

        async def measure(message):
            nonlocal size
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                await send(dict(message, body=str(size).encode()))

        await application(scope, receive, measure)

    return sized


SIZED = {"WSGI": sized_wsgi, "ASGI": sized_asgi}


class Waiting(cells.Uncounted):
    """How many bytes does each of many ASGI requests hold while its view waits? Isolates what Django makes for one.

    Those of the request's task and of the harness are among them. Async views since Django 3.1.
    """

    params, param_names = [[1000]], ["in_flight"]
    urlconf = "benchproject.views.memory"

    def setup(self, in_flight):
        super().setup("ASGI", "async", in_flight)

    def path(self, in_flight):
        return "/wait/async/"

    async def held(self, in_flight):
        """Return the bytes that requests hold while they wait. Raises Lie unless all wait and then answer."""
        views.waiting.clear()
        gc.collect()
        tracemalloc.start()
        try:
            requests = [asyncio.ensure_future(self.request()) for _ in range(in_flight)]
            while len(views.waiting) < in_flight and not any(request.done() for request in requests):
                await asyncio.sleep(0.001)
            gc.collect()
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        await self.release(requests)
        return held

    async def release(self, requests):
        """Answer each request with a number, which nobody knows before. Raises Lie unless each comes back."""
        for number, future in enumerate(views.waiting):
            future.set_result(b"%d" % number)
        answers = {int(self.request.response(await request).body) for request in requests}
        if answers != set(range(len(requests))):
            raise Lie("%d requests are to wait, %d did" % (len(requests), len(answers)))

    async def track_bytes_held(self, in_flight):
        await self.held(10)
        return round(await self.held(in_flight) / in_flight)

    track_bytes_held.unit = "bytes"

    async def prove(self, in_flight):
        await self.held(10)
