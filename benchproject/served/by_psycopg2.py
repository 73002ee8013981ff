"""The forum's page by psycopg2."""

import psycopg2
from django.conf import settings

from benchproject.served import dbapi


def page(connections, seconds):
    return dbapi.page(_connect, _pool, connections, seconds)


async def apage(connections, seconds):
    raise NotImplementedError("psycopg2 is sync")


def _connect():
    connection = psycopg2.connect(settings.DATABASE_URL)
    connection.autocommit = True
    return connection


def _pool():
    raise NotImplementedError("psycopg2's pool raises an error when it is empty, where others wait")
