"""What many requests share, and one event loop owns: pools and clients."""

import asyncio
import weakref

_made = weakref.WeakKeyDictionary()


async def one_in_each_loop(make):
    """Return what the coroutine function ``make`` returned first in this loop; it is called again if it failed.

    It runs in a task of its own, shielded: a client that leaves cancels its request, and must not cancel what every
    later request waits for.
    """
    made = _made.setdefault(asyncio.get_running_loop(), {})
    if make not in made or _failed(made[make]):
        made[make] = asyncio.ensure_future(make())
    return await asyncio.shield(made[make])


def _failed(task):
    return task.done() and (task.cancelled() or task.exception() is not None)
