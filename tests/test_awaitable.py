"""asv awaits what it would have dropped, batches sync and async alike, and refuses what nobody would await."""

import re
import shutil
from dataclasses import replace

import pytest
from conftest import Suite

MADE_UP = """
import asyncio
import time

from asv_runner.benchmarks.mark import skip_benchmark_if

unproven = "made up"
order = []


class Sleep:
    async def setup(self):
        self.loop = asyncio.get_running_loop()

    async def time_async(self):
        assert asyncio.get_running_loop() is self.loop
        await asyncio.sleep(0.01)

    @skip_benchmark_if(False)
    async def time_marked(self):
        await asyncio.sleep(0.01)

    def time_returning_a_coroutine(self):
        return asyncio.sleep(0.01)

    def time_sync(self):
        time.sleep(0.01)

    async def track_awaited(self):
        await asyncio.sleep(0)
        return 42

    async def teardown(self):
        assert asyncio.get_running_loop() is self.loop
        print("torn down")


class Short:
    def setup(self):
        pass

    def time_sync(self):
        pass

    async def time_async(self):
        pass


class NotApplicable:
    async def setup(self):
        raise NotImplementedError("not here")

    async def time_nothing(self):
        pass


class Unproven:
    number = 1

    async def prove(self):
        raise AssertionError("did not do it")

    def time_nothing(self):
        pass


class ProvenOnce:
    proofs = 0

    def prove(self):
        self.proofs += 1
        assert self.proofs < 2, "stopped doing it"

    def time_nothing(self):
        pass
"""

NOBODY_AWAITS = {
    "an async generator": "async def time_x():\n    yield\n",
    "a generator": "def time_x():\n    yield\n",
    "an async setup_cache": "class X:\n    async def setup_cache(self): pass\n    def time_x(self, cache): pass\n",
    "an async timeraw": "async def timeraw_x(): return 'pass'\n",
    "an async generator as setup": "class X:\n    async def setup(self):\n        yield\n    def time_x(self): pass\n",
    "a generator as setup": "class X:\n    def setup(self):\n        yield\n    def time_x(self): pass\n",
}


@pytest.fixture
def made_up(suite: Suite) -> Suite:
    suite.write("benchmarks/made_up.py", MADE_UP)
    return suite


@pytest.mark.parametrize("name", ["async", "marked", "returning_a_coroutine", "sync"])
def test_a_sleep_takes_as_long_as_it_sleeps(made_up: Suite, name: str) -> None:
    result = made_up.run(f"made_up.Sleep.time_{name}")
    assert min(result["samples"]) >= 0.01


def test_an_async_track_gives_its_value(made_up: Suite) -> None:
    assert made_up.run("made_up.Sleep.track_awaited") == 42


def test_sync_and_async_are_batched_alike(made_up: Suite) -> None:
    for name in ("sync", "async"):
        result = made_up.run(f"made_up.Short.time_{name}")
        assert result["number"] > 1000
        assert max(result["samples"]) < 1e-5, "the clock is read once a batch, not once a call"


def test_not_implemented_in_an_async_setup_is_not_applicable(made_up: Suite) -> None:
    result = made_up.run("made_up.NotApplicable.time_nothing")
    assert result != result  # NaN, asv's n/a


@pytest.mark.parametrize(("name", "why"), [("Unproven", "did not do it"), ("ProvenOnce", "stopped doing it")])
def test_a_failing_proof_leaves_no_figure(made_up: Suite, name: str, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        made_up.run(f"made_up.{name}.time_nothing")


@pytest.mark.parametrize("source", NOBODY_AWAITS.values(), ids=NOBODY_AWAITS)
def test_discovery_refuses_what_nobody_would_await(suite: Suite, source: str) -> None:
    suite.write("benchmarks/forgotten.py", "unproven = 'made up'\n" + source)
    with pytest.raises(AssertionError, match=r"^forgotten\S*: nothing would run \S+; make it ") as refusal:
        suite.discover()
    assert "Traceback" not in str(refusal.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("benchproject/views/hello.py", "Hello, world!", "Hello, moon!", r"(?!floors\.)"),
        ("benchproject/settings.py", "USE_I18N = True", "USE_I18N = False", r"(?!floors\.)"),
        ("harness/wsgi.py", '"8000"', '"8001"', r"(?!served\.)"),
        ("harness/loop.py", "import asyncio\n", "import asyncio\nimport gc\n", ""),
        ("benchmarks/handlers.py", "rounds = 2", "rounds = 3", r"handlers\."),
        ("benchmarks/handlers.py", "What does", "What would", "nothing"),
    ],
)
def test_a_change_of_what_runs_changes_the_version(suite: Suite, file: str, old: str, new: str, changed: str) -> None:
    before = suite.discover()
    suite.change(file, old, new)
    after = suite.discover()
    found = {name for name in before if before[name]["version"] != after[name]["version"]}
    assert found == {name for name in before if re.match(changed, name)}


def test_the_version_does_not_depend_on_the_place(suite: Suite, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(suite.root, elsewhere)
    assert suite.discover() == replace(suite, root=elsewhere).discover()
