"""Exact counts of the bytecodes that one request runs: INSTRUCTION events of sys.monitoring, so since Python 3.12.

They tell a change that no count of calls sees, such as a loop written into a function; they are blind to C code.
"""

import collections
import sys

from asv_runner.benchmarks.mark import SkipNotImplemented

from harness.count import REPEATS, Counts, counters, equal, is_counted, is_finalizing, uncollected
from harness.loop import settle
from harness.watch import monitored

_TOOL = 3  # harness.watch has the next one
# These wait for another thread, in one bytecode more or less as its timing has it.
_WAITING = ("CurrentThreadExecutor.run_until_future", "ThreadSensitiveContext.__aexit__.<locals>.join")


class _Codes(Counts):
    """The code objects whose bytecodes count, by id with their module, and the ids of those that finalizers run too."""

    native = None

    def __init__(self):
        super().__init__()
        self.codes, self.finalized = {}, set()

    def start(self, frame):
        super().start(frame)
        if is_counted(frame) and is_finalizing(frame):
            self.finalized.add(id(frame.f_code))

    def count_python_call(self, frame):
        if frame.f_code.co_qualname not in _WAITING:
            self.codes[id(frame.f_code)] = frame.f_code, frame.f_globals.get("__name__")


def count_bytecodes(call):
    """Return how many bytecodes one ``call`` runs, once warm. Raises Inexact where repeats differ.

    Raises SkipNotImplemented, asv's word for n/a, before Python 3.12.
    """
    if not hasattr(sys, "monitoring"):
        raise SkipNotImplemented("bytecodes are counted since Python 3.12")
    return equal("bytecodes", [sum(repeat.values()) for repeat in bytecodes(call)])


def bytecodes(call):
    """Return how many bytecodes each of some calls runs, once warm, by module: ``[{module: bytecodes}]``.

    Counted is what ``harness.count`` counts as python_calls, but for two of asgiref's functions that wait.
    """
    runs = counters(call, _Codes)
    codes = {key: value for run in runs for key, value in run.codes.items()}
    finalized = set().union(*[run.finalized for run in runs])
    executed = []

    def on_instruction(code, offset):
        if id(code) not in finalized or not is_finalizing(sys._getframe(1)):
            executed.append(id(code))

    instruction = sys.monitoring.events.INSTRUCTION
    with monitored(_TOOL, {instruction: on_instruction}):
        for code, _ in codes.values():
            sys.monitoring.set_local_events(_TOOL, code, instruction)
        try:
            repeats = [_once(call, executed) for _ in range(REPEATS)]
        finally:
            for code, _ in codes.values():
                sys.monitoring.set_local_events(_TOOL, code, 0)
    return [_by_module(repeat, codes) for repeat in repeats]


def _once(call, executed):
    """Return how often each id is in ``executed`` after one call."""
    executed.clear()
    with uncollected():
        settle(call())
    return collections.Counter(executed)


def _by_module(executed, codes):
    modules = collections.Counter()
    for key, times in executed.items():
        modules[codes[key][1]] += times
    return modules
