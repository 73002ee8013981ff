"""Requests: what it costs to take in what a request carries, and to read it in the view.

Each request goes to a view that does no more than read, and answers with what it found.
"""

import asyncio
import collections
import copy
import functools
import hashlib
import json
from urllib.parse import urlencode

from django.http import HttpRequest

from benchproject.views import requests as views
from harness import cells
from harness.response import Lie

MORE = [("X-Header-%d" % n, "value %d" % n) for n in range(45)]  # with Host, the browser's and these it is 50 headers
MULTIPART = (
    b'--boundary\r\nContent-Disposition: form-data; name="file"; filename="file.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n%s\r\n--boundary--\r\n"
)


def browser(seed):
    return [
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("Accept-Language", "en-GB,en;q=0.8,de;q=0.5" + seed),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ]


def query(seed):
    return "?page=9%s&" % seed + urlencode({"field%d" % n: "value %d" % n for n in range(9)})


def cookies(seed):
    pairs = ["cookie%d=value%d" % (n, n) for n in range(9)] + ["sessionid=0123456789abcdef0123456789abcdef" + seed]
    return [("Cookie", "; ".join(pairs))]


def form(seed):
    return urlencode(dict({"field%d" % n: "value %d" % n for n in range(9)}, comment="wär & wäre" + seed)).encode()


def items(seed):
    return json.dumps({"items": [{"id": n, "name": "item %d" % n + seed, "price": n / 4} for n in range(20)]}).encode()


def noise(megabytes, seed):
    """Return bytes in which no part is like another, the same for a seed."""
    return hashlib.shake_256(seed.encode()).digest(2**15) + _noise(megabytes)[2**15 :]


@functools.lru_cache(maxsize=None)
def _noise(megabytes):
    return hashlib.shake_256(b"noise").digest(megabytes << 20)


def post(content_type, body):
    return {"method": "POST", "headers": [("Content-Type", content_type)], "body": body}


@cells.costed(["WSGI", "ASGI"], ["query string", "50 headers"])
class Head(cells.NativeCells):
    """What do the query string, headers and cookies cost? Isolates them over handlers.Hello.

    Since Django 3.0 (ASGI: 3.1).
    """

    CARRIES = {
        "query string": lambda seed: ("query", [], "10 9" + seed),
        "5 headers": lambda seed: ("headers", browser(seed), "5 en-GB,en;q=0.8,de;q=0.5" + seed),
        "50 headers": lambda seed: ("headers", browser(seed) + MORE, "50 en-GB,en;q=0.8,de;q=0.5" + seed),
        "10 cookies": lambda seed: ("cookies", cookies(seed), "10 0123456789abcdef0123456789abcdef" + seed),
    }

    urlconf = "benchproject.views.requests"
    varies = True
    params, param_names = cells.over(cells.NativeCells, carries=list(CARRIES))

    def path(self, carries):
        path = "/%s/%s/" % (self.CARRIES[carries](self.seed)[0], self.view)
        return path + query(self.seed) * (carries == "query string")

    def message(self, carries):
        return {"headers": self.CARRIES[carries](self.seed)[1]}

    def answer(self, carries):
        return 200, self.CARRIES[carries](self.seed)[2].encode()


@cells.costed(["WSGI", "ASGI"], ["form", "multipart 1 MB"])
class Body(cells.NativeCells):
    """What does a body cost, by its kind and size, and one that the view never reads? Since Django 3.0 (ASGI: 3.1).

    ASGI passes a body on in messages of 64 KB, all there at once: no waiting for a network is measured. Django keeps
    more than 2.5 MB in files. While it takes messages in one turn of the loop, all others on the loop wait.
    """

    CARRIES = {
        "form": lambda seed: ("form", post("application/x-www-form-urlencoded", form(seed)), "10 wär & wäre" + seed),
        "JSON": lambda seed: ("json_body", post("application/json", items(seed)), "20 item 19" + seed),
        "multipart 1 MB": lambda seed: (
            "upload",
            post("multipart/form-data; boundary=boundary", MULTIPART % noise(1, seed)),
            views.summary(noise(1, seed)),
        ),
        "multipart 3 MB": lambda seed: (
            "upload",
            post("multipart/form-data; boundary=boundary", MULTIPART % noise(3, seed)),
            views.summary(noise(3, seed)),
        ),
        "10 MB": lambda seed: (
            "body",
            post("application/octet-stream", noise(10, seed)),
            views.summary(noise(10, seed)),
        ),
        "10 MB never read": lambda seed: ("unread", post("application/octet-stream", noise(10, seed)), str(10 << 20)),
    }

    urlconf = "benchproject.views.requests"
    varies = True
    params, param_names = cells.over(cells.NativeCells, carries=list(CARRIES))
    track_threads = cells.exact("threads", "threads")

    def settings(self, carries):
        return {"DATA_UPLOAD_MAX_MEMORY_SIZE": None}

    def path(self, carries):
        return "/%s/%s/" % (self.CARRIES[carries](self.seed)[0], self.view)

    def message(self, carries):
        return self.CARRIES[carries](self.seed)[1]

    def answer(self, carries):
        return 200, self.CARRIES[carries](self.seed)[2].encode()

    def runs(self, carries):
        return {HttpRequest.body.fget: 0, HttpRequest.read: 0} if carries == "10 MB never read" else {}

    def prove_response(self, response, carries):
        super().prove_response(response, carries)
        for message in getattr(self.request, "messages", []):
            if len(message["body"]) > 2**16:
                raise Lie("a message of %d bytes" % len(message["body"]))

    async def track_messages_a_turn(self, interface, carries):
        """Return the most messages that a request takes between two turns of others. Raises Lie where none are seen."""
        request, turns, taken = copy.copy(self.request), [], []

        async def application(scope, receive, send):
            def receive_and_count():
                taken.append(len(turns))
                return receive()

            await self.request.application(scope, receive_and_count, send)

        request.application = application
        raw = asyncio.ensure_future(request())
        while not raw.done():
            turns.append(await asyncio.sleep(0))
        self.prove_response(request.response(await raw), carries)
        if not turns or len(taken) < len(request.messages):
            raise Lie(
                "%d messages were taken, of %d, beside %d turns" % (len(taken), len(request.messages), len(turns))
            )
        return collections.Counter(taken).most_common(1)[0][1]

    track_messages_a_turn.unit = "messages"
    track_messages_a_turn.params = [["ASGI"], ["multipart 3 MB", "10 MB"]]
