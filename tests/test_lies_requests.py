"""A request that does not carry, or is not read, as its benchmark says is refused: the lies are planted in a copy."""

import pytest
from conftest import Suite
from test_lies import refused

BENCHMARKS, VIEWS, WSGI, ASGI = "benchmarks/requests.py", "benchproject/views/requests.py", "wsgi.py", "asgi.py"

QUERY, HEADERS_5, HEADERS_50, COOKIES = range(4)
FORM, JSON, MULTIPART, FILE, LARGE, NEVER_READ = range(6)

SWAPPED = """
from django.core.asgi import get_asgi_application
django = get_asgi_application()
async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    first, second = await receive(), await receive()
    waiting = [first, second]
    async def swapped():
        return waiting.pop() if waiting else await receive()
    await django(scope, swapped, send)
"""


@pytest.mark.parametrize(
    ("interface", "variant", "file", "old", "new", "complaint"),
    [
        (WSGI, QUERY, BENCHMARKS, '"?page=9%s&" % seed', '"?page=8%s&" % seed', "got 200 b'10 8'"),
        (ASGI, QUERY, "harness/asgi.py", '"query_string": query', '"query_string": query[:6]', "got 200 b'1 9'"),
        (ASGI, HEADERS_5, "harness/asgi.py", "+ list(headers)", "", "500"),
        (WSGI, HEADERS_50, BENCHMARKS, "range(45)", "range(44)", "got 200 b'49 "),
        (ASGI, HEADERS_50, BENCHMARKS, 'n, "value %d" % n', '1, "value %d" % n', "got 200 b'6 "),
        (WSGI, COOKIES, BENCHMARKS, '"; ".join', '", ".join', "500"),
        (ASGI, COOKIES, VIEWS, '"%d %s" % (len(request.COOKIES), ', "(", "got 200 b'0123"),
    ],
)
def test_a_head_of_which_something_is_missing_is_refused(
    suite: Suite, interface: str, variant: int, file: str, old: str, new: str, complaint: str
) -> None:
    suite.change(file, old, new)
    refused(suite, f"requests.Head.track_hops-{4 * (interface == ASGI) + variant}", complaint)


@pytest.mark.parametrize(
    ("interface", "variant", "file", "old", "new", "complaint"),
    [
        (WSGI, FORM, "harness/wsgi.py", "io.BytesIO(self.body)", "io.BytesIO(self.body[:-1])", "got 200 b'10 w"),
        (ASGI, FORM, BENCHMARKS, "application/x-www-form-urlencoded", "text/plain", "500"),
        (ASGI, JSON, BENCHMARKS, "for n in range(20)", "for n in range(19)", "got 200 b'19 item 18'"),
        (WSGI, MULTIPART, VIEWS, '["file"].read()', '["file"].read(1 << 19)', "got 200 b'524288 "),
        (ASGI, MULTIPART, BENCHMARKS, "MULTIPART % noise(1, seed)", "MULTIPART % bytes(1 << 20)", "got 200 b'1048576 "),
        (ASGI, FILE, BENCHMARKS, "MULTIPART % noise(3, seed)", "MULTIPART % noise(1, seed)", "got 200 b'1048576 "),
        (WSGI, LARGE, "harness/wsgi.py", "io.BytesIO(self.body)", "io.BytesIO(self.body[:-1])", "got 200 b'10485759 "),
        (WSGI, LARGE, BENCHMARKS, '"DATA_UPLOAD_MAX_MEMORY_SIZE": None', "", "got .*400"),
        (ASGI, LARGE, VIEWS, "summary(request.body)", "summary(request.body[1:])", "got 200 b'10485759 "),
        (ASGI, LARGE, "harness/asgi.py", "reversed(starts)", "reversed(starts[1:])", "got 200 b'10420224 "),
        (ASGI, LARGE, "harness/asgi.py", "size=2**16", "size=2**30", "a message of 10485760 bytes"),
        (ASGI, LARGE, ASGI, "", SWAPPED, "got 200 b'10485760 "),
        (WSGI, NEVER_READ, VIEWS, "def unread(request):", "def unread(request):\n    request.body", "body ran 1 times"),
        (ASGI, NEVER_READ, VIEWS, "def unread(request):", "def unread(request):\n    request.read(1)", "read ran 1"),
        (
            WSGI,
            NEVER_READ,
            BENCHMARKS,
            'octet-stream", noise(10, seed)), str',
            'octet-stream", noise(1, seed)), str',
            "b'1048576'",
        ),
    ],
)
def test_a_body_that_is_not_whole_or_not_read_is_refused(
    suite: Suite, interface: str, variant: int, file: str, old: str, new: str, complaint: str
) -> None:
    if file == ASGI:
        suite.write("benchproject/asgi.py", new)
    else:
        suite.change(file, old, new)
    refused(suite, f"requests.Body.track_hops-{6 * (interface == ASGI) + variant}", complaint)


@pytest.mark.parametrize(
    ("old", "new"),
    [("(scope, receive_and_count, send)", "(scope, receive, send)"), ("while not raw.done():", "while False:")],
)
def test_messages_that_nobody_counts_or_that_are_of_no_turn_are_not_believed(suite: Suite, old: str, new: str) -> None:
    suite.change(BENCHMARKS, old, new)
    refused(suite, "requests.Body.track_messages_a_turn-1", "messages were taken")
