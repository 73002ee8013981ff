"""What every request must have done is proven: its messages, its headers, its signals, its threads, what it carried."""

import sys
from pathlib import Path

import pytest
from conftest import ROOT, Djangos, Suite
from test_lies import refused

ASGI = """
import django; django.setup()
from django.core.asgi import get_asgi_application
application_of_django = get_asgi_application()
async def application(scope, receive, send):
    if scope["type"] != "http":
        return await application_of_django(scope, receive, send)
    messages = []
    async def collect(message):
        messages.append(message)
    await application_of_django(scope, receive, collect)
    start, *bodies = messages
{lie}
    for message in messages:
        await send(message)
"""
MESSAGES = {
    "two starts": "    messages = [start, start, *bodies]",
    "a 500 after a 200": "    messages = [start, dict(start, status=500), *bodies]",
    "an empty message before the last": "    messages = [start, *[dict(each, more_body=True) for each in bodies],\n"
    "        {'type': 'http.response.body', 'body': b'', 'more_body': True}, {'type': 'http.response.body'}]",
    "the body twice": "    messages = [start, *bodies, *bodies]",
    "the body twice, as one": "    messages = [start, *[dict(each, more_body=True) for each in bodies], *bodies]",
    "a body before the start": "    messages = [*bodies, start, *bodies]",
    "a message of another type": "    messages = [start, {'type': 'http.response.debug'}, *bodies]",
    "a start after the end": "    messages = [start, *bodies, start]",
    "a body after the end": "    messages = [start, *bodies, {'type': 'http.response.body', 'body': b''}]",
    "no end": "    messages = [start, *[dict(each, more_body=True) for each in bodies]]",
    "no content type": "    messages = [dict(start, headers=[]), *bodies]",
    "another content type": "    messages = [dict(start, headers=[(b'Content-Type', b'text/plain')]), *bodies]",
    "a header twice": "    messages = [dict(start, headers=[*start['headers'], *start['headers']]), *bodies]",
}


@pytest.mark.parametrize("what", MESSAGES)
@pytest.mark.parametrize("cell", [2, 3])
def test_messages_out_of_order_and_other_headers_are_refused(suite: Suite, what: str, cell: int) -> None:
    suite.write("benchproject/asgi.py", ASGI.format(lie=MESSAGES[what]))
    refused(suite, f"handlers.Hello.track_hops-{cell}", "ASGI: |asked for the header Content-Type|asked for 200")


def test_the_messages_of_django_are_believed(suite: Suite) -> None:
    suite.write("benchproject/asgi.py", ASGI.format(lie="    pass"))
    assert suite.run_forked("handlers.Hello.track_hops-3") is not None


DJANGO = {
    "request_started is not sent": (
        "from django.core import signals\nsignals.request_started.send = lambda *a, **k: []\n"
        "async def _none(*a, **k):\n    return []\nsignals.request_started.asend = _none\n",
        "request_started was sent 0 times",
    ),
    "request_finished is not sent": (
        "from django.core import signals\nsignals.request_finished.send = lambda *a, **k: []\n",
        "request_finished 0 times",
    ),
    "close does nothing": (
        "from django.http.response import HttpResponseBase\nHttpResponseBase.close = lambda self: None\n",
        "request_finished 0 times",
    ),
    "the urlconf is not reset": (
        "from django.core.handlers import base\nbase.set_urlconf = lambda urlconf: None\n",
        "set_urlconf ran 0 times",
    ),
    "another header": (
        "from django.http.response import HttpResponse as R\nmake = R.__init__\ndef init(self, *a, **k):\n"
        "    make(self, *a, **k)\n    self['Content-Type'] = 'text/plain'\nR.__init__ = init\n",
        "asked for the header Content-Type",
    ),
}


