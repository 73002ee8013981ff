"""Times what is measured in turn with the anchor: a release that each environment holds beside it.

The same release is timed everywhere, so that ratios to it can be compared across days and machines. It is installed as
asv's other requirements are; the link to the measured checkout goes before it, and ``install.WITHOUT_CHECKOUT`` in
the environment of a process leaves the link out.
"""

import contextlib
import itertools
import math
import os
import sys
from pathlib import Path

from harness import installed
from harness.in_turn import quietest_cpu, time_in_turn
from harness.install import LINK, WITHOUT_CHECKOUT
from harness.kept import temporary_folder
from harness.remote import RemoteSide, SideFailed

_ROOT = Path(__file__).parent.parent


class NoAnchor(Exception):
    """There is nothing to time beside. The message says why, and what to do."""


def time_beside(benchmark, pairs):
    """Return what some pairs of processes say of each of a benchmark's cells, in their order.

    That is ``{"time_to_anchor": [ratio], "anchor_to_itself": [ratio], "anchor_seconds": [seconds]}``, a number for each
    pair; in its place ``{"n/a": reason}`` or ``{"failed": reason}`` where there is none. Raises NoAnchor.
    """
    need()
    cells, part = benchmark.cells, _part(benchmark)
    with temporary_folder("anchor-") as folder, contextlib.ExitStack() as running:
        sides = []
        for label, layout in itertools.product(("the anchor", "the checkout"), range(pairs)):
            sides.append(_started(label, part, folder / ("%d.log" % len(sides)), layout))
            running.callback(sides[-1].close)
        try:
            for side in sides:
                side.cells(beside=len(sides))
        except SideFailed as problem:
            return [{"failed": str(problem)} for _ in cells]
        cpu = quietest_cpu()
        for side in sides:
            side.pin(cpu)
        return [_figures(list(zip(sides[:pairs], sides[pairs:])), cell) for cell in cells]


def _part(benchmark):
    """Return what a side is told to measure: a cell where all are of its variant, or else the file of all."""
    first, *others = (benchmark.variant(cell.index) for cell in benchmark.cells)
    return benchmark.name.partition(".")[0] if any(each != first for each in others) else "%s:0" % benchmark.name


def need():
    """Raise NoAnchor unless an anchor is installed beside a checkout."""
    package = installed.linked_package()
    if not package:
        raise NoAnchor("there is no anchor here: asv run makes environments that hold one")
    if not os.path.isdir(os.path.join(os.path.dirname(LINK), package)):
        where = "%s, the anchor, is not installed: remove %s, and it is made anew"
        raise NoAnchor(where % (package, sys.prefix))


def _started(label, part, log, layout):
    unwanted = (WITHOUT_CHECKOUT, "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    environment["PYTHONPATH"] = str(_ROOT)
    if label == "the anchor":
        environment[WITHOUT_CHECKOUT] = "1"
    return RemoteSide(label, [part], log, layout, [sys.executable], str(log.parent), environment)


def _figures(sides, cell):
    try:
        for side in sides[0]:
            with side.entered(cell) as missing:
                failed = missing or side.ask("prove")
                if failed:
                    return failed
        pairs = list(time_in_turn(sides, cell))
    except SideFailed as problem:
        return {"failed": str(problem)}
    return {
        "time_to_anchor": [math.exp(pair.second - pair.same / 2) for pair in pairs],
        "anchor_to_itself": [math.exp(pair.same) for pair in pairs],
        "anchor_seconds": [pair.seconds for pair in pairs],
    }
