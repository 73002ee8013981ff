"""The one event loop of a benchmark process, as a server's worker has one."""

import asyncio
import concurrent.futures
import inspect

_loop = None


def get():
    """Return the process's event loop, made at first use.

    Its default executor has one thread. Which of several takes a call, and whether one more starts for it, is a race;
    Django keeps state for each thread, so that a request's calls would differ with it.
    """
    global _loop
    if _loop is None:
        _loop = asyncio.new_event_loop()
        _loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(max_workers=1))
        asyncio.set_event_loop(_loop)
    return _loop


def settle(value):
    """Return ``value``, or what it comes to once awaited in the process's loop."""
    return get().run_until_complete(_awaited(value)) if inspect.isawaitable(value) else value


def debugs():
    """Tell whether the loop is there and in debug mode."""
    return _loop is not None and _loop.get_debug()


def close():
    """End the loop with its tasks, async generators and threads."""
    global _loop
    if _loop is None:
        return
    _loop.run_until_complete(_cancel_tasks())
    _loop.run_until_complete(_loop.shutdown_asyncgens())
    if hasattr(_loop, "shutdown_default_executor"):  # Python 3.9
        _loop.run_until_complete(_loop.shutdown_default_executor())
    asyncio.set_event_loop(None)
    _loop.close()
    _loop = None


async def _awaited(awaitable):
    return await awaitable


async def _cancel_tasks():
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
