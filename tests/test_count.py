"""The counters are exact: the same on every repeat, and what the code says."""

import itertools
import sys

import pytest
from conftest import Suite

CELLS = dict(enumerate(itertools.product(["WSGI", "ASGI"], ["sync", "async"])))
# What differs from one release of Python or asgiref to the next.
UNPINNED = ["tasks", "python_calls", "native_calls", "bytecodes", "garbage"]

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
    assert [suite.run_forked(f"handlers.Hello.track_{metric}-{cell}") for cell in CELLS] == TODAY[metric]


@pytest.mark.parametrize(("interface", "view"), CELLS.values())
def test_twenty_counts_in_a_process_are_equal(suite: Suite, interface: str, view: str) -> None:
    suite.execute(REPEAT.format(root=str(suite.root), interface=interface, view=view))


def test_processes_count_alike(suite: Suite) -> None:
    for metric, cell in itertools.product(UNPINNED, CELLS):
        name = f"handlers.Hello.track_{metric}-{cell}"
        assert suite.run(name) == suite.run_forked(name)  # where Django was imported before


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


# Work that no function of Django's or asgiref's does, and by what it shows.
WORK = {
    "email.message_from_string('a: b')": ("python_calls", "native_calls", "bytecodes"),
    "copy.deepcopy([{}])": ("python_calls", "native_calls", "bytecodes"),
    "http.cookies.SimpleCookie('a=b')": ("python_calls", "native_calls", "bytecodes"),
    "json.dumps({'a': 1})": ("python_calls", "bytecodes"),
    "hashlib.pbkdf2_hmac('sha256', b'', b'', 9)": ("native_calls", "bytecodes"),
    "[each for each in 'abc']": ("bytecodes",),
}

COUNT = """
import sys
sys.path.insert(0, {root!r})
import copy, email, hashlib, http.cookies, json
import benchmarks
from benchmarks.handlers import Hello
from benchproject.views import hello
from harness import count
from harness.bytecodes import count_bytecodes

def counts(planted):
    cell = Hello()
    cell.setup("WSGI", "sync")
    plain, answer = cell.request, lambda: (planted(), cell.request())[1]
    found = {{metric: count.count(answer, metric) for metric in ("python_calls", "native_calls")}}
    return dict(found, bytecodes=count_bytecodes(answer))

nothing, work = counts(lambda: None), counts(lambda: {work})
assert {{metric for metric in nothing if work[metric] > nothing[metric]}} >= set({metrics!r}), (nothing, work)
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="bytecodes are counted by sys.monitoring, of Python 3.12")
@pytest.mark.parametrize("work", WORK)
def test_what_the_standard_library_and_c_do_is_counted(suite: Suite, work: str) -> None:
    suite.execute(COUNT.format(root=str(suite.root), work=work, metrics=WORK[work]))


def test_what_only_the_collector_frees_is_counted(suite: Suite) -> None:
    assert suite.run("handlers.Hello.track_garbage-0") == 0
    suite.change("benchproject/views/hello.py", "    return HttpResponse", CYCLE + "    return HttpResponse")
    assert suite.run("handlers.Hello.track_garbage-0") == 2


CYCLE = "    cycle = [[]]\n    cycle[0].append(cycle)\n"

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
