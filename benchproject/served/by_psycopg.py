"""The forum's page by psycopg 3, sync and async."""

import functools

import psycopg
import psycopg_pool
from django.conf import settings

from benchproject.served import dbapi, sql
from benchproject.served.loops import one_in_each_loop

AUTOCOMMIT = {"autocommit": True}


def page(connections, seconds):
    return dbapi.page(_connect, lambda: _pool().connection(), connections, seconds)


async def apage(connections, seconds):
    if connections == "query":
        async with await _aconnect() as connection:
            items = await _fetch(connection, sql.list_of_items(seconds))
        async with await _aconnect() as connection:
            return sql.lines(items, (await _fetch(connection, sql.detail(items[-1][0], seconds)))[0][0])
    async with await _aconnection(connections) as connection:
        items = await _fetch(connection, sql.list_of_items(seconds))
        return sql.lines(items, (await _fetch(connection, sql.detail(items[-1][0], seconds)))[0][0])


def _connect():
    return psycopg.connect(settings.DATABASE_URL, **AUTOCOMMIT)


@functools.lru_cache(maxsize=None)
def _pool():
    return psycopg_pool.ConnectionPool(
        settings.DATABASE_URL, kwargs=AUTOCOMMIT, min_size=1, max_size=settings.POOL_SIZE, open=True
    )


async def _aconnect():
    return await psycopg.AsyncConnection.connect(settings.DATABASE_URL, **AUTOCOMMIT)


async def _aconnection(connections):
    if connections == "request":
        return await _aconnect()
    if connections == "pool":
        return (await one_in_each_loop(_open)).connection()
    raise NotImplementedError("one connection cannot serve two coroutines at once: a pool can")


async def _open():
    pool = psycopg_pool.AsyncConnectionPool(
        settings.DATABASE_URL, kwargs=AUTOCOMMIT, min_size=1, max_size=settings.POOL_SIZE, open=False
    )
    await pool.open()
    return pool


async def _fetch(connection, statement):
    return await (await connection.execute(statement)).fetchall()
