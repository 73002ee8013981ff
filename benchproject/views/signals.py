"""A view that opens a database connection, for Django's receivers to close at the end of the request."""

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpResponse

from benchproject.views import answered, both


def connect():
    connection.ensure_connection()  # this thread's own


def connect_sync(request):
    next(answered)
    connect()
    return HttpResponse(b"Hello, world!")


async def connect_async(request):
    next(answered)
    await sync_to_async(connect)()
    return HttpResponse(b"Hello, world!")


urlpatterns = both("connect", connect_sync, connect_async)
