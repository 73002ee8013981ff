"""Lies of requests in flight, of clients that leave, of the start of a process and of memory are refused."""

import pytest
from conftest import Suite
from test_lies import refused

EAGER = """def sized(environ, start_response):
        start_response("200 OK", [])
        return [b"104857600"]
    def unused(environ, start_response):"""


def view(part: str) -> str:
    return f"benchproject/views/{part}.py"


def benchmarks(part: str) -> str:
    return f"benchmarks/{part}.py"


@pytest.mark.parametrize(
    ("benchmark", "file", "old", "new", "complaint"),
    [
        # In flight are 1, 10, 100 and 1,000 requests, each to five views.
        (
            "concurrency.InFlight.track_seconds-5",
            view("concurrency"),
            "await asyncio.sleep(WAIT)",
            "WAIT",
            "does not take the 0.01 s",
        ),
        (
            "concurrency.InFlight.track_times_the_ideal-8",
            view("concurrency"),
            "time.sleep(WAIT)",
            "WAIT",
            "does not take the 0.01 s",
        ),
        (
            "concurrency.InFlight.track_seconds-6",
            view("concurrency"),
            "await asyncio.gather(*[asyncio.sleep(WAIT) for _ in range(3)])",
            "[asyncio.sleep(WAIT) for _ in range(3)]",
            "does not take the 0.01 s|never awaited",
        ),
        (
            "concurrency.InFlight.track_seconds-5",
            benchmarks("concurrency"),
            "for _ in range(in_flight)]",
            "for _ in range(1)]",
            "ran 1 times, not 10",
        ),
        (
            "concurrency.InFlight.track_seconds-10",
            benchmarks("concurrency"),
            "for _ in range(in_flight)]",
            "for _ in range(min(in_flight, 10))]",
            "10 requests were in flight, not 100",
        ),
        (
            "concurrency.InFlight.track_seconds-9",
            view("concurrency"),
            "def compute_sync",
            "async def compute_sync",
            "compute_sync ran on the caller's thread",
        ),
        (
            "concurrency.InFlight.track_seconds-4",
            view("concurrency"),
            "    compute()\n    return",
            "    return",
            "compute ran 0 times",
        ),
        (
            "concurrency.InFlight.track_seconds-7",
            view("concurrency"),
            "await sync_to_async(time.sleep)(WAIT)",
            "pass",
            "does not take the 0.01 s",
        ),
        # Of AtOnce four kinds of views too.
        (
            "concurrency.AtOnce.track_at_once-4",
            view("concurrency"),
            "HttpResponse(hold_until_released())",
            'HttpResponse(b"0 ")',
            "ran 0 times, not 10|10 are to be held",
        ),
        (
            "concurrency.AtOnce.track_at_once-7",
            view("concurrency"),
            "for _ in range(calls)",
            "for _ in range(1)",
            "30 are to be held",
        ),
        (
            "concurrency.AtOnce.track_at_once-6",
            view("concurrency"),
            "sync_to_async(hold_until_released)()",
            "asyncio.wrap_future(hold())",
            "hold_until_released ran 0 times, not 10",
        ),
        (
            "concurrency.AtOnce.track_at_once-8",
            benchmarks("concurrency"),
            "for _ in range(in_flight)]\n        at_once",
            "for _ in range(min(in_flight, 10))]\n        at_once",
            "100 are to be held",
        ),
        # Beside uploads whose messages are there at once, or come later; kept in memory, or in a file.
        (
            "uploads.Beside.track_longest-0",
            benchmarks("uploads"),
            "asyncio.ensure_future(self.request())",
            "asyncio.ensure_future(self.request())\n        await upload",
            "0 were answered beside an upload",
        ),
        (
            "uploads.Beside.track_seconds-2",
            benchmarks("uploads"),
            "await asyncio.sleep(self.pace)",
            "pass",
            "of 0.160 at least",
        ),
        (
            "uploads.Beside.track_seconds-1",
            benchmarks("uploads"),
            '{"FILE_UPLOAD_MAX_MEMORY_SIZE": len(BODY)} if',
            '{"FILE_UPLOAD_MAX_MEMORY_SIZE": len(BODY)} if True or',
            "rollover ran 0 times, not 1",
        ),
        (
            "uploads.Beside.track_seconds-3",
            view("requests"),
            "HttpResponse(summary(request.body))",
            "HttpResponse(summary(b''))",
            "asked for 200 b'10485760 \\d+', got 200 b'0 0'",
        ),
        (
            "uploads.Beside.track_longest-3",
            view("hello"),
            'async def hello_async(request):\n    next(answered)\n    return HttpResponse(b"Hello, world!")',
            'async def hello_async(request):\n    next(answered)\n    return HttpResponse(b"Hello!")',
            "Hello!",
        ),
        (
            "disconnect.Disconnect.track_seconds-0",
            view("disconnect"),
            "await asyncio.sleep(WAIT)",
            "await asyncio.sleep(0)",
            "was not cancelled",
        ),
        (
            "disconnect.Disconnect.track_tasks_left-1",
            view("disconnect"),
            "        raise\n",
            "        await asyncio.sleep(WAIT)\n",
            "was not ended",
        ),
        (
            "disconnect.Disconnect.track_seconds-0",
            view("disconnect"),
            "await wait()\n    return",
            "return",
            "was not started",
        ),
        (
            "disconnect.Disconnect.track_seconds-1",
            benchmarks("disconnect"),
            "left.set()",
            "pass",
            "was not ended",
        ),
        (
            "startup.Startup.timeraw_step-1",
            "benchproject/startproject.py",
            '"django.contrib.admin"',
            '"django.contrib.auth"',
            "aren't unique",
        ),
        (
            "startup.Startup.timeraw_step-1",
            benchmarks("startup"),
            '"import django",\n            "django.setup()",',
            '"import django; django.setup()",\n            "django.setup()",',
            "django.setup.*True True True",
        ),
        (
            "startup.Startup.timeraw_step-0",
            benchmarks("startup"),
            '"import django",\n            "django"',
            '"pass",\n            "django"',
            "import django: .*False False|NameError",
        ),
        ("startup.Startup.track_modules-4", view("hello"), "Hello, world!", "Hello, moon!", "first WSGI.*False"),
        ("memory.Kept.track_blocks_kept-0", view("hello"), 'b"Hello, world!"', 'b""', "got 200 b''"),
        (
            "memory.Collector.track_collections-2",
            view("hello"),
            "def hello_sync(request):\n",
            "def hello_sync(request):\n    __import__('gc').disable()\n",
            "the collector is not as Python has it",
        ),
        (
            "memory.Collector.track_seconds-0",
            view("hello"),
            "def hello_sync(request):\n",
            "def hello_sync(request):\n    __import__('gc').set_threshold(10**6)\n",
            "the collector is not as Python has it",
        ),
        (
            "memory.Upload.track_peak_memory-3",
            benchmarks("memory"),
            "bytes(self.SIZE + len(self.seed))",
            "bytes(9)",
            "got 200 b'9'",
        ),
        ("memory.Upload.track_peak_memory-1", view("memory"), "len(request.body)", "10485854", "got 200"),
        ("memory.Upload.track_peak_memory-5", view("memory"), "iter(functools", "(functools", "500"),
        ("memory.Stream.track_peak_memory-0", view("memory"), "for _ in range(CHUNKS)", "for _ in range(1)", "65536"),
        ("memory.Stream.track_peak_memory-5", view("memory"), "CHUNK * CHUNKS", "CHUNK", "got 200 b'65536'"),
        (
            "memory.Stream.track_peak_memory-0",
            benchmarks("memory"),
            "def sized(environ, start_response):",
            EAGER,
            "ran 0",
        ),
        (
            "memory.Waiting.track_bytes_held-0",
            view("memory"),
            "await waiting[-1]",
            'b"7"',
            "requests are to wait, 1 did",
        ),
    ],
)
def test_a_lie_is_refused(suite: Suite, benchmark: str, file: str, old: str, new: str, complaint: str) -> None:
    suite.change(file, old, new)
    refused(suite, benchmark, complaint)