@pytest.mark.parametrize("what", DJANGO)
@pytest.mark.parametrize("cell", range(4))
def test_a_django_that_leaves_something_out_is_refused(suite: Suite, what: str, cell: int) -> None:
    plant, complaint = DJANGO[what]
    suite.change("benchproject/views/hello.py", "def hello_sync(request):\n", f"{plant}\n\ndef hello_sync(request):\n")
    refused(suite, f"handlers.Hello.track_hops-{cell}", complaint)


HIDDEN = {
    "handler500": (
        "handler500 = lambda request: HttpResponse(b'Hello, world!')\ndef hello_sync(request):\n"
        "    next(answered)\n    raise ValueError\ndef _sync(request):\n",
        "response_for_exception ran|process_exception_by_middleware ran",
    ),
    "handler404": (
        "from django.http import Http404\nhandler404 = lambda request, exception: HttpResponse(b'Hello, world!')\n"
        "def hello_sync(request):\n    next(answered)\n    raise Http404\ndef _sync(request):\n",
        "response_for_exception ran|process_exception_by_middleware ran",
    ),
}


@pytest.mark.parametrize("handler", HIDDEN)
@pytest.mark.parametrize("cell", [0, 2])
def test_an_exception_that_is_made_a_response_is_refused(suite: Suite, handler: str, cell: int) -> None:
    plant, complaint = HIDDEN[handler]
    suite.change("benchproject/views/hello.py", "def hello_sync(request):\n", plant)
    refused(suite, f"handlers.Hello.track_hops-{cell}", complaint)


@pytest.mark.parametrize("cell", [0, 2])
def test_an_exception_that_a_hook_makes_a_response_is_refused(suite: Suite, cell: int) -> None:
    hook = "class Hook:\n    def __init__(self, get_response):\n        self.get_response = get_response\n"
    call = "    def __call__(self, request):\n        return self.get_response(request)\n"
    answer = "    def process_exception(self, request, exception):\n        from django.http import HttpResponse\n"
    suite.write("benchproject/hook.py", hook + call + answer + "        return HttpResponse(b'Hello, world!')\n")
    suite.change("benchproject/settings.py", "MIDDLEWARE = []", 'MIDDLEWARE = ["benchproject.hook.Hook"]')
    suite.change("benchproject/views/hello.py", "def hello_sync(request):\n", "def hello_sync(request):\n    1 / 0\n")
    refused(suite, f"handlers.Hello.track_hops-{cell}", "process_exception_by_middleware ran")


MIDDLEWARE = {
    "security": ("django.middleware.security", "SecurityMiddleware", "process_response", "X-Content-Type-Options"),
    "sessions": ("django.contrib.sessions.middleware", "SessionMiddleware", "process_request", "session|500"),
    "common": ("django.middleware.common", "CommonMiddleware", "process_response", "Content-Length"),
    "csrf": ("django.middleware.csrf", "CsrfViewMiddleware", "process_view", "csrf_processing_done"),
    "auth": ("django.contrib.auth.middleware", "AuthenticationMiddleware", "process_request", "user"),
    "messages": ("django.contrib.messages.middleware", "MessageMiddleware", "process_request", "_messages"),
    "clickjacking": (
        "django.middleware.clickjacking",
        "XFrameOptionsMiddleware",
        "process_response",
        "X-Frame-Options",
    ),
}


@pytest.mark.parametrize("name", MIDDLEWARE)
@pytest.mark.parametrize("cell", [0, 3])
def test_a_middleware_that_does_nothing_is_refused(suite: Suite, name: str, cell: int) -> None:
    module, its_class, hook, leaves = MIDDLEWARE[name]
    returned = "args[1]" if hook == "process_response" else "None"
    plant = f"from {module} import {its_class}\n\n\ndef nothing(self, *args):\n    return {returned}\n\n\n"
    plant += f"{its_class}.{hook} = nothing\n"
    suite.change("benchproject/startproject.py", "ROOT_URLCONF", plant + "ROOT_URLCONF")
    refused(suite, f"middleware.StartProject.track_hops-{cell}", leaves)


