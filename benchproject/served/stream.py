"""Pages that are sent in parts: by a sync or an async iterator, ``?ms=`` between two parts, or from a file."""

import os

import django
from django.http import FileResponse, StreamingHttpResponse

from benchproject.served.answer import seconds, unavailable
from benchproject.served.parts import aparts, parts


def stream_sync(request, iterator):
    return _stream(iterator, seconds(request))


async def stream_async(request, iterator):
    return _stream(iterator, seconds(request))


def file_sync(request):
    return _file()


async def file_async(request):
    return _file()


def _stream(iterator, wait):
    if iterator == "sync":
        return StreamingHttpResponse(parts(wait), content_type="text/plain")
    if not hasattr(StreamingHttpResponse, "__aiter__"):
        return unavailable("Django %s cannot send an async iterator (Django 4.2)" % django.get_version())
    return StreamingHttpResponse(aparts(wait), content_type="text/plain")


def _file():
    return FileResponse(open(os.environ["SERVED_FILE"], "rb"), content_type="text/plain")
