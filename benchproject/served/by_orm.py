"""The forum's page by Django's ORM; which connections is which database alias."""

import django
from django.conf import settings
from django.db import connections as all_connections

from benchproject.forum.models import Item
from benchproject.served import sql

ALIASES = {"query": "default", "request": "default", "persistent": "persistent", "pool": "pool"}


def page(connections, seconds):
    items = _items(connections, seconds)
    rows = [(item.pk, item.title) for item in items]
    _close_after_query(connections)
    body = _detail(connections, seconds).get(pk=rows[-1][0]).body
    _close_after_query(connections)
    return sql.lines(rows, body)


async def apage(connections, seconds):
    from asgiref.sync import sync_to_async

    if django.VERSION < (4, 1):
        raise NotImplementedError("Django %s lacks async queries (Django 4.1)" % django.get_version())
    items = _items(connections, seconds)
    rows = [(item.pk, item.title) async for item in items]
    if connections == "query":
        await sync_to_async(_close_after_query)(connections)
    body = (await _detail(connections, seconds).aget(pk=rows[-1][0])).body
    if connections == "query":
        await sync_to_async(_close_after_query)(connections)
    return sql.lines(rows, body)


def _items(connections, seconds):
    return _slow(_objects(connections).only("title").order_by("-pk"), seconds)[:10]


def _detail(connections, seconds):
    return _slow(_objects(connections).only("body"), seconds)


def _objects(connections):
    database = settings.DATABASES["default"]["ENGINE"]
    if connections == "pool" and (django.VERSION < (5, 1) or not database.endswith("postgresql")):
        raise NotImplementedError("a pool needs Django 5.1 and PostgreSQL")
    return Item.objects.using(ALIASES[connections])


def _slow(queryset, seconds):
    return queryset.extra(where=[sql.sleep(seconds)]) if seconds else queryset


def _close_after_query(connections):
    if connections == "query":
        all_connections["default"].close()