ADDED = {
    "locale": (
        "benchproject/settings.py",
        "USE_I18N = True",
        'LANGUAGES = [("en", "English")]',
        "Content-Language: de",
    ),
    "gzip": ("benchproject/views/responses.py", "n in range(20)]}\nH", "n in range(1)]}\nH", "Content-Encoding: gzip"),
    "conditional GET": (
        "benchmarks/middleware.py",
        '"If-None-Match", ETAG',
        '"If-Match", ETAG',
        "asked for (a finished response of )?status 304",
    ),
    "cache": (
        "benchmarks/middleware.py",
        'backends.locmem.LocMemCache"}',
        'backends.dummy.DummyCache"}',
        "ran 0 times",
    ),
}


@pytest.mark.parametrize("name", ADDED)
@pytest.mark.parametrize("cell", [0, 12])
def test_a_middleware_that_has_nothing_to_do_is_refused(suite: Suite, name: str, cell: int) -> None:
    file, old, new, complaint = ADDED[name]
    suite.change(file, old, new)
    refused(suite, f"middleware.Added.track_hops-{cell + list(ADDED).index(name)}", complaint)


def test_a_view_outside_of_the_thread_of_its_request_is_refused(suite: Suite) -> None:
    """Django's own wrapper of a sync view, with thread_sensitive=False."""
    plant = "import asgiref.sync\nfrom django.core.handlers import base\n\n\ndef insensitive(function, **options):\n"
    plant += "    return asgiref.sync.sync_to_async(function, thread_sensitive=False)\n\n\n"
    plant += "base.sync_to_async = insensitive\n"
    suite.change("benchproject/views/hello.py", "def hello_sync(request):\n", plant + "\n\ndef hello_sync(request):\n")
    refused(suite, "handlers.Hello.track_hops-2", "outside of the thread of its request")


UNWATCHED = """
import sys
from django.core.handlers import {module}

_whole = {module}.{handler}.{method}


def hidden(self, *args):
    if {watched}:
        return _whole(self, *args)
    from django.http import HttpResponse
    {answer}


{module}.{handler}.{method} = hidden
"""
WATCHED = "sys.monitoring.get_tool(4)" if hasattr(sys, "monitoring") else "sys.getprofile()"


@pytest.mark.parametrize("kind", ["time_request", "track_instructions"])
def test_work_that_is_done_only_while_the_proof_watches_is_refused(suite: Suite, kind: str) -> None:
    answer = "args[1]('200 OK', [('Content-Type', 'text/html; charset=utf-8')]); return [b'Hello, world!']"
    lie = UNWATCHED.format(module="wsgi", handler="WSGIHandler", method="__call__", watched=WATCHED, answer=answer)
    suite.change("benchproject/wsgi.py", "application = ", lie + "\n\napplication = ")
    if kind == "track_instructions":
        suite.execute(COUNTED)
    else:
        refused(suite, "handlers.Hello.time_request-0", "requests were timed, the views answered 0")


COUNTED = """
import sys, time
from asv_runner._aux import update_sys_path
update_sys_path(sys.argv[1])
from asv_runner.discovery import get_benchmark_from_name
benchmark = get_benchmark_from_name(sys.argv[1], "handlers.Hello.track_instructions")
benchmark.enter(0)
try:
    benchmark.batch(lambda: 0).timeit(3)
except AssertionError as lie:
    assert "3 requests were timed, the views answered 0" in str(lie)
else:
    raise AssertionError
"""


def test_a_view_that_does_not_count_itself_is_refused(suite: Suite) -> None:
    suite.change(
        "benchproject/views/hello.py", "    next(answered)\n    return HttpResponse", "    return HttpResponse"
    )
    refused(suite, "handlers.Hello.track_hops-0", "hello_sync did not count its answer")