def test_a_view_that_keeps_its_requests_shows(suite: Suite) -> None:
    suite.change(
        view("hello"), "def hello_sync(request):\n", "kept = []\ndef hello_sync(request):\n    kept.append(request)\n"
    )
    assert suite.run("memory.Kept.track_blocks_kept-0") > 1


def test_cycles_that_a_view_leaves_show(suite: Suite) -> None:
    suite.change(
        view("hello"),
        "def hello_sync(request):\n",
        "def hello_sync(request):\n    for _ in range(7):\n        cycle = []\n        cycle.append(cycle)\n",
    )
    assert 0 < suite.run_forked("memory.Collector.track_collections-0") <= 7 / 100


def test_a_task_and_a_thread_that_are_left_over_show(suite: Suite) -> None:
    leave = "        cancelled.append(time.perf_counter())\n"
    leak = "        left.append(asyncio.ensure_future(asyncio.sleep(WAIT)))\n        threading.Timer(3, int).start()\n"
    suite.change(view("disconnect"), leave, leave + leak)
    suite.change(view("disconnect"), "started, cancelled", "left = []\nstarted, cancelled")
    suite.change(view("disconnect"), "import time", "import threading\nimport time")
    assert suite.run("disconnect.Disconnect.track_tasks_left-0") == 30
    assert suite.run("disconnect.Disconnect.track_threads_left-0") == 30
