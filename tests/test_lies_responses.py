"""A response that is not the one that its benchmark names is refused: the lies are planted in a copy of the suite."""

import pytest
from conftest import Suite
from test_lies import refused

VIEWS = "benchproject/views/responses.py"
STREAM = "django.http.StreamingHttpResponse"

JOINED_WSGI = """
from django.core.wsgi import get_wsgi_application
django = get_wsgi_application()
def application(environ, start_response):
    response = django(environ, start_response)
    joined = b"".join(response)
    response.close()
    return [joined]
"""
JOINED_ASGI = """
from django.core.asgi import get_asgi_application
django = get_asgi_application()
async def application(scope, receive, send):
    chunks = []
    async def join(message):
        if message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))
            if message.get("more_body"):
                return
            message = {"type": "http.response.body", "body": b"".join(chunks)}
        await send(message)
    await django(scope, receive, join)
"""


@pytest.mark.parametrize(
    ("benchmark", "old", "new", "complaint"),
    [
        ("HttpResponse.track_hops-0", "(CONTENT[:size])", '(b" ")', "got 200 b' '"),
        ("HttpResponse.track_hops-1", "(CONTENT[:size])", "(CONTENT[: size - 1])", "asked for 200 b'0000"),
        ("HttpResponse.track_hops-5", "range(1024)", "range(1023)", "asked for 200 b'0000"),
        ("HttpResponse.track_hops-5", "(CONTENT[:size])", '(CONTENT.replace(b"512\\n", b"513\\n"))', "asked for 200"),
        ("JsonResponse.track_hops-0", "for n in range(20)]}", "for n in range(19)]}", "asked for 200"),
        (
            "JsonResponse.track_hops-1",
            "django.http.JsonResponse(OBJECT)",
            'django.http.HttpResponse(__import__("json").dumps(OBJECT))',
            r"JsonResponse.__init__ ran 0 times",
        ),
        ("FileResponse.track_hops-0", "io.BytesIO(CONTENT)", "io.BytesIO(CONTENT[1:])", "asked for 200"),
        (
            "FileResponse.track_hops-1",
            "FileResponse(io.BytesIO(CONTENT), as_attachment=True, filename=",
            "HttpResponse(CONTENT, content_type=",
            "set_headers ran 0 times",
        ),
        ("Headers.track_hops-0", "for n in range(50)", "for n in range(49)", "asked for 50 headers, got"),
        ("Headers.track_hops-2", "response[name] = value", 'response["X-Header"] = value', "asked for 50 headers, got"),
        ("Headers.track_hops-3", "for n in range(20)]\n\n", "for n in range(1)]\n\n", "asked for 20 cookies, got"),
    ],
)
def test_another_response_is_refused(suite: Suite, benchmark: str, old: str, new: str, complaint: str) -> None:
    suite.change(VIEWS, old, new)
    refused(suite, f"responses.{benchmark}", complaint)


@pytest.mark.parametrize(
    ("cell", "old", "new", "complaint"),
    [
        (1, f"{STREAM}(lines_sync(chunks))", f"{STREAM}([CONTENT[: chunks << 10]])", "lines_sync ran 0 times"),
        (1, f"{STREAM}(lines_sync(chunks))", "django.http.HttpResponse(lines_sync(chunks))", "__init__ ran 0 times"),
        (5, "for line in range(count):", "for line in range(count - 1):", "asked for 200"),
        (4, "for line in range(count):", "for line in [0]:\n        yield CONTENT[:1]", "asked for 200"),
        (1, "yield CONTENT[line << 10 : (line + 1) << 10]", "yield CONTENT[: 100 << 10]\n        return", "100 chunks"),
        (7, "yield CONTENT[line << 10 : (line + 1) << 10]", "yield CONTENT[: 100 << 10]\n        return", "100 chunks"),
        (6, "async def lines_async", "def lines_async", "the iterator is not async"),
        (0, "def lines_sync(count):", "async def lines_sync(count):", "the iterator is not sync"),
    ],
)
def test_another_stream_is_refused(suite: Suite, cell: int, old: str, new: str, complaint: str) -> None:
    suite.change(VIEWS, old, new)
    refused(suite, f"responses.StreamingHttpResponse.track_hops-{cell}", complaint)


@pytest.mark.parametrize(
    ("cell", "file", "source"),
    [
        (1, "wsgi.py", JOINED_WSGI),
        (3, "wsgi.py", JOINED_WSGI),
        (5, "asgi.py", JOINED_ASGI),
        (7, "asgi.py", JOINED_ASGI),
    ],
)
def test_a_stream_that_comes_at_once_is_refused(suite: Suite, cell: int, file: str, source: str) -> None:
    suite.write(f"benchproject/{file}", source)
    refused(suite, f"responses.StreamingHttpResponse.track_hops-{cell}", "asked for 100 chunks, got 1")


@pytest.mark.parametrize(
    ("cell", "old", "new", "complaint"),
    [
        (0, "                send(chunk)\n", "", "0 chunks were sent, of 100"),
        (3, '                send(message["body"])\n', "                pass\n", "0 chunks were sent, of 100"),
        (2, "views.CONTENT = noting = Noting", "noting = Noting", "100 chunks were sent, of 0"),
    ],
)
def test_chunks_that_nobody_counts_are_refused(suite: Suite, cell: int, old: str, new: str, complaint: str) -> None:
    suite.change("benchmarks/responses.py", old, new)
    refused(suite, f"responses.StreamingHttpResponse.track_chunks_ahead-{cell}", complaint)


@pytest.mark.parametrize(("iterator", "ahead"), [("lines_sync(chunks)", 1), ("list(lines_sync(chunks))", 100)])
def test_a_stream_that_is_read_ahead_shows(suite: Suite, iterator: str, ahead: int) -> None:
    suite.change(VIEWS, "lines_sync(chunks)", iterator)
    assert suite.run_forked("responses.StreamingHttpResponse.track_chunks_ahead-0") == ahead