CARRIED = [
    ("requests.Body.track_hops-0", 'request.POST["comment"]', '"wär & wäre"'),
    ("requests.Body.track_hops-1", 'items[-1]["name"]', '"item 19"'),
    ("requests.Body.track_hops-2", 'summary(request.FILES["file"].read())', "SUMMARY"),
    ("requests.Body.track_hops-4", "summary(request.body)", "SUMMARY"),
    ("requests.Head.track_hops-0", 'request.GET["page"]', '"9"'),
    ("requests.Head.track_hops-1", 'request.headers["Accept-Language"]', '"en-GB,en;q=0.8,de;q=0.5"'),
    ("requests.Head.track_hops-3", 'request.COOKIES["sessionid"]', '"0123456789abcdef0123456789abcdef"'),
]


@pytest.mark.parametrize(("benchmark", "old", "new"), CARRIED)
def test_a_view_that_does_not_read_what_the_request_carries_is_refused(
    suite: Suite, benchmark: str, old: str, new: str
) -> None:
    megabytes = 1 if benchmark.endswith("-2") else 10
    known = f'__import__("benchmarks.requests").requests.noise({megabytes}, "")'
    suite.change("benchproject/views/requests.py", old, new.replace("SUMMARY", f"summary({known})"))
    refused(suite, benchmark, "asked for 200")


def test_an_upload_that_is_never_read_is_refused(suite: Suite) -> None:
    suite.change("benchproject/views/memory.py", 'request.FILES["file"].size', "10 * 2**20")
    refused(suite, "memory.Upload.track_peak_memory-0", "asked for 200")


TEMPLATES = [
    ("benchmarks/views.py", "Hello, {{ name }}!", "Hello, world!", "asked for 200"),
    ("benchmarks/views.py", "[(CACHED, [(LOCMEM, {", "[(LOCMEM, {", "Template.__init__ ran"),
]


@pytest.mark.parametrize(("file", "old", "new", "complaint"), TEMPLATES)
@pytest.mark.parametrize("style", [1, 2, 4])
def test_a_template_without_a_variable_or_a_cache_is_refused(
    suite: Suite, file: str, old: str, new: str, complaint: str, style: int
) -> None:
    suite.change(file, old, new)
    if "CACHED" in old:
        suite.change(file, '"Hello, {{ name }}!"})])]', '"Hello, {{ name }}!"})]')
    refused(suite, f"views.Style.track_hops-{style}", complaint)


def test_another_cache_by_the_name_of_one_is_refused(suite: Suite) -> None:
    named, other = '"django.core.cache.backends." + BACKENDS[backend]', "filebased.FileBasedCache"
    suite.change("benchmarks/cache.py", named, f'"django.core.cache.backends.{other}"')
    refused(suite, "cache.Operation.time_call-0", "expected 'LocMemCache' of the cache, got 'FileBasedCache'")


SELECT_1 = "__import__('django.db').db.connection.cursor().execute('SELECT 1')"


@pytest.mark.parametrize(
    ("cell", "old", "constant"),
    [
        (0, "return Item.objects.get(pk=50).title", "'Item 50'"),
        (6, "return [item.title for item in Item.objects.filter(pk__lte=2)]", "['Item 1', 'Item 2']"),
        (12, "return sum([item.pk for item in Item.objects.iterator()])", "5050"),
        (18, "return Item.objects.count()", "100"),
    ],
)
def test_another_statement_than_the_orms_is_refused(suite: Suite, cell: int, old: str, constant: str) -> None:
    suite.change("benchproject/forum/queries.py", old, f"{SELECT_1}\n    return {constant}")
    refused(suite, f"database.Query.time_call-{cell}", "returned .*, not")


