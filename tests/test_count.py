"""The counters are exact: the same on every repeat, and what the code says."""

import itertools

import pytest
from conftest import Suite

CELLS = dict(enumerate(itertools.product(["WSGI", "ASGI"], ["sync", "async"])))
UNPINNED = ["tasks", "python_calls"]  # what differs from one release of Python or asgiref to the next

# What a request does on a Django of today, by WSGI sync, WSGI async, ASGI sync, ASGI async. A view on the other side
# is one crossing; ASGIHandler sends request_started and request_finished to the thread of the request, which a
# ThreadSensitiveContext starts and another thread joins, and makes a task to listen for a disconnect.
TODAY = {
    "sync_to_async": [0, 0, 3, 2],
    "async_to_sync": [0, 1, 0, 0],
    "hops": [0, 1, 3, 2],
    "threads": [0, 1, 2, 2],
    "event_loops": [0, 1, 0, 0],
}

REPEAT = """
import sys
sys.path.insert(0, {root!r})
import benchmarks
from benchmarks.handlers import Hello
from harness import count
hello = Hello()
hello.setup({interface!r}, {view!r})
counts = [repeat for _ in range(7) for repeat in count.counts(hello.request)]
hello.teardown({interface!r}, {view!r})
assert all(each == counts[0] for each in counts), counts
assert counts[0]["python_calls"] > 50
"""

INEXACT = """
calls = 0
def hello_sync(request):
    global calls
    calls += 1
    if calls % 2:
        resolve("/hello/sync/")
"""


@pytest.mark.parametrize("metric", TODAY)
def test_counts_of_today(suite: Suite, metric: str) -> None:
    assert [suite.run(f"handlers.Hello.track_{metric}-{cell}") for cell in CELLS] == TODAY[metric]


@pytest.mark.parametrize(("interface", "view"), CELLS.values())
def test_twenty_counts_in_a_process_are_equal(suite: Suite, interface: str, view: str) -> None:
    suite.execute(REPEAT.format(root=str(suite.root), interface=interface, view=view))


def test_processes_count_alike(suite: Suite) -> None:
    for metric, cell in itertools.product(UNPINNED, CELLS):
        name = f"handlers.Hello.track_{metric}-{cell}"
        assert suite.run(name) == suite.run(name)


def test_a_count_that_varies_is_refused(suite: Suite) -> None:
    suite.change("benchproject/views/hello.py", "def hello_sync(request):\n", INEXACT)
    suite.change("benchproject/views/hello.py", "from django.http", "from django.urls import resolve\nfrom django.http")
    with pytest.raises(AssertionError, match="python_calls of the same request differ"):
        suite.run("handlers.Hello.track_python_calls-0")


def test_one_more_call_is_counted(suite: Suite) -> None:
    before = suite.run("handlers.Hello.track_python_calls-0")
    suite.change(
        "benchproject/views/hello.py", "    return HttpResponse", "    HttpResponse()\n    return HttpResponse"
    )
    assert suite.run("handlers.Hello.track_python_calls-0") > before


ONE_THREAD = """
import asyncio, sys, threading, time
sys.path.insert(0, {root!r})
from asgiref.sync import sync_to_async
from harness import loop

def thread():
    time.sleep(0.01)
    return threading.get_ident()

async def five():
    return await asyncio.gather(*[sync_to_async(thread, thread_sensitive=False)() for _ in range(5)])

assert len(set(loop.settle(five()))) == 1
loop.close()
"""


def test_the_loop_has_one_thread_so_that_no_race_says_which_starts(suite: Suite) -> None:
    suite.execute(ONE_THREAD.format(root=str(suite.root)))
