"""The pages that are served, and what a right answer is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchproject.forum import content
from benchproject.served import visitor
from benchproject.served.parts import FILE, PART, PARTS
from tools.terminal import Problem

VIEWS = ("sync", "async")
MIDDLEWARE = {"none": "benchproject.served.settings", "startproject": "benchproject.served.startproject"}
"""The middleware that pages may be behind, and the settings that have it."""

_FORUM = "\n".join(content.page())


@dataclass(frozen=True)
class Page:
    """A page by its route for each view; an answer is right if it has these bytes and took as long as it must."""

    name: str
    sync: str
    asynchronous: str
    body: bytes
    waits: int = 1
    milliseconds: int = 0
    middleware: str = "none"

    def __str__(self) -> str:
        return self.name if self.middleware == "none" else f"{self.name} behind {self.middleware}"

    def path(self, view: str) -> str:
        route = self.sync if view == "sync" else self.asynchronous
        return f"/{route}/{view}/" + (f"?ms={self.milliseconds}" if self.milliseconds else "")

    @property
    def seconds(self) -> float:
        """The shortest time that an answer can take: its waits, one after the other."""
        return self.waits * self.milliseconds / 1000

    @property
    def cookie(self) -> str:
        """What each request carries: behind a middleware with sessions, that of a user."""
        return "" if self.middleware == "none" else visitor.COOKIE

    @property
    def is_stream(self) -> bool:
        """Whether it is sent in parts, so that its first byte may come before the whole."""
        return self.sync in ("stream/sync", "stream/async", "file")

    def comes_in_parts(self, interface: str) -> bool:
        """Tell whether its iterator is of the kind that the interface sends without a wait for the whole."""
        return self.sync == {"WSGI": "stream/sync", "ASGI": "stream/async"}[interface]

    @property
    def needs_postgresql(self) -> bool:
        return self.sync.startswith("forum/")

    @property
    def needs_upstream(self) -> bool:
        return self.sync.startswith("upstream/")


def _page(name: str, route: str, body: bytes, waits: int = 1, asynchronous: str = "") -> Page:
    return Page(name, route, asynchronous or route, body, waits)


_PAGES = [
    _page("hello", "hello", b"Hello, world!"),
    _page("cpu", "cpu", b"done"),
    _page("wait", "wait", b"waited"),
    _page("stream-sync", "stream/sync", PART * PARTS, waits=PARTS - 1),
    _page("stream-async", "stream/async", PART * PARTS, waits=PARTS - 1),
    _page("file", "file", FILE),
    *[
        _page(f"forum-{driver}-{connections}", f"forum/{driver}/{connections}", _FORUM.encode(), waits=2)
        for driver in ("orm", "psycopg2", "psycopg", "asyncpg")
        for connections in ("query", "request", "persistent", "pool")
    ],
    # urllib3 where the view is sync, since it has no async API.
    _page("upstream", "upstream/urllib3/sequence", b"upstream" * 2, 2, "upstream/aiohttp/sequence"),
    _page("upstream-gathered", "upstream/urllib3/gathered", b"upstream" * 2, 1, "upstream/aiohttp/gathered"),
    _page("upstream-httpx", "upstream/urllib3/sequence", b"upstream" * 2, 2, "upstream/httpx/sequence"),
    _page("upstream-httpx-gathered", "upstream/urllib3/gathered", b"upstream" * 2, 1, "upstream/httpx/gathered"),
]
PAGES = {page.name: page for page in _PAGES}

DEFAULT = ("hello", "forum-orm-request", "forum-orm-request-20ms", "upstream-100ms")
EVERY = (
    *("hello", "cpu", "wait-20ms", "stream-sync-20ms", "stream-async-20ms", "file"),
    *(name + wait for name in PAGES if name.startswith("forum") for wait in ("", "-20ms")),
    *(name + "-100ms" for name in PAGES if name.startswith("upstream")),
)


def pages_of(names: Sequence[str], middleware: Sequence[str] = ()) -> list[Page]:
    """Return the pages by their names, "wait-20ms" or "all", behind each middleware. Raises Problem for another name.

    If nothing is named, hello world is behind each, and the other pages are behind none.
    """
    if unknown := [name for name in middleware if name not in MIDDLEWARE]:
        raise Problem(f"no middleware {unknown[0]}: there are {', '.join(MIDDLEWARE)}")
    if not names and not middleware:
        return [*pages_of(DEFAULT[:1], tuple(MIDDLEWARE)), *pages_of(DEFAULT[1:])]
    pages = [_page_of(name) for name in (EVERY if "all" in names else names or DEFAULT)]
    return [replace(page, middleware=each) for page in pages for each in middleware or ["none"]]


def _page_of(name: str) -> Page:
    base, _, milliseconds = re.fullmatch(r"(.*?)(-(\d+)ms)?", name).groups()  # type: ignore[union-attr]
    if base not in PAGES or (milliseconds and base in ("hello", "cpu", "file")):
        raise Problem(
            f"no page {name}: there are {', '.join(PAGES)}, and all; -20ms at the end has a query or call take so long"
        )
    return replace(PAGES[base], name=name, milliseconds=int(milliseconds or 0))
