"""Views that read and write the session."""

from django.http import HttpResponse

from benchproject.views import both, served


def read_sync(request):
    next(served)
    return HttpResponse(request.session.get("colour"))


async def read_async(request):
    next(served)
    return HttpResponse(await request.session.aget("colour"))


def write_sync(request, colour):
    next(served)
    request.session["colour"] = colour
    return HttpResponse(b"Hello, world!")


async def write_async(request, colour):
    next(served)
    await request.session.aset("colour", colour)
    return HttpResponse(b"Hello, world!")


urlpatterns = [
    *both("read", read_sync, read_async),
    *both("write/<colour>", write_sync, write_async),
]
