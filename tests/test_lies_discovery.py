"""What asv would pass over, what nobody would run and what nothing proves is refused before anything is measured."""

import re

import pytest
from conftest import Suite

PROOF = "    def prove(self):\n        pass\n"

VANISHES = {
    "a partial": ("import functools\ntime_x = functools.partial(print)\n", "made_up.time_x is a partial"),
    "an object with an async __call__": (
        "class _Call:\n    async def __call__(self): pass\ntime_x = _Call()\n",
        "made_up.time_x is a _Call",
    ),
    "a partial in a class": (
        "import functools\nclass X:\n    time_x = functools.partial(print)\n" + PROOF,
        "made_up.X.time_x is a partial",
    ),
    "a property": ("class X:\n    @property\n    def time_x(self): pass\n" + PROOF, "made_up.X.time_x is a property"),
    "a number": ("class X:\n    track_x = 1\n" + PROOF, "made_up.X.track_x is a int"),
    "a class within a class": (
        "class X:\n    class Y:\n        def time_x(self): pass\n    def time_y(self): return self.Y\n" + PROOF,
        "made_up.X.Y is a class within a class",
    ),
    "an abstract class": (
        "import abc\nclass X(abc.ABC):\n    @abc.abstractmethod\n    def time_x(self): pass\n" + PROOF,
        "made_up.X.time_x is of an abstract class",
    ),
    "another name of a function": ("def time_x(): pass\ntime_y = time_x\nunproven = 'y'\n", "by the name time_x"),
    "a class whose benchmarks are misspelt": ("class X:\n    def tme_x(self): pass\n" + PROOF, "made_up.X is read by"),
    "a misspelt benchmark": (
        "class X:\n    def time_x(self): pass\n    def tiem_y(self): pass\n" + PROOF,
        "made_up.X.tiem_y is read by nothing",
    ),
    "a misspelt hook": ("class X:\n    runns = 1\n    def time_x(self): pass\n" + PROOF, "made_up.X.runns is read by"),
    "a misspelt attribute of asv's": (
        "class X:\n    def track_x(self): return 1\n    track_x.unti = 'hops'\n" + PROOF,
        "made_up.X.track_x.unti is read by nothing",
    ),
    "a misspelt parameter list": (
        "class X:\n    param = [1, 2]\n    def time_x(self): pass\n" + PROOF,
        "made_up.X.param is read by nothing",
    ),
    "a function that nothing calls": ("def tim_x(): pass\n", "made_up.tim_x is read by nothing"),
    "a lambda by another name": ("time_x = lambda: None\nunproven = 'x'\n", "by the name <lambda>"),
    "no proof": ("class X:\n    def time_x(self): pass\n", "made_up.X.time_x: nothing proves it"),
    "a reason that is none": ("class X:\n    unproven = True\n    def time_x(self): pass\n", "nothing proves it"),
    "an empty reason": ("class X:\n    unproven = ''\n    def time_x(self): pass\n", "nothing proves it"),
    "a proof that is no function": (
        "class X:\n    prove = 1\n    def time_x(self): pass\n",
        "its prove would prove noth",
    ),
    "a proof that is None": (
        "class X:\n    prove = None\n    def time_x(self): pass\n",
        "its prove would prove nothing",
    ),
    "a proof that is a generator": (
        "class X:\n    def time_x(self): pass\n    def prove(self):\n        yield\n",
        "its prove would prove nothing",
    ),
    "a proof that is an async generator": (
        "class X:\n    def time_x(self): pass\n    async def prove(self):\n        yield\n",
        "its prove would prove nothing",
    ),
}


@pytest.mark.parametrize("what", VANISHES)
def test_discovery_refuses(suite: Suite, what: str) -> None:
    source, complaint = VANISHES[what]
    suite.write("benchmarks/made_up.py", source)
    with pytest.raises(AssertionError) as refusal:
        suite.discover()
    assert re.search("^made_up.*" + re.escape(complaint.removeprefix("made_up")), str(refusal.value))
    assert "Traceback" not in str(refusal.value)


