"""Exact counts with their origin: which function was called from where, and the bytecodes that ran.

Bytecodes tell a change that no count of calls sees, such as a loop written into a function; they are blind to C code.
"""

import collections
import sys

from harness.count import REPEATS, Counts, counters, is_counted, uncollected
from harness.loop import settle

_TOOL = 3  # harness.watch has the next one
# These wait for another thread, in one bytecode more or less as its timing has it.
_WAITING = ("CurrentThreadExecutor.run_until_future", "ThreadSensitiveContext.__aexit__.<locals>.join")


class Trace(Counts):
    """Counts with ``calls``, the Python calls by (caller, called), and ``codes``, the code objects they ran."""

    def __init__(self):
        super().__init__()
        self.calls = collections.Counter()
        self.codes = set()

    def count_python_call(self, frame):
        super().count_python_call(frame)
        self.calls[_caller(frame.f_back), _name(frame)] += 1
        self.codes.add(frame.f_code)


def _caller(frame):
    """Return what calls: a function of Django or asgiref, or a module, of whose functions chance may choose one."""
    if frame is None:
        return "a thread"
    return _name(frame) if is_counted(frame.f_code) else frame.f_globals.get("__name__")


def _name(frame):
    """Return a function's dotted name; before Python 3.11, without its class."""
    return "%s.%s" % (frame.f_globals.get("__name__"), getattr(frame.f_code, "co_qualname", frame.f_code.co_name))


def trace(call):
    """Return what one ``call`` does once warm: its exact counts, its calls, and what repeats differ in.

    ``{"counts": {metric: count}, "calls": [[caller, called, times]], "inexact": [metric]}``. A metric that differs
    between repeats is in ``inexact`` and not in ``counts``. "bytecodes" is there since Python 3.12.
    """
    traces = counters(call, Trace)
    repeats = [each.counts for each in traces]
    if hasattr(sys, "monitoring"):
        codes = [code for code in set().union(*[each.codes for each in traces]) if code.co_qualname not in _WAITING]
        for repeat, bytecodes in zip(repeats, _bytecodes(call, codes)):
            repeat["bytecodes"] = bytecodes
    metrics = sorted(set().union(*repeats))
    inexact = [metric for metric in metrics if len({repeat[metric] for repeat in repeats}) > 1]
    return {
        "counts": {metric: repeats[0][metric] for metric in metrics if metric not in inexact},
        "calls": [[caller, called, times] for (caller, called), times in sorted(_always(traces))],
        "inexact": inexact,
    }


def _always(traces):
    """Return the calls that are in each trace: who runs a future's callback is chance, if it is done just then."""
    return set.intersection(*[set(each.calls.items()) for each in traces])


def _bytecodes(call, codes):
    """Return how many bytecodes each of some calls runs in ``codes``: INSTRUCTION events of sys.monitoring."""
    monitoring, executed = sys.monitoring, []
    instruction = monitoring.events.INSTRUCTION
    monitoring.use_tool_id(_TOOL, __name__)
    monitoring.register_callback(_TOOL, instruction, lambda code, offset: executed.append(code))
    try:
        for code in codes:
            monitoring.set_local_events(_TOOL, code, instruction)
        return [_bytecodes_once(call, executed) for _ in range(REPEATS)]
    finally:
        for code in codes:
            monitoring.set_local_events(_TOOL, code, 0)
        monitoring.register_callback(_TOOL, instruction, None)
        monitoring.free_tool_id(_TOOL)


def _bytecodes_once(call, executed):
    executed.clear()
    with uncollected():
        settle(call())
    return len(executed)
