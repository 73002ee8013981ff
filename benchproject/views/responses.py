"""Views that answer with each of Django's kinds of response; what they answer with is there before the request."""

import io

import django.http

from benchproject.views import answered, both

CONTENT = b"".join(b"%01023d\n" % line for line in range(1024))  # 1 MB, no two lines of it alike
OBJECT = {"items": [{"id": n, "name": "item %d" % n, "price": n / 4, "tags": ["new", "blue"]} for n in range(20)]}
HEADERS = [("X-Header-%d" % n, "value %d" % n) for n in range(50)]
COOKIES = [("cookie%d" % n, "value%d" % n) for n in range(20)]


def answering(answer):
    """Return a view's two versions that both answer with ``answer(request, **arguments)``, which never waits."""

    def answer_sync(request, **arguments):
        next(answered)
        return answer(request, **arguments)

    async def answer_async(request, **arguments):
        next(answered)
        return answer(request, **arguments)

    return answer_sync, answer_async


def lines_sync(count):
    for line in range(count):
        yield CONTENT[line << 10 : (line + 1) << 10]


async def lines_async(count):
    for line in range(count):
        yield CONTENT[line << 10 : (line + 1) << 10]


def content(request, size):
    return django.http.HttpResponse(CONTENT[:size])


def json(request):
    return django.http.JsonResponse(OBJECT)


def file(request):
    """Answer with a file that is in memory, so that no disk is measured."""
    return django.http.FileResponse(io.BytesIO(CONTENT), as_attachment=True, filename="lines.txt")


def many_headers(request):
    response = django.http.HttpResponse(b"Hello, world!")
    for name, value in HEADERS:
        response[name] = value
    return response


def many_cookies(request):
    response = django.http.HttpResponse(b"Hello, world!")
    for name, value in COOKIES:
        response.set_cookie(name, value, secure=True, httponly=True, samesite="Lax")
    return response


def sync_iterator(request, chunks):
    return django.http.StreamingHttpResponse(lines_sync(chunks))


def async_iterator(request, chunks):
    return django.http.StreamingHttpResponse(lines_async(chunks))


urlpatterns = [
    *both("content/<int:size>", *answering(content)),
    *both("json", *answering(json)),
    *both("file", *answering(file)),
    *both("many_headers", *answering(many_headers)),
    *both("many_cookies", *answering(many_cookies)),
    *both("sync_iterator/<int:chunks>", *answering(sync_iterator)),
    *both("async_iterator/<int:chunks>", *answering(async_iterator)),
]
