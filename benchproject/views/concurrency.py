"""Views that wait, that gather waits and that compute: they share one loop or its threads."""

import asyncio
import concurrent.futures
import time

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.urls import path

from benchproject.views import answered, both

WAIT = 0.01

held = []  # for each view that waits to be released, or its sync code, a future of its answer


def compute():
    """Take about a millisecond of the processor."""
    return sum(number * number for number in range(15000))


def wait_sync(request):
    next(answered)
    time.sleep(WAIT)
    return HttpResponse(b"Hello, world!")


async def wait_async(request):
    next(answered)
    await asyncio.sleep(WAIT)
    return HttpResponse(b"Hello, world!")


def compute_sync(request):
    next(answered)
    compute()
    return HttpResponse(b"Hello, world!")


async def compute_async(request):
    next(answered)
    compute()
    return HttpResponse(b"Hello, world!")


async def wait_in_thread_async(request):
    next(answered)
    await sync_to_async(time.sleep)(WAIT)
    return HttpResponse(b"Hello, world!")


def hold():
    future = concurrent.futures.Future()
    held.append(future)
    return future


def hold_until_released():
    return hold().result()


def hold_sync(request):
    next(answered)
    return HttpResponse(hold_until_released())


async def hold_async(request):
    next(answered)
    return HttpResponse(await asyncio.wrap_future(hold()))


async def hold_in_threads_async(request, calls):
    next(answered)
    return HttpResponse(await asyncio.gather(*[sync_to_async(hold_until_released)() for _ in range(calls)]))


async def gather_async(request):
    next(answered)
    await asyncio.gather(*[asyncio.sleep(WAIT) for _ in range(3)])
    return HttpResponse(b"Hello, world!")


urlpatterns = [
    *both("wait", wait_sync, wait_async),
    *both("compute", compute_sync, compute_async),
    *both("hold", hold_sync, hold_async),
    path("gather/async/", gather_async),
    path("wait_in_thread/async/", wait_in_thread_async),
    path("hold_in_threads/<int:calls>/async/", hold_in_threads_async),
]
