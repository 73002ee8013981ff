"""Planted lies of the parts that keep state between requests: sessions, auth, CSRF, messages and the cache."""

import pytest
from conftest import Suite
from test_lies import refused

# Cells by their number: those of WSGI come first. Of Session, the numbers run over backend, then access.
READ_CACHE, WRITE_CACHE, WRITE_SIGNED, READ_DB, WRITE_DB, WRITE_CACHED_DB = 0, 1, 3, 4, 5, 7
ASGI_READ_CACHE, ASGI_WRITE_DB = 8, 13
USER, AUTHENTICATE, LOGIN, LOGOUT, ASGI_LOGIN, ASGI_LOGOUT = 0, 1, 2, 3, 6, 7
GET, VALID, REFUSED, ASGI_VALID, ASGI_REFUSED = 0, 1, 2, 4, 5
ADD_COOKIE, READ_COOKIE, ADD_SESSION, READ_SESSION = 0, 1, 2, 3
HIT, MISS, SET, MANY, DB_SET, ASYNC_DB_HIT, ASYNC_DB_MANY = 0, 1, 2, 3, 6, 12, 15

READ, AREAD = 'request.session.get("colour")', 'await request.session.aget("colour")'
WRITE, AWRITE = 'request.session["colour"] = colour\n', 'await request.session.aset("colour", colour)\n'
CALL = "functools.partial(getattr(cache, name), *arguments)"
KEPT = "functools.partial(functools.lru_cache(None)(getattr(cache, name)), *arguments)"
ONCE = 'request.session["colour"] = "red"\n'
LOGS_IN = "auth.login(request, auth.authenticate(request, **CREDENTIALS))\n"
ALOGS_IN = "await auth.alogin(request, await auth.aauthenticate(request, **CREDENTIALS))\n"
TRUSTS = "auth.login(request, auth.get_user_model().objects.get(pk=2), 'django.contrib.auth.backends.ModelBackend')\n"
ALICE = "auth.login(request, auth.get_user_model().objects.get(pk=1), 'django.contrib.auth.backends.ModelBackend')\n"
ADDS = 'messages.info(request, "Saved.")\n'
SHOWS = '"".join(map(str, messages.get_messages(request)))'


@pytest.mark.parametrize(
    ("cell", "old", "new", "complaint"),
    [
        (READ_CACHE, READ, "'red'", "load ran 0 times"),
        (ASGI_READ_CACHE, AREAD, READ, "aload ran 0 times"),
        (ASGI_READ_CACHE, AREAD, "'red'", "aload ran 0 times"),
        (WRITE_CACHE, WRITE, ONCE, "200 b'blue', got 200 b'red'"),
        (WRITE_SIGNED, WRITE, "pass\n", "load ran 0 times"),
        (WRITE_SIGNED, WRITE, ONCE, "200 b'blue', got 200 b'red'"),
        (WRITE_DB, WRITE, WRITE + "    request.session.modified = colour == 'red'\n", "execute ran 1 times, not 3"),
        (WRITE_CACHED_DB, WRITE, ONCE, "200 b'blue', got 200 b'red'"),
        (ASGI_WRITE_DB, AWRITE, "pass\n", "ran 0 times"),
        (ASGI_WRITE_DB, AWRITE, "request.session['colour'] = colour\n", "SynchronousOnlyOperation|500"),
    ],
)
def test_a_session_that_is_not_read_or_written_is_refused(
    suite: Suite, cell: int, old: str, new: str, complaint: str
) -> None:
    suite.change("benchproject/views/sessions.py", old, new)
    refused(suite, f"sessions.Session.track_hops-{cell}", complaint)


@pytest.mark.parametrize(
    ("cell", "new", "complaint"),
    [
        (READ_DB, '"django.contrib.sessions.backends.cache"', "load ran 0 times"),
        (READ_CACHE, '"django.contrib.sessions.backends.signed_cookies"', "load ran 0 times"),
    ],
)
def test_a_session_of_another_backend_is_refused(suite: Suite, cell: int, new: str, complaint: str) -> None:
    suite.change("benchmarks/sessions.py", '"django.contrib.sessions.backends." + backend', new)
    refused(suite, f"sessions.Session.time_request-{cell}", complaint)


def test_a_session_cookie_that_is_not_sent_is_refused(suite: Suite) -> None:
    suite.change("harness/cookies.py", "if cookies else []", "if not cookies else []")
    refused(suite, f"sessions.Session.time_request-{READ_DB}", "load ran 0 times, not 1")


@pytest.mark.parametrize(
    ("cell", "old", "new", "complaint"),
    [
        (USER, "request.user.get_username()", "'bob'", "execute ran 0 times, not 1"),
        (USER, LOGS_IN, ALICE, "b'bob', got 200 b'alice'"),
        (AUTHENTICATE, "auth.authenticate(request, **CREDENTIALS).get", "request.user.get", "verify ran 0 times"),
        (LOGIN, LOGS_IN, "pass\n", "verify ran 0 times"),
        (LOGIN, LOGS_IN, "auth.authenticate(request, **CREDENTIALS)\n", "execute ran 1 times, not 2"),
        (LOGIN, LOGS_IN, TRUSTS, "verify ran 0 times"),
        (LOGIN, LOGS_IN, LOGS_IN + "    request.session.flush()\n", "200 b'bob', got 200 b''"),
        (ASGI_LOGIN, ALOGS_IN, "await auth.aauthenticate(request, **CREDENTIALS)\n", "execute ran 1 times, not 2"),
        (LOGOUT, "auth.logout(request)", "pass", "execute ran 0 times"),
        (LOGOUT, "auth.logout(request)", "str(request.user)", "200 b'', got 200 b'bob'"),
        (ASGI_LOGOUT, "await auth.alogout(request)", "await request.auser()", "200 b'', got 200 b'bob'"),
    ],
)
def test_a_user_that_is_not_the_one_is_refused(suite: Suite, cell: int, old: str, new: str, complaint: str) -> None:
    suite.change("benchproject/views/auth.py", old, new)
    refused(suite, f"auth.Auth.track_hops-{cell}", complaint)


