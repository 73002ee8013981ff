"""Things by what they have in common."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def groups(things: Iterable[V], key: Callable[[V], K]) -> dict[K, list[V]]:
    """Return things by what ``key`` makes of them, in the order in which they come."""
    found: dict[K, list[V]] = {}
    for each in things:
        found.setdefault(key(each), []).append(each)
    return found
