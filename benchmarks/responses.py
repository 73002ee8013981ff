"""Responses: what each kind of response costs, from the view's return to the last byte that the server gets."""

import copy
import inspect
import json

import django.http

from benchproject.views import responses as views
from harness import cells, loop, project
from harness.response import Lie

SIZES = {"0 bytes": 0, "10 KB": 10 << 10, "1 MB": 1 << 20}


def lines(size):
    """Return the first ``size`` bytes of the lines that the views answer with."""
    return b"".join(b"%01023d\n" % line for line in range(1024))[:size]


class HttpResponse(cells.NativeCells):
    """What do the bytes of a response cost, by their number? ASGI sends them in messages of 64 KB.

    Since Django 3.0 (ASGI: 3.1).
    """

    urlconf = "benchproject.views.responses"
    params, param_names = cells.over(cells.NativeCells, content=list(SIZES))

    def path(self, content):
        return "/content/%d/%s/" % (SIZES[content], self.view)

    def answer(self, content):
        return 200, lines(SIZES[content])


@cells.costed()
class JsonResponse(cells.NativeCells):
    """What does a response of JSON cost, twenty small objects? Since Django 3.0 (ASGI: 3.1)."""

    urlconf = "benchproject.views.responses"

    def path(self):
        return "/json/%s/" % self.view

    def answer(self):
        items = [{"id": n, "name": "item %d" % n, "price": n / 4, "tags": ["new", "blue"]} for n in range(20)]
        return 200, json.dumps({"items": items}).encode()

    def headers(self):
        return {"Content-Type": "application/json"}

    def runs(self):
        return {django.http.JsonResponse.__init__: 1}


class FileResponse(cells.NativeCells):
    """What does a file of 1 MB cost? It is in memory, and the server offers no wsgi.file_wrapper: no disk is measured.

    A file is a sync iterator, of blocks of 4 KB under WSGI. Since Django 3.0 (ASGI: 3.1).
    """

    urlconf = "benchproject.views.responses"

    def path(self):
        return "/file/%s/" % self.view

    def answer(self):
        return 200, lines(1 << 20)

    def headers(self):
        disposition = 'attachment; filename="lines.txt"'
        return {"Content-Type": "text/plain", "Content-Disposition": disposition, "Content-Length": str(1 << 20)}

    def runs(self):
        return {django.http.FileResponse.set_headers: 1}


class Headers(cells.NativeCells):
    """What do many headers and cookies of a response cost? Since Django 3.0 (ASGI: 3.1)."""

    SETS = {
        "50 headers": ("many_headers", [("X-Header-%d" % n, "value %d" % n) for n in range(50)]),
        "20 cookies": ("many_cookies", [("Set-Cookie", "cookie%d=value%d" % (n, n)) for n in range(20)]),
    }

    urlconf = "benchproject.views.responses"
    params, param_names = cells.over(cells.NativeCells, sets=list(SETS))

    def path(self, sets):
        return "/%s/%s/" % (self.SETS[sets][0], self.view)

    def prove_response(self, response, sets):
        super().prove_response(response, sets)
        headers = [(name.title(), value.partition(";")[0].strip()) for name, value in response.headers]
        came = [header for header in headers if header[0] != "Content-Type"]
        if came != self.SETS[sets][1]:
            raise Lie("asked for %s, got %s" % (sets, came))


class Noting(bytes):
    """Content that notes which parts are taken of it."""

    def __init__(self, content):
        self.taken = []

    def __getitem__(self, part):
        self.taken.append(part)
        return super().__getitem__(part)


def sent_by_wsgi(application, send):
    """Return the application, which calls ``send(chunk)`` with each chunk that a server gets."""

    def sending(environ, start_response):
        body = application(environ, start_response)
        try:
            for chunk in body:
                send(chunk)
                yield chunk
        finally:
            body.close()

    return sending


def sent_by_asgi(application, send):
    async def sending(scope, receive, send_message):
        async def send_both(message):
            if message.get("body"):
                send(message["body"])
            await send_message(message)

        await application(scope, receive, send_both)

    return sending


SENT_BY = {"WSGI": sent_by_wsgi, "ASGI": sent_by_asgi}


@cells.costed(["WSGI", "ASGI"], ["sync", "async"], [100])
class StreamingHttpResponse(cells.NativeCells):
    """What does a stream cost, by its chunks and the kind of its iterator? The wrong kind is read whole, in a crossing.

    A chunk is 1 KB. Chunks ahead are those that Django takes before it sends one: of a stream, one. Sync iterators
    since Django 3.0 (ASGI: 3.1), async iterators since 4.2.
    """

    urlconf = "benchproject.views.responses"
    params, param_names = cells.over(cells.NativeCells, iterator=["sync", "async"], chunks=[1, 100])
    track_threads = cells.exact("threads", "threads")
    track_event_loops = cells.exact("event_loops", "loops")

    def path(self, iterator, chunks):
        return "/%s_iterator/%d/%s/" % (iterator, chunks, self.view)

    def answer(self, iterator, chunks):
        return 200, lines(chunks << 10)

    def prepare(self, iterator, chunks):
        if iterator == "async":
            project.need("async iterators (Django 4.2)", hasattr(django.http.StreamingHttpResponse, "__aiter__"))

    def runs(self, iterator, chunks):
        return {getattr(views, "lines_" + iterator): 1, django.http.StreamingHttpResponse.__init__: 1}

    def prove(self, interface, iterator, chunks):
        super().prove(interface, iterator, chunks)
        if inspect.isasyncgenfunction(getattr(views, "lines_" + iterator)) != (iterator == "async"):
            raise Lie("the iterator is not %s" % iterator)
        came = len(self.request.chunks(loop.settle(self.request())))
        if came != chunks:
            raise Lie("asked for %d chunks, got %d" % (chunks, came))

    def track_chunks_ahead(self, interface, iterator, chunks):
        """Return how many chunks Django takes before a server gets the first. Raises Lie where it gets others."""
        request, content, ahead = copy.copy(self.request), views.CONTENT, []
        views.CONTENT = noting = Noting(content)
        request.application = SENT_BY[interface](request.application, lambda chunk: ahead.append(len(noting.taken)))
        try:
            self.prove_response(request.response(loop.settle(request())), iterator, chunks)
        finally:
            views.CONTENT = content
        if [len(ahead), len(noting.taken)] != [chunks, chunks]:
            raise Lie("%d chunks were sent, of %d that were taken" % (len(ahead), len(noting.taken)))
        return ahead[0]

    track_chunks_ahead.unit = "chunks"
    track_chunks_ahead.params = [["WSGI", "ASGI"], ["sync", "async"], [100]]
