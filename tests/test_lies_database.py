"""Lies of the database are refused: SQL not sent, rows not there, connections not opened."""

import pytest
from conftest import Suite
from test_lies import refused

BENCHMARKS, CONTENT, QUERIES = (
    "benchmarks/database.py",
    "benchproject/forum/content.py",
    "benchproject/forum/queries.py",
)

CACHED = """import functools


@functools.lru_cache
def page():"""


# The parameters of Forum are interface, api, connection and database, those of Query operation, api and database.
@pytest.mark.parametrize(
    ("benchmark", "file", "old", "new", "complaint"),
    [
        ("Forum.time_request-0", QUERIES, '"-pk"', '"pk"', "got 200 b'Item 1"),
        ("Forum.time_request-0", QUERIES, "Item.objects.get(pk=items[-1].pk).body", "items[-1].body", "ran 1 times"),
        ("Forum.time_request-0", QUERIES, "def page():", CACHED, "execute ran 0 times, not 2"),
        ("Forum.track_hops-20", QUERIES, "(await Item.objects.aget(pk=items[-1].pk)).body", "items[-1].body", "ran 1"),
        ("Forum.time_request-0", BENCHMARKS, 'max_age=None if kept == "kept"', "max_age=0 if kept", "connect ran 1"),
        ("Forum.time_request-2", BENCHMARKS, "else 0", "else 60", "connect ran 0 times, not 1"),
        (
            "Forum.time_request-16",
            "benchproject/views/database.py",
            "await sync_to_async(queries.page)()",
            "[]",
            "execute ran 0 times",
        ),
        (
            "AtomicRequests.track_hops-0",
            BENCHMARKS,
            '["ATOMIC_REQUESTS"] = True',
            '["ATOMIC"] = True',
            "ran 2 times, not 3",
        ),
        ("AtomicRequests.track_hops-4", QUERIES, "def page():", CACHED, "execute ran 1 times, not 3"),
        ("Query.time_call-0", QUERIES, "Item.objects.get(pk=50).title", '"Item 50"', "execute ran 0 times"),
        ("Query.time_call-0", CONTENT, '"Item %d" % pk', '"Item"', "returned and left"),
        ("Query.time_call-2", BENCHMARKS, "sync_to_async(call)", "(lambda: None)", "execute ran 0 times"),
        ("Query.time_call-12", QUERIES, "Item.objects.iterator()", "Item.objects.all()[:9]", "returned and left"),
        ("Query.time_call-18", CONTENT, "ITEMS = 100", "ITEMS = 99", "returned and left"),
        ("Query.time_call-24", QUERIES, 'create(title="New", body="New", views=1)', "get(pk=1)", "returned and left"),
        ("Query.time_call-28", QUERIES, 'acreate(title="New", body="New", views=1)', "aget(pk=1)", "returned and left"),
        ("Query.time_call-30", QUERIES, 'body="Saved", views=1).save()', 'body="Saved").save()', "returned and left"),
        ("Query.time_call-36", QUERIES, "filter(pk__lte=10).update", "filter(pk=10).update", "returned and left"),
        ("Query.time_call-42", QUERIES, "with transaction.atomic():", "if True:", "execute ran 2 times, not 3"),
    ],
)
def test_a_lie_is_refused(suite: Suite, benchmark: str, file: str, old: str, new: str, complaint: str) -> None:
    suite.change(file, old, new)
    refused(suite, f"database.{benchmark}", complaint)


UNCLOSED = """from django.core.signals import request_finished
from django.db import close_old_connections

request_finished.disconnect(close_old_connections)
"""


@pytest.mark.parametrize(("after", "left"), [("", 0), (UNCLOSED, 1)])
def test_a_connection_that_is_not_closed_shows(suite: Suite, after: str, left: int) -> None:
    view = "benchproject/views/database.py"
    suite.write(view, (suite.root / view).read_text() + after)
    assert suite.run("database.Forum.track_connections_left-14") == left


def test_an_unreachable_postgresql_is_no_result(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert suite.run("database.Query.time_call-1") != suite.run("database.Query.time_call-0")
