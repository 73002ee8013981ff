"""asv's benchmark types, made to await what is awaitable, to prove what they measure and to say what they ran.

asv calls an ``async def`` benchmark, drops the coroutine unawaited and reports the microsecond that took (asv#1235).
Here whatever a benchmark, its setup, its teardown or its proof returns is awaited where it is awaitable: ``async def``,
and plain functions that return a coroutine, in one event loop that lives as long as the process.
"""

import collections.abc
import concurrent.futures
import contextlib
import functools
import gc
import inspect
import io
import itertools
import re
import sys

from asv_runner.benchmarks import benchmark_types
from asv_runner.benchmarks.mark import SkipNotImplemented
from asv_runner.benchmarks.time import TimeBenchmark
from asv_runner.benchmarks.timeraw import TimerawBenchmark

from benchproject.views import answered
from harness import discovery, installed, interpreter, loop
from harness.proof import NEVER_AWAITED, every_coroutine_awaited
from harness.response import Lie
from harness.version import version_of_benchmark


def register(*kinds):
    """Put an awaiting type in the place of each of asv's types, once; timeraw's is only kept from losing coroutines.

    ``kinds`` are further types, each by a name of its own.

    Raises SystemExit, asv's one line, where this environment holds something else than what is to be measured.
    """
    installed.refuse_others()
    benchmark_types[:] = [
        kind if issubclass(kind, Awaiting) else type(kind.__name__, (_behaviour(kind), kind), {})
        for kind in benchmark_types
    ]
    benchmark_types[:0] = [kind for kind in kinds if kind not in benchmark_types]  # the first whose name fits
    discovery.register()


def _behaviour(kind):
    return {TimeBenchmark: AwaitingTime, TimerawBenchmark: AwaitingTimeraw}.get(kind, Awaiting)


def refuse_other_conditions():
    """Raise Lie unless a plain interpreter runs the code that was installed to be measured."""
    interpreter.refuse_unlike_plain()
    foreign = list(installed.foreign_modules())
    if foreign:
        raise Lie("; ".join(foreign))


class Awaiting:
    """A benchmark whose functions are awaited; ``prove``, if it has one, runs before and after its measurement.

    Setup runs once a process, not before each sample. ``version`` is a hash of what runs: see ``harness.version``.
    """

    def __init__(self, name, func, attr_sources):
        super().__init__(name, func, attr_sources)
        self._proofs = _proofs_of(name, attr_sources)
        self._setups = [_settling(setup) for setup in self._setups]
        self._teardowns = [_settling(teardown) for teardown in self._teardowns]
        _refuse_what_nobody_awaits(self)
        self.call = func
        self.func = _settling(func)
        self.version = version_of_benchmark(name)

    def run(self, *param):
        installed.refuse_anchor()
        gc.freeze()  # so that the collections of proofs and samples do not go through all that was imported
        with every_coroutine_awaited():
            self._prove(*param)
            try:
                result = super().run(*param)
            except SkipNotImplemented as reason:
                print("asv: skipped: NotImplementedError(%r)" % reason.message)  # as asv says it of a setup
                raise
            self._prove(*param)
        return result

    def _prove(self, *param):
        refuse_other_conditions()
        for proof in self._proofs:
            value = loop.settle(proof(*param))
            if value is not None:
                raise Lie("%s: prove returned %r; it raises, or returns None" % (self.name, value))

    def enter(self, index):
        """Set the parameters of a cell and run its setups. Raises NotImplementedError where this Django has no such."""
        if self._params:
            self.set_param_idx(index)
        for setup in self._setups:
            setup(*self._current_params)

    def variant(self, index):
        """Return the parameters of a cell but those that leave the settings as they are."""
        params = next(itertools.islice(itertools.product(*self._params), index, None))
        return [value for name, value in zip(self.param_names, params) if name not in ("interface", "view")]

    def do_setup(self):
        with every_coroutine_awaited(in_cycles=False):
            return super().do_setup()

    def do_teardown(self):
        try:
            with every_coroutine_awaited(in_cycles=False):
                super().do_teardown()
        finally:
            loop.close()

    def batch(self, clock):
        """Return what times calls of the cell that was entered."""
        scenario = getattr(self.call, "__self__", None)
        return Batch(functools.partial(self.call, *self._current_params), clock, getattr(scenario, "answers", 0))