HOOKS = {
    "prove of all requests": (
        "harness/cells.py",
        "    def prove(self, interface, view",
        "    def proof(self, interface, view",
    ),
    "runs of a middleware": ("benchmarks/middleware.py", "    def runs(self):\n", "    def runns(self):\n"),
    "answer of an error": ("benchmarks/errors.py", "    def answer(self", "    def anwser(self"),
    "settings of a stack": ("benchmarks/middleware.py", "    def settings(self, kind", "    def setings(self, kind"),
    "a unit": ("benchmarks/startup.py", "track_modules.unit", "track_modules.units"),
    "rounds": ("benchmarks/handlers.py", "    rounds = 2", "    round = 2"),
}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_misspelt_hook_of_a_scenario_is_refused(suite: Suite, hook: str) -> None:
    suite.change(*HOOKS[hook])
    with pytest.raises(AssertionError, match=r"^\S+( is read by nothing; is it misspelt\?|: nothing proves it)"):
        suite.discover()


UNDONE = {
    "a generator": "return (n for n in [1])",
    "a map": "return map(print, [1])",
    "a filter": "return filter(None, [1])",
    "a future of a thread": "import concurrent.futures; return concurrent.futures.Future()",
    "an async generator": "return agen()",
    "an iterator": "return iter([1])",
}


@pytest.mark.parametrize("what", UNDONE)
@pytest.mark.parametrize("function", ["def time_x", "def setup", "async def time_x"])
def test_work_that_nobody_does_is_refused(suite: Suite, what: str, function: str) -> None:
    source = "async def agen():\n    yield\nclass X:\n    unproven = 'made up'\n    def time_y(self): pass\n"
    suite.write("benchmarks/made_up.py", f"{source}    {function}(self):\n        {UNDONE[what]}\n")
    with pytest.raises(AssertionError, match="was returned, and nothing runs it"):
        suite.run_forked(f"made_up.X.time_{'y' if 'setup' in function else 'x'}")


FORGOTTEN = "async def forgotten(): pass\n"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("class X:\n    unproven = 'x'\n    def setup(self): forgotten()\n    def time_x(self): pass\n", "X.time_x"),
        ("class X:\n    unproven = 'x'\n    def teardown(self): forgotten()\n    def time_x(self): pass\n", "X.time_x"),
        ("class X:\n    def prove(self): forgotten()\n    def time_x(self): pass\n", "X.time_x"),
        ("unproven = 'x'\ndef timeraw_x(): return 'f()', 'async def f(): pass'\n", "timeraw_x"),
        ("unproven = 'x'\ndef track_x():\n    forgotten()\n    return 1\n", "track_x"),
    ],
    ids=["setup", "teardown", "prove", "timeraw", "track"],
)
def test_a_coroutine_that_is_forgotten_is_refused(suite: Suite, source: str, name: str) -> None:
    suite.write("benchmarks/made_up.py", (FORGOTTEN if "forgotten" in source else "") + source)
    with pytest.raises(AssertionError, match=r"coroutine '.*' was never awaited"):
        suite.run_forked(f"made_up.{name}")


@pytest.mark.parametrize("value", ["False", "True", "0", "'proven'", "[]"])
def test_a_proof_that_returns_its_answer_is_refused(suite: Suite, value: str) -> None:
    suite.write("benchmarks/made_up.py", f"class X:\n    def prove(self): return {value}\n    def time_x(self): pass\n")
    with pytest.raises(AssertionError, match="prove returned"):
        suite.run_forked("made_up.X.time_x")


def test_what_needs_no_proof_says_why(suite: Suite) -> None:
    suite.write("benchmarks/made_up.py", "def time_x(): pass\ntime_x.unproven = 'made up'\n")
    assert "made_up.time_x" in suite.discover()
