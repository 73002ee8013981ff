"""The forum's page by a sync driver of Python's DB-API."""

import contextlib
import threading

from benchproject.served import sql

_thread = threading.local()


def page(connect, pool, connections, seconds):
    """Return the page's lines; ``connect`` opens a connection, ``pool`` returns a context manager that lends one."""
    if connections == "query":
        items = _rows(connect, sql.list_of_items(seconds))
        return sql.lines(items, _rows(connect, sql.detail(items[-1][0], seconds))[0][0])
    with _connection(connect, pool, connections) as connection:
        items = _fetch(connection, sql.list_of_items(seconds))
        return sql.lines(items, _fetch(connection, sql.detail(items[-1][0], seconds))[0][0])


def _rows(connect, statement):
    with contextlib.closing(connect()) as connection:
        return _fetch(connection, statement)


def _connection(connect, pool, connections):
    if connections == "pool":
        return pool()
    if connections == "request":
        return contextlib.closing(connect())
    if not hasattr(_thread, "connection"):
        _thread.connection = connect()
    return contextlib.nullcontext(_thread.connection)


def _fetch(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()
