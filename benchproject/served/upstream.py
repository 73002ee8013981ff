"""Two calls to another HTTP service, UPSTREAM_URL, which takes ``?ms=`` to answer: in sequence, or gathered."""

import asyncio
import functools
import os

from django.core.handlers.wsgi import WSGIRequest

from benchproject.served.answer import answer, unavailable
from benchproject.served.loops import one_in_each_loop

CALLS = 2
CONNECTIONS = 1000


def calls_sync(request, client, order):
    if (client, order) != ("urllib3", "sequence"):
        return unavailable("sync calls go one after the other, by urllib3")
    return answer(b"".join([_urllib3().request("GET", _url(request)).data for _ in range(CALLS)]))


async def calls_async(request, client, order):
    if client not in CLIENTS:
        return unavailable("%s has no async API" % client)
    if isinstance(request, WSGIRequest):
        return unavailable("an async client lives in one event loop; under WSGI each request has its own")
    get = CLIENTS[client]
    if order == "gathered":
        return answer(b"".join(await asyncio.gather(*[get(_url(request)) for _ in range(CALLS)])))
    return answer(b"".join([await get(_url(request)) for _ in range(CALLS)]))


def _url(request):
    return "%s/?ms=%s" % (os.environ["UPSTREAM_URL"], request.GET.get("ms", "0"))


@functools.lru_cache(maxsize=None)
def _urllib3():
    import urllib3

    return urllib3.PoolManager(maxsize=CONNECTIONS)


async def _by_aiohttp(url):
    async with (await one_in_each_loop(_aiohttp)).get(url) as response:
        return await response.read()


async def _by_httpx(url):
    return (await (await one_in_each_loop(_httpx)).get(url)).content


async def _aiohttp():
    import aiohttp

    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS))


async def _httpx():
    import httpx

    return httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=CONNECTIONS))


CLIENTS = {"aiohttp": _by_aiohttp, "httpx": _by_httpx}
