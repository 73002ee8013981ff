"""Real servers: what one request costs its client, one after the other, on a kept connection where the server keeps it.

A site's throughput and latency under load are measured by ``make served``. n/a where a server is not installed. The
database is SQLite.
"""

import contextlib
import http.client
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

from benchproject.forum import content
from harness import servers
from harness.kept import temporary_folder
from harness.project import need_async_views
from harness.response import Lie

ROOT = Path(__file__).parent.parent
SETTINGS = "benchproject.served.settings"

running = contextlib.ExitStack()


def teardown(*params):
    """End the server; asv calls this after each benchmark of the file."""
    running.close()


class _Served:
    """A server, and the view that it needs no crossing for."""

    params = (["gunicorn", "gunicorn-uvicorn", "uvicorn"],)
    param_names = ("server",)

    def setup(self, server):
        if servers.missing(server):
            raise NotImplementedError("%s is not installed" % servers.missing(server))
        if servers.SERVERS[server].interface == "ASGI":
            need_async_views()
        self.path = "/%s/%s/" % (self.route, {"WSGI": "sync", "ASGI": "async"}[servers.SERVERS[server].interface])
        folder = running.enter_context(temporary_folder("served-"))
        environment = {"DJANGO_SETTINGS_MODULE": SETTINGS, "FORUM_SQLITE": str(folder / "forum.sqlite3")}
        environment.update(DATABASE_URL="", PYTHONPATH=":".join(filter(None, sys.path)))
        subprocess.run([sys.executable, "-m", "benchproject.served.fill"], env=environment, cwd=ROOT, check=True)
        _, port = running.enter_context(servers.served(server, folder / "server.log", environment))
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        running.callback(self.connection.close)
        status, body = self.get()
        if status == HTTPStatus.NOT_IMPLEMENTED:
            raise NotImplementedError(body.decode())

    def time_request(self, server):
        return self.get()

    def get(self):
        self.connection.request("GET", self.path)
        response = self.connection.getresponse()
        return response.status, response.read()

    def prove(self, server):
        status, body = self.get()
        if (status, body) != (HTTPStatus.OK, self.body):
            raise Lie("%s answered %s %r" % (server, status, body[:60]))


class Hello(_Served):
    """What does a request cost that only says hello?"""

    route = "hello"

    body = b"Hello, world!"


class TwoQueries(_Served):
    """What does the forum's page cost, a list of items and the detail of one, by the ORM?"""

    route = "forum/orm/request"

    body = "\n".join(content.page()).encode()
