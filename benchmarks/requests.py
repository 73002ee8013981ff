"""Requests: what it costs to take in what a request carries, and to read it in the view.

Each request goes to a view that does no more than read, and answers with what it found.
"""

import functools
import hashlib
import json
from urllib.parse import urlencode

from django.http import HttpRequest

from benchproject.views import requests as views
from harness import cells
from harness.response import Lie

BROWSER = [
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en-GB,en;q=0.8,de;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
]
MORE = [("X-Header-%d" % n, "value %d" % n) for n in range(45)]  # with Host, the browser's and these it is 50 headers
COOKIES = "; ".join(["cookie%d=value%d" % (n, n) for n in range(9)] + ["sessionid=0123456789abcdef0123456789abcdef"])
FORM = urlencode(dict({"field%d" % n: "value %d" % n for n in range(9)}, comment="wär & wäre")).encode()
JSON = json.dumps({"items": [{"id": n, "name": "item %d" % n, "price": n / 4} for n in range(20)]}).encode()
MULTIPART = (
    b'--boundary\r\nContent-Disposition: form-data; name="file"; filename="file.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n%s\r\n--boundary--\r\n"
)


@functools.lru_cache(maxsize=None)
def noise(megabytes):
    """Return bytes in which no part is like another, the same in every process."""
    return hashlib.shake_256(b"noise").digest(megabytes << 20)


def post(content_type, body):
    return {"method": "POST", "headers": [("Content-Type", content_type)], "body": body}


class Head(cells.NativeCells):
    """What do the query string, headers and cookies cost? Isolates them over handlers.Hello.

    Since Django 3.0 (ASGI: 3.1).
    """

    CARRIES = {
        "query string": ("query", [], b"10 9"),
        "5 headers": ("headers", BROWSER, b"5 en-GB,en;q=0.8,de;q=0.5"),
        "50 headers": ("headers", BROWSER + MORE, b"50 en-GB,en;q=0.8,de;q=0.5"),
        "10 cookies": ("cookies", [("Cookie", COOKIES)], b"10 0123456789abcdef0123456789abcdef"),
    }

    urlconf = "benchproject.views.requests"
    params, param_names = cells.over(cells.NativeCells, carries=list(CARRIES))
    track_instructions = cells.instructions(["WSGI", "ASGI"], ["query string", "50 headers"])

    def path(self, carries):
        query = "?page=9&" + urlencode({"field%d" % n: "value %d" % n for n in range(9)})
        return "/%s/%s/" % (self.CARRIES[carries][0], self.view) + query * (carries == "query string")

    def message(self, carries):
        return {"headers": self.CARRIES[carries][1]}

    def answer(self, carries):
        return 200, self.CARRIES[carries][2]


class Body(cells.NativeCells):
    """What does a body cost, by its kind and size, and one that the view never reads? Since Django 3.0 (ASGI: 3.1).

    ASGI passes a body on in messages of 64 KB, all there at once: no waiting for a network is measured.
    """

    CARRIES = {
        "form": lambda: ("form", post("application/x-www-form-urlencoded", FORM), "10 wär & wäre"),
        "JSON": lambda: ("json_body", post("application/json", JSON), "20 item 19"),
        "multipart 1 MB": lambda: (
            "upload",
            post("multipart/form-data; boundary=boundary", MULTIPART % noise(1)),
            views.summary(noise(1)),
        ),
        "10 MB": lambda: ("body", post("application/octet-stream", noise(10)), views.summary(noise(10))),
        "10 MB never read": lambda: ("unread", post("application/octet-stream", noise(10)), str(10 << 20)),
    }

    urlconf = "benchproject.views.requests"
    params, param_names = cells.over(cells.NativeCells, carries=list(CARRIES))
    track_instructions = cells.instructions(["WSGI", "ASGI"], ["form", "multipart 1 MB"])

    def settings(self, carries):
        return {"DATA_UPLOAD_MAX_MEMORY_SIZE": None}

    def path(self, carries):
        return "/%s/%s/" % (self.CARRIES[carries]()[0], self.view)

    def message(self, carries):
        return self.CARRIES[carries]()[1]

    def answer(self, carries):
        return 200, self.CARRIES[carries]()[2].encode()

    def runs(self, carries):
        return {HttpRequest.body.fget: 0, HttpRequest.read: 0} if carries == "10 MB never read" else {}

    def prove_response(self, response, carries):
        super().prove_response(response, carries)
        for message in getattr(self.request, "messages", []):
            if len(message["body"]) > 2**16:
                raise Lie("a message of %d bytes" % len(message["body"]))
