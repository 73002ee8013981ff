"""Each way in which the benchmarks of signals and of bridging can measure nothing is refused."""

import pytest
from conftest import Suite
from test_lies import refused

SIGNALS, BRIDGING, VIEWS = "benchmarks/signals.py", "benchmarks/bridging.py", "benchproject/views/signals.py"
SQLITE = "harness/sqlite.py"


@pytest.mark.parametrize(
    ("benchmark", "file", "old", "new", "complaint"),
    [
        ("Send.track_hops-2", SIGNALS, "self.signal.connect(receiver)", "pass", "sync receivers ran 0 times, not 10"),
        ("Send.track_hops-4", SIGNALS, "    async def receive", "    def receive", "async receivers ran"),
        (
            "Send.track_hops-12",
            SIGNALS,
            "functools.partial(getattr(self.signal, method), sender=Send)",
            "list",
            "asend ran 0",
        ),
        ("Send.track_hops-20", SIGNALS, 'lambda **named: "received"', "lambda **named: 1 / 0", "answered"),
        ("Send.track_hops-8", SIGNALS, "self.receivers = [", "self.kept = [", "receivers"),
        ("RequestSignals.track_hops-0", SIGNALS, "request_finished.disconnect(receiver)", "pass", "ran 1 times, not 0"),
        ("RequestSignals.track_hops-15", SIGNALS, "difference(", "union(", "ran 0 times"),
        ("OpenConnection.track_hops-0", VIEWS, "connection.ensure_connection()", "pass", "connect ran 0 times"),
        (
            "OpenConnection.track_hops-3",
            VIEWS,
            "sync_to_async(connect)()",
            "sync_to_async(connection.ensure_connection)()",
            "_close ran 0",
        ),
        ("OpenConnection.track_hops-2", SQLITE, '"NAME": NAME', '"NAME": NAME, "CONN_MAX_AGE": None', "_close ran 0"),
        ("OpenConnection.track_hops-2", SQLITE, '"NAME": NAME', '"NAME": ":memory:"', "_close ran 0"),
    ],
)
def test_a_signal_that_is_not_received_is_refused(
    suite: Suite, benchmark: str, file: str, old: str, new: str, complaint: str
) -> None:
    suite.change(file, old, new)
    refused(suite, f"signals.{benchmark}", complaint)


@pytest.mark.parametrize(
    ("cell", "old", "new", "complaint"),
    [
        (2, "for _ in range(calls)", "for _ in range(1)", "asked for 200 b'Hello"),
        (6, "(sync.async_to_sync(look)() for", '("Hello, world!" for', "__call__ ran 0 times, not 5"),
        (3, "with CONTEXTS[context]():", "with contextlib.nullcontext():", "enter__ ran 0 times"),
        (4, "sync.async_to_sync(look)()", "__import__('asyncio').run(look())", "__call__ ran 0 times"),
    ],
)
def test_a_crossing_that_a_view_does_not_make_is_refused(
    suite: Suite, cell: int, old: str, new: str, complaint: str
) -> None:
    suite.change("benchproject/views/bridging.py", old, new)
    refused(suite, f"bridging.Repeated.track_hops-{cell}", complaint)


@pytest.mark.parametrize(
    ("benchmark", "old", "new", "complaint"),
    [
        ("ThreadSensitive.track_hops-4", "range(depth)", "range(2)", "ran 1 times, not 2"),
        ("ThreadSensitive.track_hops-5", "VARIABLES.set(variables)", "pass", "0 context variables came through"),
        (
            "ThreadSensitive.track_hops-0",
            "sensitive=self.thread_sensitive",
            "sensitive=False",
            "shared thread is unused",
        ),
        ("ThreadSensitive.track_hops-10", "sensitive=self.thread_sensitive", "sensitive=False", "submit ran 0 times"),
        ("ThreadSensitive.track_hops-6", "        return crossing\n", "        return look\n", "ran 0 times"),
        (
            "NotThreadSensitive.track_hops-0",
            "sensitive=self.thread_sensitive",
            "sensitive=True",
            "shared thread is used",
        ),
        ("NotThreadSensitive.track_hops-4", "sensitive=self.thread_sensitive", "sensitive=True", "submit ran 1 times"),
        ("InThreadSensitiveContext.track_hops-0", "async with ThreadSensitiveContext():", "if True:", "aexit__ ran 0"),
        (
            "WsgiAdapter.track_hops-0",
            'WsgiToAsgi(project.application("WSGI"))',
            'project.application("ASGI")',
            "ran 0 times",
        ),
    ],
)
def test_a_crossing_that_is_not_made_is_refused(
    suite: Suite, benchmark: str, old: str, new: str, complaint: str
) -> None:
    suite.change(BRIDGING, old, new)
    refused(suite, f"bridging.{benchmark}", complaint)
