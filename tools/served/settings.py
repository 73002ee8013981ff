"""What is asked for, resolved once: by the commands."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.servers import SERVERS
from tools.served.load import Shape
from tools.served.pages import Page, pages_of
from tools.terminal import Problem

DEFAULT_SERVERS = ("gunicorn", "gunicorn-gthread", "uvicorn")
SHAPES = (*map(Shape, (1, 4, 16, 64, 200)), Shape(rate=50.0))


@dataclass(frozen=True)
class Settings:
    """Without views each interface has the one that needs no crossing; ``django`` is a release, or a checkout."""

    servers: Sequence[str] = DEFAULT_SERVERS
    pages: Sequence[Page] = tuple(pages_of([]))
    views: Sequence[str] = ()
    shapes: Sequence[Shape] = SHAPES
    django: str = "6.1"
    workers: int = 2
    threads: int = 8
    seconds: int = 2
    repeat: int = 1
    rounds: int = 5
    generator: str = "wrk"
    processes: int = 1
    remote_workers: int = 0
    bind: str = "127.0.0.1"
    host: str = ""
    close: bool = False
    requests: int = 0
    leave: int = 0
    bare: bool = False


def servers_of(names: Sequence[str]) -> list[str]:
    """Return the servers that some words name. Raises Problem where one is not known."""
    if unknown := [name for name in names if name not in [*SERVERS, "all"]]:
        raise Problem(f"no server {unknown[0]}: there are {', '.join(SERVERS)}, and all")
    return list(SERVERS if "all" in names else names)


def shapes_of(concurrency: Sequence[int], rates: Sequence[float], requests: int = 0) -> Sequence[Shape]:
    """Return the loads that are named; a number of requests is by default one load, since each may take minutes."""
    return [*map(Shape, concurrency), *(Shape(rate=rate) for rate in rates)] or ((Shape(16),) if requests else SHAPES)