class AwaitingTime(Awaiting):
    """A time benchmark that is awaited, or called, ``number`` times by one loop with the clock inside."""

    _setup_isolates_timed_calls = False  # or asv_runner would batch no benchmark that has a setup: number=1

    def _get_timer(self, *param):
        return self.batch(self.timer)


class AwaitingTimeraw(Awaiting):
    """A timeraw benchmark whose code, in the processes that run it, leaves no coroutine unawaited."""

    def _get_timer(self, *param):
        return Separate(super()._get_timer(*param))


class Separate:
    """asv's timer of code in a process of its own. Raises Lie where that process made a coroutine for nothing."""

    def __init__(self, timer):
        self.timer = timer

    def timeit(self, number):
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            seconds = self.timer.timeit(number)
        sys.stderr.write(said.getvalue())
        forgotten = re.search(NEVER_AWAITED, said.getvalue())
        if forgotten:
            raise Lie(forgotten.group())
        return seconds


class Batch:
    """asv's timer: ``timeit(number)`` returns the seconds that ``number`` calls take, awaited where awaitable.

    Sync and async are timed by the same lines but for the await, with garbage collection off as timeit does. One call
    is made first, to see which of the two it is. ``answers`` is how many views answer a call: each counts itself, and
    a batch that they did not answer is a lie, as it is told to a clock that nobody watches.
    """

    def __init__(self, call, clock, answers=0):
        self.call = call
        self.clock = clock
        self.answers = answers
        first = call()
        self.seconds = self._awaited if inspect.isawaitable(first) else self._called
        _refuse_undone(loop.settle(first))

    def timeit(self, number):
        collecting = gc.isenabled()
        gc.disable()
        before = next(answered)
        try:
            seconds = loop.settle(self.seconds(number))
        finally:
            if collecting:
                gc.enable()
        counted = next(answered) - before - 1
        if self.answers and counted != number * self.answers:
            raise Lie("%d requests were timed, the views answered %d" % (number, counted))
        return seconds

    def _called(self, number):
        call, clock = self.call, self.clock
        start = clock()
        for _ in itertools.repeat(None, number):
            value = call()
        seconds = clock() - start
        if inspect.isawaitable(value):
            raise TypeError("%r returned an awaitable after it had returned none" % call)
        _refuse_undone(value)
        return seconds

    async def _awaited(self, number):
        call, clock = self.call, self.clock
        start = clock()
        for _ in itertools.repeat(None, number):
            await call()
        return clock() - start


def _settling(func):
    """Return ``func`` with its value awaited, and its signature kept for asv's check."""

    @functools.wraps(func)
    def settled(*param):
        value = loop.settle(func(*param))
        _refuse_undone(value)
        return value

    settled.__signature__ = inspect.signature(func)
    return settled


def _refuse_what_nobody_awaits(benchmark):
    """Raise SystemExit, asv's one line, where a function of ``benchmark`` is async in a way that is not awaited."""
    functions = [benchmark.func] + benchmark._setups + benchmark._teardowns + [benchmark._setup_cache]
    for function in map(inspect.unwrap, filter(None, functions)):
        unawaited = isinstance(benchmark, TimerawBenchmark) or function is benchmark._setup_cache
        never_run = inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function)
        if never_run or (unawaited and inspect.iscoroutinefunction(function)):
            raise SystemExit(
                "%s: nothing would run %s; make it a plain def, or an async def time_, track_, mem_ or peakmem_"
                % (benchmark.name, function.__qualname__)
            )


def _refuse_undone(value):
    """Raise Lie for a value that stands for work which nobody does: a generator, a map, a future of a thread."""
    if isinstance(value, (collections.abc.Iterator, collections.abc.AsyncIterator, concurrent.futures.Future)):
        raise Lie("a %s was returned, and nothing runs it" % type(value).__name__)


def _proofs_of(name, sources):
    """Return the functions that prove a benchmark. Raises SystemExit, asv's one line, where nothing would."""
    proofs = [source.prove for source in sources if hasattr(source, "prove")]
    reasons = [source.unproven for source in sources if hasattr(source, "unproven")]
    if not proofs and not any(isinstance(reason, str) and reason for reason in reasons):
        raise SystemExit("%s: nothing proves it; give it a prove, or say in unproven why it needs none" % name)
    for proof in proofs:
        if not callable(proof) or inspect.isgeneratorfunction(proof) or inspect.isasyncgenfunction(proof):
            raise SystemExit("%s: its prove would prove nothing; make it a plain def, or an async def" % name)
    return proofs
