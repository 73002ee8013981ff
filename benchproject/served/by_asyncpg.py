"""The forum's page by asyncpg."""

import contextlib

import asyncpg
from django.conf import settings

from benchproject.served import sql
from benchproject.served.loops import one_in_each_loop


def page(connections, seconds):
    raise NotImplementedError("asyncpg is async")


async def apage(connections, seconds):
    if connections == "query":
        async with _connect() as connection:
            items = await connection.fetch(sql.list_of_items(seconds))
        async with _connect() as connection:
            return sql.lines(items, await connection.fetchval(sql.detail(items[-1][0], seconds)))
    async with await _connection(connections) as connection:
        items = await connection.fetch(sql.list_of_items(seconds))
        return sql.lines(items, await connection.fetchval(sql.detail(items[-1][0], seconds)))


@contextlib.asynccontextmanager
async def _connect():
    connection = await asyncpg.connect(settings.DATABASE_URL)
    try:
        yield connection
    finally:
        await connection.close()


async def _connection(connections):
    if connections == "request":
        return _connect()
    if connections == "pool":
        return (await one_in_each_loop(_open)).acquire()
    raise NotImplementedError("one connection cannot serve two coroutines at once: a pool can")


async def _open():
    return await asyncpg.create_pool(settings.DATABASE_URL, min_size=1, max_size=settings.POOL_SIZE)
