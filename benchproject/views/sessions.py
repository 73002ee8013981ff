"""Views that read and write the session."""

from django.http import HttpResponse

from benchproject.views import answered, both


def read_sync(request):
    next(answered)
    return HttpResponse(request.session.get("colour"))


async def read_async(request):
    next(answered)
    return HttpResponse(await request.session.aget("colour"))


def write_sync(request, colour):
    next(answered)
    request.session["colour"] = colour
    return HttpResponse(b"Hello, world!")


async def write_async(request, colour):
    next(answered)
    await request.session.aset("colour", colour)
    return HttpResponse(b"Hello, world!")


urlpatterns = [
    *both("read", read_sync, read_async),
    *both("write/<colour>", write_sync, write_async),
]
