"""asv's view of a git repository, by a few calls of git in place of one for each tag and result."""

from functools import cached_property
from typing import Any

from asv import repo
from asv.config import Config
from asv.plugins.git import Git


class QuickGit(Git):  # type: ignore[misc]
    """A repository that does not change while asv publishes."""

    def get_tags(self) -> dict[str, str]:
        return dict(self._tags)

    @cached_property
    def _tags(self) -> dict[str, str]:
        pattern = "--format=%(refname:strip=2) %(objectname) %(*objectname)"
        lines = self._run_git(["for-each-ref", "--sort=taggerdate", pattern, "refs/tags"]).splitlines()
        return {fields[0]: fields[-1] for fields in map(str.split, lines)}

    @cached_property
    def _dates(self) -> dict[str, int]:
        """The dates of the tagged commits, in ms, as Git.get_date has them."""
        if not self._tags:
            return {}
        lines = self._run_git(
            ["log", "--no-walk=unsorted", "--format=%H %at", *sorted(set(self._tags.values()))]
        ).splitlines()
        return {commit: int(seconds) * 1000 for commit, seconds in map(str.split, lines)}

    def get_date_from_name(self, name: str) -> int:
        known = self._dates.get(name)
        return known if known is not None else super().get_date_from_name(name)

    def get_branch_commits(self, branch: Any) -> dict[str, None]:
        """Return the commits in order, as keys: asv asks of each result whether its commit is there."""
        return dict.fromkeys(self.get_hashes_from_range(self.get_branch_name(branch)))

    @cached_property
    def _parents(self) -> dict[str, str]:
        lines = self._run_git(["log", "--all", "--format=%H %P"]).splitlines()
        return {fields[0]: fields[1] for fields in map(str.split, lines) if len(fields) > 1}

    def get_hashes_from_range(self, range_spec: str) -> list[str]:
        """Answer each range once, since asv asks for each step of each graph; ``a..b``, a on b's line, without git."""
        if range_spec not in self._ranges:
            old, dots, new = range_spec.partition("..")
            between = self._between(old, new) if dots else None
            self._ranges[range_spec] = super().get_hashes_from_range(range_spec) if between is None else between
        return list(self._ranges[range_spec])

    @cached_property
    def _ranges(self) -> dict[str, list[str]]:
        return {}

    def _between(self, old: str, new: str) -> list[str] | None:
        """Return what comes after ``old`` on the line of first parents of ``new``; None where it is not on it."""
        found = []
        while new != old:
            if new not in self._parents:
                return None
            found.append(new)
            new = self._parents[new]
        return found


def quick(conf: Config) -> Any:
    """Return the repository of a configuration, quick where it is a git one."""
    found = repo.get_repo(conf)
    if type(found) is Git:
        found.__class__ = QuickGit
    return found
