"""One layout of memory: a process under callgrind that counts the instructions of cells, each in a child of its own.

``python -m harness.layout SEED CELL ...``, as ``harness.callgrind`` starts it, writes a line of JSON for each CELL, a
``NAME:INDEX``: ``{"cell": CELL, "pid": PID, "calls": N}``, where callgrind writes what N calls were as that process
ends, or ``{"cell": CELL, "n/a": reason}`` or ``{"cell": CELL, "failed": reason}``.

What is not counted is run by valgrind too, some six times slower. So all cells are forked from a process that has
imported Django, and those of one scenario and variant from one that has set the first of them up.
"""

import contextlib
import gc
import itertools
import json
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from asgiref.sync import SyncToAsync
from django.db import connections

from harness import sqlite
from harness.awaitable import refuse_other_conditions
from harness.callgrind import CallgrindSwitch

WARM_UP, CALLS = 5, 10
"""Calls of a cell that are not counted, and then those that are."""

SIZES, OBJECTS = 96, 200_000
"""The lengths that objects of a layout have, those of names and of small tables, and how many they are: with a fifth of
them one folder of ten counted 0.15 % more than the others in each layout, with none of them freed 0.5 %."""

NUMBERS = 8
"""One more than the numbers of classes that an import may find taken."""

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def main(seed, *cells):
    from asv_runner.discovery import get_benchmark_from_name

    ballast = lay_out(int(seed))
    names = dict.fromkeys(name_of(cell) for cell in cells)
    benchmarks = {name: get_benchmark_from_name(str(BENCHMARKS), name) for name in names}
    gc.freeze()
    assert ballast  # until here, so that all that was imported lies beside it
    for _, group in itertools.groupby(cells, lambda cell: variant(benchmarks, cell)):
        group = list(group)
        in_child(count_group, benchmarks[name_of(group[0])], group)


def lay_out(seed):
    """Return objects of a memory's layout: what is allocated while they live lies where another seed does not put it.

    A tree whose files are longer, or lie in another folder, moves all objects too, and with them which keys of a
    table collide: Mytkowicz and others, "Producing Wrong Data Without Doing Anything Obviously Wrong!" (2009). Python
    finds methods in a table by the address of their name and by the number of their class, and what is allocated or
    numbered in turn has one distance in all layouts. So half of the objects is freed again, and what is imported fills
    holes that lie anywhere, as in Curtsinger and Berger, "Stabilizer: Statistically Sound Performance Evaluation"
    (2013); and each import finds some numbers taken.
    """
    chance = random.Random(seed)
    sys.meta_path.insert(0, TakenNumbers(chance))
    heap = [bytes(size) for size in chance.choices(range(SIZES), k=OBJECTS)]
    return [each for each in heap if chance.getrandbits(1)]


def leave_imports():
    """Let imports be as Python has them: a request may look for a module that is not there."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, TakenNumbers)]


class TakenNumbers:
    """A finder of modules that finds none: it takes some of the numbers that Python gives to classes in turn."""

    def __init__(self, chance):
        self.chance = chance

    def find_spec(self, *_):
        for _ in range(self.chance.randrange(NUMBERS)):
            hasattr(type("Unused", (), {}), "unused")  # a class gets its number when it is first looked up in


def name_of(cell):
    return cell.partition(":")[0]


def index_of(cell):
    return int(cell.partition(":")[2])


def variant(benchmarks, cell):
    name = name_of(cell)
    return name, benchmarks[name].variant(index_of(cell))


def in_child(function, *arguments):
    """Call a function in a forked process, and wait for its end."""
    pid = os.fork()
    if pid == 0:
        try:
            function(*arguments)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def count_group(benchmark, cells):
    """Count cells of one variant, each in a process that is forked from one which has imported what they import."""
    import_all_of(benchmark, index_of(cells[0]))
    for cell in cells:
        in_child(count_cell, benchmark, cell)


def import_all_of(benchmark, index):
    """Set a cell up for what that imports, and end all else of it: others of its variant are then forked sooner."""
    with contextlib.suppress(Exception):  # the cell says it
        benchmark.enter(index)
        benchmark.do_teardown()
    connections.close_all()
    sqlite.drop()
    SyncToAsync.single_thread_executor = ThreadPoolExecutor(max_workers=1)  # no thread is forked with its process


def count_cell(benchmark, cell):
    try:
        benchmark.enter(index_of(cell))
        leave_imports()
        refuse_other_conditions()
        benchmark.batch(time.perf_counter).timeit(WARM_UP)
        benchmark.batch(CallgrindSwitch()).timeit(CALLS)
        answer = {"pid": os.getpid(), "calls": CALLS}
    except NotImplementedError as reason:
        answer = {"n/a": str(reason)}
    except BaseException as problem:
        answer = {"failed": "%s: %s" % (type(problem).__name__, problem)}
    print(json.dumps(dict(answer, cell=cell)), flush=True)


if __name__ == "__main__":
    from asv_runner._aux import update_sys_path

    update_sys_path(str(BENCHMARKS))
    main(*sys.argv[1:])
