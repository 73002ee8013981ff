"""The watch sees each start of a function once, on every thread, however Python lets it watch."""

import asyncio
import concurrent.futures
import sys
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from harness import loop, watch

BACKENDS = ["_profile"] + ["_monitor"] * hasattr(sys, "monitoring")


@pytest.fixture(params=BACKENDS, autouse=True)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(watch, "_watch", getattr(watch, request.param))
    yield request.param
    loop.close()


def plain() -> None:
    pass


def generator() -> Any:
    yield 1
    yield 2


async def coroutine() -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def async_generator() -> Any:
    yield 1
    await asyncio.sleep(0)
    yield 2


def starts(call: Callable[[], Any]) -> Counter[str]:
    seen: Counter[str] = Counter()

    def on_start(frame: Any) -> None:
        if frame.f_code.co_filename == __file__:
            seen[frame.f_code.co_name] += 1

    loop.settle(watch.watched(on_start, call))
    return seen


def test_a_function_starts() -> None:
    assert starts(plain) == {"plain": 1}


def test_a_generator_starts_once() -> None:
    assert starts(lambda: list(generator()))["generator"] == 1


def test_a_coroutine_starts_once_however_often_it_resumes() -> None:
    async def main() -> None:
        await coroutine()
        assert [value async for value in async_generator()] == [1, 2]

    assert starts(main) == {"main": 1, "coroutine": 1, "async_generator": 1}


def test_a_coroutine_that_is_not_awaited_does_not_start() -> None:
    def main() -> None:
        coroutine().close()

    assert starts(main) == {"main": 1}


def test_threads_started_meanwhile_are_seen() -> None:
    def main() -> None:
        thread = threading.Thread(target=plain)
        thread.start()
        thread.join()

    assert starts(main)["plain"] == 1


def test_a_pools_thread_started_before_is_seen_where_python_can(backend: str) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(plain).result()
        seen = starts(lambda: pool.submit(plain).result())
    assert seen["plain"] == (1 if backend == "_monitor" else 0)


def test_asgirefs_shared_thread_is_seen_each_time() -> None:
    from asgiref.sync import sync_to_async

    for _ in range(3):
        assert starts(sync_to_async(plain))["plain"] == 1


def test_nothing_watches_afterwards() -> None:
    seen = starts(plain)
    plain()
    assert seen == {"plain": 1}
    assert sys.getprofile() is None


def test_an_exception_ends_the_watch() -> None:
    with pytest.raises(ZeroDivisionError):
        starts(lambda: 1 / 0)
    assert starts(plain) == {"plain": 1}
