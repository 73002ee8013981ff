"""The views that are served, and what a right answer is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchproject.forum import content
from tools.terminal import Problem

STYLES = ("sync", "async")
NATURAL = {"WSGI": "sync", "ASGI": "async"}
"""The style of view that an interface runs without a crossing."""

_FORUM = "\n".join(content.page())


@dataclass(frozen=True)
class View:
    """A view by its route in each style; an answer is right if it has these bytes and took as long as it must."""

    name: str
    sync: str
    asynchronous: str
    body: bytes
    waits: int = 1
    milliseconds: int = 0

    def path(self, style: str) -> str:
        route = self.sync if style == "sync" else self.asynchronous
        return f"/{route}/{style}/" + (f"?ms={self.milliseconds}" if self.milliseconds else "")

    @property
    def seconds(self) -> float:
        """The shortest time that an answer can take: its waits, one after the other."""
        return self.waits * self.milliseconds / 1000

    @property
    def needs_postgresql(self) -> bool:
        return self.sync.startswith("forum/")

    @property
    def needs_upstream(self) -> bool:
        return self.sync.startswith("upstream/")


def _view(name: str, route: str, body: bytes, waits: int = 1, asynchronous: str = "") -> View:
    return View(name, route, asynchronous or route, body, waits)


_VIEWS = [
    _view("hello", "hello", b"Hello, world!"),
    _view("cpu", "cpu", b"done"),
    _view("wait", "wait", b"waited"),
    *[
        _view(f"forum-{driver}-{connections}", f"forum/{driver}/{connections}", _FORUM.encode(), waits=2)
        for driver in ("orm", "psycopg2", "psycopg", "asyncpg")
        for connections in ("query", "request", "persistent", "pool")
    ],
    # urllib3 where the view is sync, since it has no async API.
    _view("upstream", "upstream/urllib3/sequence", b"upstream" * 2, 2, "upstream/aiohttp/sequence"),
    _view("upstream-gathered", "upstream/urllib3/gathered", b"upstream" * 2, 1, "upstream/aiohttp/gathered"),
    _view("upstream-httpx", "upstream/urllib3/sequence", b"upstream" * 2, 2, "upstream/httpx/sequence"),
    _view("upstream-httpx-gathered", "upstream/urllib3/gathered", b"upstream" * 2, 1, "upstream/httpx/gathered"),
]
VIEWS = {view.name: view for view in _VIEWS}

DEFAULT = ("hello", "forum-orm-request", "forum-orm-request-20ms", "upstream-100ms")
EVERY = (
    *("hello", "cpu", "wait-20ms"),
    *(name + wait for name in VIEWS if name.startswith("forum") for wait in ("", "-20ms")),
    *(name + "-100ms" for name in VIEWS if name.startswith("upstream")),
)


def views_of(names: Sequence[str]) -> list[View]:
    """Return the views by their names, "wait-20ms" or "all". Raises Problem where there is none such."""
    return [_view_of(name) for name in (EVERY if "all" in names else names or DEFAULT)]


def _view_of(name: str) -> View:
    base, _, milliseconds = re.fullmatch(r"(.*?)(-(\d+)ms)?", name).groups()  # type: ignore[union-attr]
    if base not in VIEWS or (milliseconds and base in ("hello", "cpu")):
        raise Problem(
            f"no view {name}: there are {', '.join(VIEWS)}, and all; -20ms at the end has a query or call take so long"
        )
    view = VIEWS[base]
    return View(name, view.sync, view.asynchronous, view.body, view.waits, int(milliseconds or 0))
