"""Uploads under ASGI: what others on the same loop wait for while a body arrives."""

import asyncio
import itertools
import time
from tempfile import SpooledTemporaryFile

from benchproject.views import requests as views
from harness import cells, proof
from harness.asgi import ASGICaller
from harness.response import Lie

MEGABYTES = 10
BODY = b"0123456789abcdef" * (MEGABYTES << 16)


class Beside(cells.Uncounted):
    """How long does hello world take while an upload of 10 MB arrives on its loop (Django #33699, #36281)?

    The upload's messages of 64 KB are there at once, or come one a millisecond; Django keeps them in memory, or in a
    file. hello world is asked for again and again until the upload is answered, first as the upload begins. Timed only:
    who has the next turn of the loop is chance. Since Django 3.1.
    """

    params = [["at once", "one a millisecond"], ["in memory", "in a file"]]
    param_names = ["messages_come", "kept"]
    urlconf = "benchproject.views.uploads"
    pace = 0.001  # seconds
    times = 5  # uploads beside which hello world is timed

    def setup(self, come, kept):
        super().setup("ASGI", "async", come, kept)
        self.hello = ASGICaller(self.request.application, "/hello/async/")
        if come == "one a millisecond":
            self.request.application = self.paced(self.request.application)

    def settings(self, come, kept):
        larger = {"FILE_UPLOAD_MAX_MEMORY_SIZE": len(BODY)} if kept == "in memory" else {}
        return dict(larger, DATA_UPLOAD_MAX_MEMORY_SIZE=None)

    def path(self, come, kept):
        return "/body/async/"

    def message(self, come, kept):
        return {"method": "POST", "headers": [("Content-Type", "application/octet-stream")], "body": BODY}

    def answer(self, come, kept):
        return 200, views.summary(BODY).encode()

    def runs(self, come, kept):
        return {SpooledTemporaryFile.rollover: 1 if kept == "in a file" else 0}

    def paced(self, application):
        async def slow(scope, receive, send):
            async def receive_later():
                await asyncio.sleep(self.pace)
                return await receive()

            await application(scope, receive_later, send)

        return slow

    async def beside(self, come, kept):
        """Return the seconds of each hello world beside one upload. Raises Lie where there is none, or no upload."""
        seconds, began = [], time.perf_counter()
        upload = asyncio.ensure_future(self.request())
        while not upload.done():
            start = time.perf_counter()
            await asyncio.sleep(0)  # the upload, which was there before, has the first turn
            raw = await self.hello()
            seconds.append(time.perf_counter() - start)
            proof.prove_response(self.hello.response(raw), 200, b"Hello, world!")
        took = time.perf_counter() - began
        self.prove_response(self.request.response(await upload), come, kept)
        least = len(self.request.messages) * self.pace if come == "one a millisecond" else 0
        if not seconds or took < least:
            raise Lie("%d were answered beside an upload of %.3f s, of %.3f at least" % (len(seconds), took, least))
        return seconds

    async def uploads(self, come, kept):
        """Return the seconds of hello world by upload, once warm."""
        return [await self.beside(come, kept) for _ in range(1 + self.times)][1:]

    async def track_seconds(self, come, kept):
        return {"samples": list(itertools.chain.from_iterable(await self.uploads(come, kept))), "number": 1}

    async def track_longest(self, come, kept):
        return {"samples": list(map(max, await self.uploads(come, kept))), "number": 1}

    track_seconds.unit = track_longest.unit = "seconds"

    def prove(self, come, kept):
        super().prove("ASGI", "async", come, kept)
