"""Views that only work or only wait."""

import asyncio
import time

from benchproject.served.answer import answer, seconds

CPU_SECONDS = 0.05


def cpu_sync(request):
    work()
    return answer(b"done")


async def cpu_async(request):
    work()
    return answer(b"done")


def wait_sync(request):
    time.sleep(seconds(request))
    return answer(b"waited")


async def wait_async(request):
    await asyncio.sleep(seconds(request))
    return answer(b"waited")


def work():
    """Keep the CPU for CPU_SECONDS of this thread's own time, whatever else runs."""
    end = time.thread_time() + CPU_SECONDS
    while time.thread_time() < end:
        pass
