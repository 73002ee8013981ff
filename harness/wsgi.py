"""Enters a WSGI application where a server does (PEP 3333)."""

import io
import sys

from harness.response import Lie, Response


class WSGICaller:
    """One GET or POST a call: from ``application(environ, start_response)`` to the closed response.

    The environ is built here, before anything is timed; a call copies it, since Django writes into it.
    """

    def __init__(self, application, path, method="GET", headers=(), body=b"", status=200):
        self.application = application
        self.body = body
        self.status = str(status)
        self.environ = environ(path, method, headers, body)

    def __call__(self):
        """Return the raw response: ``[(status line, headers)]`` and a list of chunks.

        Raises Lie where the application did not start a response of the status that is asked for.
        """
        started = []

        def start_response(status, headers, exc_info=None):
            started.append((status, headers))

        request = self.environ.copy()
        request["wsgi.input"] = io.BytesIO(self.body)
        result = self.application(request, start_response)
        try:
            chunks = list(result)
        finally:
            if hasattr(result, "close"):
                result.close()
        if not started or not started[0][0].startswith(self.status):
            raise Lie("WSGI: asked for status %s, got %s" % (self.status, started))
        return started, chunks

    @staticmethod
    def response(raw):
        """Return a raw response as a ``Response``."""
        ((status, headers),), chunks = raw
        return Response(int(status.split()[0]), headers, b"".join(chunks))

    @staticmethod
    def chunks(raw):
        """Return the parts in which the body of a raw response came, without empty ones."""
        return [chunk for chunk in raw[1] if chunk]


def environ(path, method="GET", headers=(), body=b""):
    """Return the environ that a server on 127.0.0.1:8000 makes of a request; ``headers`` are pairs of strings."""
    path, _, query = path.partition("?")
    request = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if body:
        request["CONTENT_LENGTH"] = str(len(body))
    for name, value in headers:
        key = name.upper().replace("-", "_")
        request[key if key == "CONTENT_TYPE" else "HTTP_" + key] = value
    return request
