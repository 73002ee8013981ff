"""The servers: how each is started. A new one is a line here."""

import contextlib
import http.client
import importlib.util
import socket
import sys
import time
from collections import namedtuple

from harness.kept import Kept

READY_SECONDS = 60.0
"""Within this time a server answers, or it hangs."""

Server = namedtuple("Server", "interface command")
"""``interface`` is WSGI or ASGI; ``command`` follows ``python -m``, with workers and threads where it has them."""

_GUNICORN = "gunicorn --bind 127.0.0.1:{port} --workers {workers} --no-control-socket --log-level warning"
_GRANIAN = "granian --host 127.0.0.1 --port {port} --workers {workers} --no-ws --log-level warning"

SERVERS = {
    "gunicorn": Server("WSGI", _GUNICORN + " {wsgi}"),
    "gunicorn-gthread": Server("WSGI", _GUNICORN + " --worker-class gthread --threads {threads} {wsgi}"),
    "gunicorn-uvicorn": Server("ASGI", _GUNICORN + " --worker-class uvicorn_worker.UvicornWorker {asgi}"),
    "gunicorn-asgi": Server("ASGI", _GUNICORN + " --worker-class asgi {asgi}"),
    "uvicorn": Server(
        "ASGI", "uvicorn --host 127.0.0.1 --port {port} --workers {workers} --no-access-log --log-level warning {asgi}"
    ),
    "daphne": Server("ASGI", "daphne --bind 127.0.0.1 --port {port} --verbosity 0 {asgi}"),
    "hypercorn": Server("ASGI", "hypercorn --bind 127.0.0.1:{port} --workers {workers} --log-level warning {asgi}"),
    "granian-wsgi": Server("WSGI", _GRANIAN + " --interface wsgi --blocking-threads {threads} {wsgi}"),
    "granian-asgi": Server("ASGI", _GRANIAN + " --interface asginl {asgi}"),
    "runserver": Server("WSGI", "django runserver --noreload {port}"),
}


class ServerFailed(Exception):
    """A server ended, hangs, or does not answer as it should: the message says which."""


def missing(name):
    """Return the module that a server lacks here, or ""."""
    words = SERVERS[name].command.replace("=", " ").split()
    modules = [words[0]] + [word.partition(".")[0] for word in words if word.startswith("uvicorn_worker")]
    return next((module for module in modules if importlib.util.find_spec(module) is None), "")


def command_of(name, port, workers=1, threads=1, python=sys.executable, application=None, under=()):
    """Return the command that serves the measured project, or another ``application``, by the server ``name``.

    ``under`` is the start of a command that runs another, such as valgrind.
    """
    wsgi, asgi = application or "benchproject.wsgi:application", application or "benchproject.asgi:application"
    words = SERVERS[name].command.format(port=port, workers=workers, threads=threads, wsgi=wsgi, asgi=asgi).split()
    return [*under, python, "-m", *words]


def free_port():
    """Return a port of 127.0.0.1 that nothing listens on."""
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def served(name, log, env, **settings):
    """Start a server, yield it (a ``Kept``) with its port once it answers, and end it; ``settings`` as command_of's.

    Raises ServerFailed where it ends, or does not answer within READY_SECONDS.
    """
    port = free_port()
    with Kept(command_of(name, port, **settings), log, env) as server:
        wait_until_ready(server, name, port, "/hello/sync/")
        yield server, port


def wait_until_ready(server, name, port, path):
    """Wait until a server answers anything. Raises ServerFailed."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if server.ended is not None:
            raise ServerFailed("%s ended with status %s: %s" % (name, server.ended, server.last_words()))
        with contextlib.suppress(OSError, http.client.HTTPException):
            get(port, path, 1)
            return
        time.sleep(0.02)
    raise ServerFailed("%s hangs: no answer within %d seconds" % (name, READY_SECONDS))


def get(port, path, timeout, name="127.0.0.1"):
    """Return status and body of one GET. Raises OSError or HTTPException where there is no answer."""
    with contextlib.closing(http.client.HTTPConnection(name, port, timeout=timeout)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
