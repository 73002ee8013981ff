"""Runs each benchmark of a suite once on the Django that is on the path, each cell in a process of its own.

``python run_cells.py ROOT PATTERN all|ends [FUNCTION ...]`` prints JSON, ``{benchmark: [outcome, ...]}`` in the order
of its parameters: of all of them, or of the first and the last. An outcome is ``{"value": ...}``, ``{"n/a": reason}``
or ``{"failed": traceback}``, and has the starts of the functions, dotted names, during one call: ``{"starts":
[...]}``. It is run by the Python of any release's environment, so it imports nothing of the tests.
"""

import contextlib
import importlib
import io
import itertools
import json
import math
import os
import re
import sys
import tempfile
import traceback

QUICK = {"number": 1, "repeat": 1, "warmup_time": 0, "rounds": 1, "min_run_count": 1}
WARM_UP, REPEATS = 1, 2  # of a count: proofs have warmed the request up, and two tell whether it varies


def main(root, pattern, chosen, *functions):
    from asv_runner._aux import update_sys_path
    from asv_runner.discovery import disc_benchmarks

    suite = os.path.join(root, "benchmarks")
    update_sys_path(suite)
    outcomes = {}
    found = [benchmark for benchmark in disc_benchmarks(suite) if re.search(pattern, benchmark.name)]
    vars(sys.modules["harness.count"]).update(WARM_UP=WARM_UP, REPEATS=REPEATS)
    found.sort(key=group)
    for _, benchmarks in itertools.groupby(found, group):
        benchmarks = list(benchmarks)
        indices = range(math.prod(map(len, benchmarks[0]._params)))
        for index in indices if chosen == "all" else sorted({indices[0], indices[-1]}):
            for name, outcome in in_child(run_cell, benchmarks, index, functions).items():
                outcomes.setdefault(name, []).append(outcome)
    json.dump(outcomes, sys.stdout)


def group(benchmark):
    """Return what benchmarks have in common that share a setup: the class, and its parameters."""
    return benchmark.name.rpartition(".")[0], str(benchmark._params)


def in_child(function, *arguments):
    """Return what ``function`` returns in a forked process and a temporary folder, as asv runs a benchmark."""
    read, write = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        pid = os.fork()
        if pid == 0:
            os.chdir(folder)
            with os.fdopen(write, "w") as pipe:
                json.dump(function(*arguments), pipe)
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            answer = pipe.read()
        os.waitpid(pid, 0)
    return json.loads(answer)


def run_cell(benchmarks, index, functions):
    """Return the outcomes of the benchmarks of a class, by name, all after one setup of the cell and one proof."""
    for benchmark in benchmarks:
        make_quick(benchmark, index)
    for benchmark in benchmarks[1:]:
        benchmark._proofs = []  # the first one's are the same
    first, said = benchmarks[0], io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            skipped = first.do_setup()
    except BaseException:
        return {benchmark.name: {"failed": traceback.format_exc()} for benchmark in benchmarks}
    if skipped:
        return {benchmark.name: {"n/a": said.getvalue().strip()} for benchmark in benchmarks}
    try:
        return {benchmark.name: run(benchmark, first, functions) for benchmark in benchmarks}
    finally:
        first.do_teardown()


def make_quick(benchmark, index):
    if benchmark._params:
        benchmark.set_param_idx(index)
    for source in benchmark._attr_sources:
        if hasattr(source, "budget"):
            source.budget = 0
    for name, value in QUICK.items():
        setattr(benchmark, name, value)
    benchmark._load_vars = lambda: None
    if benchmark.setup_cache_key:
        benchmark.set_cache("measured in test_callgrind.py and in test_anchor.py")  # for minutes


def run(benchmark, first, functions):
    from asv_runner.benchmarks.mark import SkipNotImplemented

    said = io.StringIO()
    own, prepared = (getattr(each.call, "__self__", None) for each in (benchmark, first))
    if own is not prepared:
        vars(own).update(vars(prepared))
    try:
        with contextlib.redirect_stdout(said):
            return {"value": benchmark.do_run(), "starts": starts(benchmark, functions)}
    except SkipNotImplemented:
        return {"n/a": said.getvalue().strip()}
    except BaseException:
        return {"failed": traceback.format_exc()}


def starts(benchmark, functions):
    """Return how often each of some functions starts in one call of a counted benchmark's request."""
    from harness.proof import witness

    request = getattr(getattr(benchmark.call, "__self__", None), "request", None)
    if not functions or request is None:
        return []
    functions = [resolve(name) for name in functions]
    seen = witness(request, *functions)[1]
    return [len(seen[function]) for function in functions]


def resolve(name):
    module, _, attributes = name.partition(":")
    found = importlib.import_module(module)
    for attribute in attributes.split("."):
        found = getattr(found, attribute)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
