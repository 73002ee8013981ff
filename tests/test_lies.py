"""Each way in which a benchmark can measure nothing, planted in a copy of the measured project, is refused."""

import itertools
import re

import pytest
from conftest import Suite

CELLS = dict(enumerate(itertools.product(["WSGI", "ASGI"], ["sync", "async"])))
KINDS = ["time_request", "track_hops"]
FILES = ["handlers.Hello", "clients.Hello"]

NO_DJANGO_WSGI = """
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"Hello, world!"]
"""
NO_DJANGO_ASGI = """
async def application(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"Hello, world!"})
"""
EMPTY_WSGI = "application = lambda environ, start_response: []"
EMPTY_ASGI = "async def application(scope, receive, send): pass"
UNFINISHED_ASGI = """
from django.core.asgi import get_asgi_application
django = get_asgi_application()
async def application(scope, receive, send):
    async def unfinished(message):
        await send({**message, "more_body": True})
    await django(scope, receive, unfinished)
"""
UNCLOSED_WSGI = """
from django.core.wsgi import get_wsgi_application
django = get_wsgi_application()
def application(environ, start_response):
    return list(django(environ, start_response))
"""
DRIVEN_BY_HAND = """
from django.core.wsgi import get_wsgi_application
from benchproject.views import hello as views
get_wsgi_application()
def application(environ, start_response):
    try:
        views.hello_async(None).send(None)
    except StopIteration as stop:
        start_response("200 OK", [])
        return stop.value
"""
ON_A_THREAD = """
import concurrent.futures
from django.core.wsgi import get_wsgi_application
django = get_wsgi_application()
pool = concurrent.futures.ThreadPoolExecutor()
def application(environ, start_response):
    return pool.submit(django, environ, start_response).result()
"""
ON_THE_LOOP = """
from benchproject.views import hello as views
async def application(scope, receive, send):
    response = views.hello_sync(None)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": response.content})
    response.close()
"""
ANSWERED_BY_MIDDLEWARE = """
from django.http import HttpResponse
def short_cut(get_response):
    return lambda request: HttpResponse(b"Hello, world!")
"""
FORGETTING = """
async def forgotten():
    pass
def hello_sync(request):
    forgotten()
"""
TIRING = """
calls = 0
def hello_sync(request):
    global calls
    calls += 1
    if 20 < calls < 60:
        return HttpResponse(b"Hello, world!", status=500)
"""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("file", FILES)
def test_truth_is_reported(suite: Suite, file: str, cell: int, kind: str) -> None:
    assert suite.run_forked(f"{file}.{kind}-{cell}") is not None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("views/hello.py", '"hello"', '"elsewhere"', "404"),
        ("views/hello.py", "return HttpResponse(", "raise RuntimeError(", "500|RuntimeError"),
        ("views/hello.py", "Hello, world!", "Hello, moon!", "Hello, moon!"),
        ("views/hello.py", 'b"Hello, world!"', 'b"Hello, world!", status=201', "201"),
        ("views/hello.py", 'b"Hello, world!"', 'b""', "got 200 b''"),
    ],
)
def test_a_wrong_response_is_refused(
    suite: Suite, file: str, cell: int, kind: str, name: str, old: str, new: str, complaint: str
) -> None:
    suite.change(f"benchproject/{name}", old, new)
    refused(suite, f"{file}.{kind}-{cell}", complaint)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", [1, 3])
@pytest.mark.parametrize("file", FILES)
def test_an_async_view_that_is_sync_is_refused(suite: Suite, file: str, cell: int, kind: str) -> None:
    suite.change("benchproject/views/hello.py", "async def", "def")
    refused(suite, f"{file}.{kind}-{cell}", "hello_async is not async")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", [0, 2])
