"""What is used of asv that it does not promise to keep: looked at in ``VERSION``, and to be looked at again in another.

What asv documents is imported where it is used.
"""

from asv import feed, graph
from asv.commands import publish
from asv.plugins import regressions

VERSION = "0.6.6"

compute_steps = graph._compute_graph_steps
"""Fits the steps of one series. asv's own caller, ``Graph.detect_steps``, fits all series of a graph, at any length."""

READERS = {
    "results": ((publish, "iter_results"), (regressions, "iter_results")),  # one bad file ends them
    "machines": ((publish, "iter_machine_files"),),  # so does one that is cut off
    "repository": ((publish, "get_repo"),),  # git is asked once for each tag, and for each result beside a branch
    "benchmarks": ((publish, "Benchmarks"),),
    "graphs": ((publish, "GraphSet"),),  # makes the path of a graph anew for each point
    "graph": ((graph, "Graph"),),  # reduces its points each time it is asked for them
    "feed": ((feed, "write_atom"),),  # of no entries it writes the time at which it published
}
"""The names by which asv's publishing reads: module and attribute. asv has hooks for what is written alone."""
