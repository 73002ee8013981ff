"""One side of a comparison: a process with one Django, each cell in a child forked from it, so that all start alike.

``python -m harness.side LAYOUT PART ...`` answers each command, a line on standard input, with a line of JSON on
standard output: first, unasked, with what it runs and the cells of the time benchmarks of those files, ``{"versions":
{name: version}, "cells": [[name, index, [parameter]]]}``. LAYOUT is a number, the seed of its layout of memory.
A PART may be a cell, NAME:INDEX, in place of its file: what it imports is imported first, and only cells of its variant
can be entered.

``enter NAME INDEX`` forks a child and sets a cell up, of any benchmark of those files. The child answers ``{}``,
``{"n/a": reason}`` or ``{"failed": reason}``, and if it was ``{}`` all further commands until ``leave``. Once it is
gone the parent answers ``{"ended": status}``.

- ``prove``: ``{}``
- ``trace``: what ``harness.trace.trace`` returns
- ``batch seconds N``, ``batch instructions N``: ``{"value": those of N calls}``
"""

import gc
import itertools
import json
import os
import select
import signal
import sys
import time
import traceback
from pathlib import Path

from harness import installed
from harness.instructions import InstructionCounter
from harness.layout import import_all_of, index_of, lay_out, leave_imports, name_of
from harness.proof import every_coroutine_awaited
from harness.trace import trace

CLOCKS = {"seconds": lambda: time.perf_counter, "instructions": InstructionCounter}
GRACE = 1  # seconds in which a cell's child ends by itself once its commands have
BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


class EnteredCell:
    """A benchmark with its parameters set, and what a command does with it."""

    def __init__(self, benchmark):
        self.benchmark = benchmark
        self.params = benchmark._current_params
        self.batches = {}

    def call(self):
        return self.benchmark.call(*self.params)

    def prove(self):
        with every_coroutine_awaited():
            self.benchmark._prove(*self.params)
        return {}

    def trace(self):
        return trace(self.call)

    def batch(self, unit, number):
        if unit not in self.batches:
            self.batches[unit] = self.benchmark.batch(CLOCKS[unit]())
        return {"value": self.batches[unit].timeit(int(number))}


def main(layout, parts):
    ballast = lay_out(int(layout))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a benchmark prints is no answer
    benchmarks = {benchmark.name: benchmark for part in parts for benchmark in benchmarks_of(part.partition(".")[0])}
    timed = [benchmark for benchmark in benchmarks.values() if benchmark.type == "time"]
    cells = [list(cell) for benchmark in timed for cell in cells_of(benchmark)]
    for cell in (part for part in parts if ":" in part):
        import_all_of(benchmarks[name_of(cell)], index_of(cell))
    answer(answers, {"versions": installed.versions(), "cells": cells})
    gc.freeze()
    assert ballast  # until here, so that all that was imported lies beside it
    for line in commands():
        _, name, index = line.split()
        child_is_there, child_has = os.pipe()
        pid = os.fork()
        if pid == 0:
            serve(answers, benchmarks[name], int(index))
            os._exit(0)
        os.close(child_has)
        kill_unattended(pid, child_is_there)
        os.close(child_is_there)
        _, status = os.waitpid(pid, 0)
        answer(answers, {"ended": status})


def kill_unattended(pid, child_is_there):
    """Wait until a child has closed a pipe by its end; kill it where no commands can come any more and it goes on."""
    ends = select.poll()
    for descriptor in (0, child_is_there):
        ends.register(descriptor, 0)  # POLLHUP, the end of the other side, is told unasked
    if ends.poll() == [(0, select.POLLHUP)]:
        ends.unregister(0)
        if not ends.poll(GRACE * 1000):
            os.kill(pid, signal.SIGKILL)


def benchmarks_of(part):
    from asv_runner.discovery import disc_benchmarks

    return disc_benchmarks("benchmarks." + part)


def cells_of(benchmark):
    """Yield name, index and parameters of each cell."""
    for index, params in enumerate(itertools.product(*benchmark._params)):
        yield benchmark.name, index, [str(param) for param in params]


def commands():
    """Yield lines, read byte by byte: a line that a buffer took in before a fork would be lost."""
    with open(0, "rb", buffering=0, closefd=False) as stream:
        for line in iter(stream.readline, b""):
            yield line.decode()


def answer(stream, value):
    stream.write(json.dumps(value) + "\n")
    stream.flush()


def serve(answers, benchmark, index):
    """Set a cell up and answer commands for it until it is left."""
    try:
        benchmark.enter(index)
    except NotImplementedError as reason:
        return answer(answers, {"n/a": str(reason)})
    except BaseException as problem:
        return answer(answers, failure(problem))
    leave_imports()
    cell = EnteredCell(benchmark)
    answer(answers, {})
    for line in commands():
        command, *arguments = line.split()
        if command == "leave":
            break
        try:
            answer(answers, getattr(cell, command)(*arguments))
        except Exception as problem:
            answer(answers, failure(problem))
    benchmark.do_teardown()


def failure(problem):
    traceback.print_exc()
    return {"failed": "%s: %s" % (type(problem).__name__, problem)}


if __name__ == "__main__":
    from asv_runner._aux import update_sys_path

    update_sys_path(str(BENCHMARKS))
    main(sys.argv[1], sys.argv[2:])
