"""Views that wait, that gather waits and that compute: they share one loop or its threads."""

import asyncio
import time

from django.http import HttpResponse
from django.urls import path

from benchproject.views import answered, both

WAIT = 0.01


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


async def gather_async(request):
    next(answered)
    await asyncio.gather(*[asyncio.sleep(WAIT) for _ in range(3)])
    return HttpResponse(b"Hello, world!")


urlpatterns = [
    *both("wait", wait_sync, wait_async),
    *both("compute", compute_sync, compute_async),
    path("gather/async/", gather_async),
]
