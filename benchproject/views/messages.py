"""Views that add a message and that show the messages."""

from django.contrib import messages
from django.http import HttpResponse

from benchproject.views import answered, both


def add_sync(request):
    next(answered)
    messages.info(request, "Saved.")
    return HttpResponse(b"Hello, world!")


async def add_async(request):
    next(answered)
    messages.info(request, "Saved.")
    return HttpResponse(b"Hello, world!")


def read_sync(request):
    next(answered)
    return HttpResponse("".join(map(str, messages.get_messages(request))))


async def read_async(request):
    next(answered)
    return HttpResponse("".join(map(str, messages.get_messages(request))))


urlpatterns = [
    *both("add", add_sync, add_async),
    *both("read", read_sync, read_async),
]
