"""asv's view of a git repository, by a few calls of git in place of one for each tag and result."""

from collections.abc import Container, Iterator
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
    def _parents(self) -> dict[str, list[str]]:
        lines = self._run_git(["log", "--all", "--format=%H %P"]).splitlines()
        return {commit: parents for commit, *parents in map(str.split, lines)}

    @cached_property
    def _trunk(self) -> list[str]:
        """The newest commit and its first parents, which most others have too."""
        return self._line(next(iter(self._parents), ""), set())[0]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {commit: place for place, commit in enumerate(self._trunk)}

    def get_hashes_from_range(self, range_spec: str) -> list[str]:
        """Answer without git what lies between two hashes, which asv asks for each step of each graph."""
        old, _, new = range_spec.partition("..")
        if {old, new} <= self._parents.keys():
            return self._between(old, new)
        return super().get_hashes_from_range(range_spec)  # type: ignore[no-any-return]

    def _between(self, old: str, new: str) -> list[str]:
        """Return ``git rev-list --first-parent old..new``: the line of ``new``, down to the first that ``old`` has."""
        beside, commit = self._line(new, self._places)
        fork = self._places.get(commit, len(self._trunk))
        places = {commit: place for place, commit in enumerate(beside)}
        return [*beside, *self._trunk[fork:]][: min(self._met(old, places, fork), default=None)]

    def _line(self, commit: str, end: Container[str]) -> tuple[list[str], str]:
        """Return a commit and its first parents up to one that is in ``end``, and that one, or nothing."""
        line = []
        while commit in self._parents and commit not in end:
            line.append(commit)
            commit = next(iter(self._parents[commit]), "")
        return line, commit

    def _met(self, commit: str, beside: dict[str, int], fork: int) -> Iterator[int]:
        """Yield the places on a line of those of a commit and its ancestors that are the first to lie on it."""
        waiting, seen = [commit], set()
        while waiting:
            commit = waiting.pop()
            if commit in beside:
                yield beside[commit]
            elif self._places.get(commit, -1) >= fork:
                yield len(beside) + self._places[commit] - fork
            elif commit not in seen:
                seen.add(commit)
                waiting.extend(self._parents.get(commit, []))


def quick(conf: Config) -> Any:
    """Return the repository of a configuration, quick where it is a git one."""
    found = repo.get_repo(conf)
    if type(found) is Git:
        found.__class__ = QuickGit
    return found