@pytest.mark.parametrize("file", FILES)
def test_a_sync_view_that_is_async_is_refused(suite: Suite, file: str, cell: int, kind: str) -> None:
    suite.change("benchproject/views/hello.py", "\ndef", "\nasync def")
    refused(suite, f"{file}.{kind}-{cell}", "hello_sync is not sync")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("cell", "name", "source", "complaint"),
    [
        (0, "wsgi.py", EMPTY_WSGI, r"asked for status 200, got \[\]"),
        (0, "wsgi.py", NO_DJANGO_WSGI, "hello_sync ran 0 times"),
        (0, "wsgi.py", UNCLOSED_WSGI, "was not closed"),
        (0, "wsgi.py", ON_A_THREAD, "hello_sync ran outside of the caller's thread"),
        (1, "wsgi.py", NO_DJANGO_WSGI, "hello_async ran 0 times"),
        (1, "wsgi.py", UNCLOSED_WSGI, "was not closed"),
        (1, "wsgi.py", DRIVEN_BY_HAND, "hello_async ran on the caller's thread"),
        (2, "asgi.py", EMPTY_ASGI, r"finished response of status 200, got \[\]"),
        (2, "asgi.py", NO_DJANGO_ASGI, "hello_sync ran 0 times"),
        (2, "asgi.py", UNFINISHED_ASGI, "asked for a finished response"),
        (2, "asgi.py", ON_THE_LOOP, "hello_sync ran on the caller's thread"),
        (3, "asgi.py", EMPTY_ASGI, r"finished response of status 200, got \[\]"),
        (3, "asgi.py", NO_DJANGO_ASGI, "hello_async ran 0 times"),
    ],
)
def test_a_handler_that_is_not_djangos_is_refused(
    suite: Suite, kind: str, cell: int, name: str, source: str, complaint: str
) -> None:
    setup = "import django; django.setup()\n" if name == "asgi.py" else ""
    suite.write(f"benchproject/{name}", setup + source)
    refused(suite, f"handlers.Hello.{kind}-{cell}", complaint)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", CELLS)
def test_a_middleware_that_answers_for_the_view_is_refused(suite: Suite, cell: int, kind: str) -> None:
    suite.write("benchproject/short.py", ANSWERED_BY_MIDDLEWARE)
    suite.change("benchproject/settings.py", "MIDDLEWARE = []", 'MIDDLEWARE = ["benchproject.short.short_cut"]')
    refused(suite, f"handlers.Hello.{kind}-{cell}", "ran 0 times, not 1")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", [0, 2])
def test_a_coroutine_that_is_never_awaited_is_refused(suite: Suite, cell: int, kind: str) -> None:
    suite.change("benchproject/views/hello.py", "def hello_sync(request):\n", FORGETTING)
    refused(suite, f"handlers.Hello.{kind}-{cell}", "coroutine 'forgotten' was never awaited")


@pytest.mark.parametrize("file", FILES)
def test_a_view_that_fails_only_while_it_is_timed_is_refused(suite: Suite, file: str) -> None:
    suite.change("benchproject/views/hello.py", "def hello_sync(request):\n", TIRING)
    refused(suite, f"{file}.time_request-0", "500")


@pytest.mark.parametrize(
    ("benchmark", "old", "new", "complaint"),
    [
        ("BareWSGI.time_request", '"200 OK"', '"500 Oops"', "500 Oops"),
        ("BareWSGI.time_request", 'return [b"Hello, world!"]', "return []", "got 200 b''"),
        ("BareASGI.time_request", '"status": 200', '"status": 500', "500"),
        ("SyncToAsync.time_crossing-0", "await self.crossing()", "self.crossing()", "nothing ran 0 times"),
        ("Coroutine.time_await", "await nothing_awaited()", "nothing_awaited()", "nothing_awaited ran 0 times"),
        ("AsyncToSync.time_crossing", "async_to_sync(nothing_awaited)", "lambda: None", "nothing_awaited ran 0 times"),
        (
            "Thread.time_run_in_executor",
            "run_in_executor(None, nothing)",
            "run_in_executor(None, id, 0)",
            "ran 0 times",
        ),
    ],
)
def test_a_floor_that_does_nothing_is_refused(suite: Suite, benchmark: str, old: str, new: str, complaint: str) -> None:
    suite.change("benchmarks/floors.py", old, new)
    refused(suite, f"floors.{benchmark}", complaint)


def refused(suite: Suite, benchmark: str, complaint: str) -> None:
    """Assert that a benchmark has no figure, for the reason that was planted."""
    with pytest.raises(AssertionError) as refusal:
        suite.run_forked(benchmark)
    assert re.search(complaint, str(refusal.value)), str(refusal.value)[-600:]
