"""A badge of the newest measured commit: how many figures it made worse and better, against its base."""

from collections import Counter
from typing import NamedTuple

from tools.site import compare
from tools.site.site import Site, last

RED, GREEN, GREY = "#a3161f", "#0b6b3a", "#555b61"
"""White text on each has a contrast of 6 and more."""


class Badge(NamedTuple):
    """What a badge says on its left and right half, and the colour of the right one."""

    name: str
    verdict: str
    colour: str

    @property
    def widths(self) -> tuple[int, int]:
        """Pixels of each half: some seven for a letter, and the margins."""
        return len(self.name) * 7 + 12, len(self.verdict) * 7 + 12


def of_newest(site: Site) -> Badge:
    """Return the verdict of the newest commit of main, or release, against its nearest measured ancestor."""
    commit = last(site.order.main)
    if commit is None or (new := site.best(commit.hash, None)) is None:
        return Badge(site.project, "not measured", GREY)
    name = f"{site.project} {commit.label}"
    old = site.best(commit.base, new) if commit.base else None
    if old is None:
        return Badge(name, "nothing to compare with", GREY)
    found = Counter(each.verdict for each in compare.differences(site.suite, old, new))
    words = [f"{found[verdict]} {verdict}" for verdict in ("worse", "better") if found[verdict]]
    colour = RED if found["worse"] else GREEN
    return Badge(name, ", ".join(words) or "no change found", colour)
