"""Views of the measured project: each in a sync and an async version that return the same bytes."""

from django.http import HttpResponse


def hello_sync(request):
    return HttpResponse(b"Hello, world!")


async def hello_async(request):
    return HttpResponse(b"Hello, world!")
