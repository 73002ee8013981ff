"""Enters an ASGI application where a server does (ASGI HTTP 2.3 and Lifespan 2.0)."""

import asyncio

from harness.response import Lie, Response


class ASGICaller:
    """One GET or POST a call: from ``application(scope, receive, send)`` until it returns after its last message.

    The scope is built here, before anything is timed; a call copies it, as each request of a server has its own.
    """

    def __init__(self, application, path, method="GET", headers=(), body=b"", status=200):
        self.application = application
        self.messages = body_messages(body)
        self.status = status
        self.scope = scope(path, method, headers, body)

    async def __call__(self):
        """Return the raw response, the messages sent.

        Raises Lie where the application did not send a finished response of the status that is asked for.
        """
        exchange = Exchange(self.messages)
        await self.application(self.scope.copy(), exchange.receive, exchange.send)
        messages = exchange.messages
        if not exchange.finished.is_set() or messages[0].get("status") != self.status:
            raise Lie("ASGI: asked for a finished response of status %s, got %s" % (self.status, messages))
        return messages

    @staticmethod
    def response(raw):
        """Return a raw response as a ``Response``. Raises Lie unless its messages are in ASGI's order."""
        prove_order(raw)
        headers = [(name.decode("latin1"), value.decode("latin1")) for name, value in raw[0]["headers"]]
        return Response(raw[0]["status"], headers, b"".join(ASGICaller.chunks(raw)))

    @staticmethod
    def chunks(raw):
        """Return the parts in which the body of a raw response came, without empty ones."""
        return [message["body"] for message in raw[1:] if message.get("body")]


def prove_order(messages):
    """Raise Lie unless messages are one start, then bodies of which the last alone says so, and may be empty."""
    types = ["http.response.start"] + ["http.response.body"] * (len(messages) - 1)
    more = [message.get("more_body", False) for message in messages[1:]]
    empty = [not message.get("body") for message in messages[1:-1]]
    if [message["type"] for message in messages] != types or more != [True] * len(empty) + [False] or any(empty):
        told = [(each["type"], each.get("more_body"), len(each.get("body", b""))) for each in messages]
        raise Lie("ASGI: messages out of order: %s" % told)


class Exchange:
    """The server's side of one request: its ``body_messages``, then silence until the response is complete."""

    __slots__ = ("finished", "messages", "request")

    def __init__(self, request):
        self.request = list(request)
        self.messages = []
        self.finished = asyncio.Event()

    async def receive(self):
        if self.request:
            return self.request.pop()
        await self.finished.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.messages.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.finished.set()


def body_messages(body, size=2**16):
    """Return the messages in which a server passes a body on as it reads it from the network, the last one first."""
    starts = range(0, max(len(body), 1), size)
    return [
        {"type": "http.request", "body": body[start : start + size], "more_body": start + size < len(body)}
        for start in reversed(starts)
    ]


def scope(path, method="GET", headers=(), body=b""):
    """Return the scope that a server on 127.0.0.1:8000 makes of a request; ``headers`` are pairs of strings."""
    path, _, query = path.partition("?")
    pairs = [("host", "127.0.0.1:8000")] + list(headers)
    if body:
        pairs.append(("content-length", str(len(body))))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in pairs],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }


class Lifespan:
    """The lifespan of an application around its requests; one that refuses it is served without, as servers do."""

    def __init__(self, application):
        self.application = application
        self.task = None

    async def startup(self):
        """Start the application's lifespan. Raises Lie where it says that its start failed."""
        self.received, self.sent = asyncio.Queue(), asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        self.task = asyncio.ensure_future(self.application(scope, self.received.get, self.sent.put))
        message = await self._ask("lifespan.startup")
        if message and message["type"] == "lifespan.startup.failed":
            raise Lie("ASGI: the application's lifespan failed to start: %s" % message.get("message", ""))

    async def shutdown(self):
        """End the application's lifespan, if it has one."""
        if not self.task.done():
            await self._ask("lifespan.shutdown")
        await asyncio.gather(self.task, return_exceptions=True)

    async def _ask(self, event):
        """Send ``event`` and return the answer, or None where the application ended without one."""
        await self.received.put({"type": event})
        answer = asyncio.ensure_future(self.sent.get())
        await asyncio.wait({answer, self.task}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        answer.cancel()