MORE = [
    (
        "database.Query.time_call-0",
        "benchproject/forum/queries.py",
        "return Item.objects.get(",
        "{}\n    return Item.objects.get(",
    ),
    ("database.Forum.time_request-0", "benchproject/forum/queries.py", "items = list(", "{}\n    items = list("),
    (
        "auth.Auth.time_request-0",
        "benchproject/views/auth.py",
        "    return HttpResponse(request.user",
        "    {}\n    return HttpResponse(request.user",
    ),
    (
        "routing.Reverse.track_hops-2",
        "benchproject/views/routing.py",
        'reverse("home")',
        'reverse("home") and reverse("home")',
    ),
    (
        "middleware.StartProject.track_hops-0",
        "benchproject/startproject.py",
        '    "django.middleware.common.CommonMiddleware",\n',
        '    "django.middleware.common.CommonMiddleware",\n' * 2,
    ),
]


@pytest.mark.parametrize(("benchmark", "file", "old", "new"), MORE)
def test_what_is_done_once_more_is_measured(suite: Suite, benchmark: str, file: str, old: str, new: str) -> None:
    """A proof says at least: a regression has a figure, and counts say how often."""
    suite.change(file, old, new.replace("{}", SELECT_1))
    assert suite.run_forked(benchmark) is not None


WAITS = ("sync_to_async", "async_to_sync", "hops", "threads", "event_loops", "tasks")

WAIT_MORE = {
    "a crossing": (
        "async",
        "from asgiref.sync import sync_to_async; await sync_to_async(int)()",
        {("sync_to_async", 1): 1, ("hops", 1): 2, ("sync_to_async", 3): 1, ("hops", 3): 1},
    ),
    "a hop": (
        "async",
        "import asyncio; await asyncio.get_running_loop().run_in_executor(None, int)",
        {("hops", 1): 1, ("threads", 1): 2, ("hops", 3): 1},
    ),
    "a task": (
        "async",
        "import asyncio; await asyncio.ensure_future(asyncio.sleep(0))",
        {("tasks", 1): 1, ("tasks", 3): 1},
    ),
    "a thread": (
        "sync",
        "import threading; thread = threading.Thread(target=int); thread.start(); thread.join()",
        {("threads", 0): 1, ("threads", 2): 1},
    ),
    "a loop": (
        "sync",
        "import asyncio; asyncio.new_event_loop().close()",
        {("event_loops", 0): 1, ("event_loops", 2): 1},
    ),
}
"""The view of hello world that does it once more, how, and the counts that it moves: by metric and cell.

Under WSGI an async view has a loop of its own for each request. A hop there needs two threads, the one that it is sent
to and the one that ends the loop's threads, and a crossing a second hop, back to the thread that waits for the view.
"""


@pytest.fixture(scope="module")
def waits_before(djangos: Djangos) -> dict[tuple[str, int], int]:
    return waits(djangos, ROOT)


@pytest.mark.parametrize("what", WAIT_MORE)
def test_a_wait_more_moves_its_count_where_it_is_passed(
    suite: Suite, djangos: Djangos, waits_before: dict[tuple[str, int], int], what: str
) -> None:
    view, line, moved = WAIT_MORE[what]
    head = f"\n{'async ' * (view == 'async')}def hello_{view}(request):\n"
    suite.change("benchproject/views/hello.py", head, f"{head}    {line}\n")
    after = waits(djangos, suite.root)
    assert {
        where: times - waits_before[where] for where, times in after.items() if times != waits_before[where]
    } == moved


def waits(djangos: Djangos, root: Path) -> dict[tuple[str, int], int]:
    """Return what each cell of hello world waits for, by metric and cell."""
    pattern = rf"^handlers\.Hello\.track_({'|'.join(WAITS)})$"
    found = djangos.run_cells(djangos.path(djangos.NEWEST), pattern, root=root)
    return {
        (name.rpartition("track_")[2], cell): outcome["value"]
        for name, cells in found.items()
        for cell, outcome in enumerate(cells)
    }


def test_a_statement_more_is_counted(suite: Suite) -> None:
    before = suite.run_forked("auth.Auth.track_queries-0")
    _, file, old, new = MORE[2]
    suite.change(file, old, new.replace("{}", SELECT_1))
    assert suite.run_forked("auth.Auth.track_queries-0") == before + 1