@pytest.mark.parametrize(
    ("cell", "file", "old", "new", "complaint"),
    [
        (GET, "benchproject/views/csrf.py", "get_token(request)\n", "pass\n", "status 200, got .*403"),
        (VALID, "benchmarks/csrf.py", '{"MIDDLEWARE": [MIDDLEWARE]}', "{}", "process_view ran 0 times"),
        (VALID, "benchproject/views/csrf.py", "def submit", "def _", "submit_sync"),
        (
            VALID,
            "benchproject/views/csrf.py",
            "def submit_sync",
            "@exempt\ndef submit_sync",
            "time_compare ran 0 times",
        ),
        (
            ASGI_VALID,
            "benchproject/views/csrf.py",
            "async def submit",
            "@exempt\nasync def submit",
            "time_compare ran 0 times",
        ),
        (VALID, "benchmarks/csrf.py", '"method": "POST"', '"method": "GET"', "constant_time_compare ran 0 times"),
        (REFUSED, "benchproject/views/csrf.py", "def submit_sync", "@exempt\ndef submit_sync", "403, got .*200"),
        (REFUSED, "benchmarks/csrf.py", 'if request == "POST valid" else []', "", "403, got .*200"),
        (ASGI_REFUSED, "benchmarks/csrf.py", 'if request == "POST valid" else []', "", "status 403, got"),
    ],
)
def test_a_token_that_is_not_set_or_checked_is_refused(
    suite: Suite, cell: int, file: str, old: str, new: str, complaint: str
) -> None:
    suite.change("benchproject/views/csrf.py", "\n\n\ndef form", EXEMPT + "\n\n\ndef form")
    suite.change(file, old, new)
    refused(suite, f"csrf.CSRF.track_hops-{cell}", complaint)


EXEMPT = "\n\n\ndef exempt(view):\n    view.csrf_exempt = True\n    return view"


@pytest.mark.parametrize(
    ("cell", "old", "new", "complaint"),
    [
        (ADD_COOKIE, ADDS, "pass\n", "_store ran 0 times"),
        (ADD_SESSION, ADDS, ADDS + "    list(messages.get_messages(request))\n", "200 b'Saved.', got 200 b''"),
        (READ_COOKIE, SHOWS, "'Saved.'", "_store ran 0 times"),
        (READ_SESSION, SHOWS, "'Saved.'", "_store ran 0 times"),
        (READ_SESSION, SHOWS, SHOWS + " + (" + ADDS.strip() + " or '')", "200 b'', got 200 b'Saved.'"),
    ],
)
def test_a_message_that_is_not_kept_or_shown_is_refused(
    suite: Suite, cell: int, old: str, new: str, complaint: str
) -> None:
    suite.change("benchproject/views/messages.py", old, new)
    refused(suite, f"messages.Message.track_hops-{cell}", complaint)


def test_messages_of_another_storage_are_refused(suite: Suite) -> None:
    suite.change("benchmarks/messages.py", "STORAGES[storage],", 'STORAGES["cookie"],')
    refused(suite, f"messages.Message.time_request-{READ_SESSION}", "_store ran 0 times")


@pytest.mark.parametrize(
    ("benchmark", "old", "new", "complaint"),
    [
        (f"Operation.time_call-{HIT}", '"locmem.LocMemCache"', '"dummy.DummyCache"', "KeyError|expected"),
        (f"Operation.time_call-{DB_SET}", '"db.DatabaseCache"', '"locmem.LocMemCache"', "expected True"),
        (f"Operation.time_call-{ASYNC_DB_MANY}", '"db.DatabaseCache"', '"locmem.LocMemCache"', "expected True"),
        (f"Operation.time_call-{HIT}", CALL, KEPT, "expected 'key0 of proof 2'"),
        (f"Operation.time_call-{MANY}", CALL, "functools.partial(dict)", "expected {'key0"),
        (f"Operation.time_call-{SET}", CALL, "functools.partial(id, 0)", "expected None"),
        (f"Operation.time_call-{SET}", '[KEYS[0], "written"]', '[KEYS[1], "written"]', "'key0': 'written'"),
        (f"Operation.time_call-{MISS}", '["elsewhere"]', "[KEYS[0]]", "expected None of the cache, got 'key0 of"),
        (f"Operation.time_call-{ASYNC_DB_HIT}", 'name = "a" + name', "pass", "expected True of the cache, got False"),
        ("Dummy.time_call-0", '"dummy.DummyCache"', '"locmem.LocMemCache"', "got {'key0'|expected {}"),
        ("Dummy.time_call-1", '"dummy.DummyCache"', '"db.DatabaseCache"', "expected False of the cache, got True"),
    ],
)
def test_a_cache_that_is_not_asked_is_refused(suite: Suite, benchmark: str, old: str, new: str, complaint: str) -> None:
    suite.change("benchmarks/cache.py", old, new)
    refused(suite, f"cache.{benchmark}", complaint)
