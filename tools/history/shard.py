"""The folder that a job leaves, looked at as what a stranger wrote: a file that was not asked for is refused."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tools import results
from tools.history import store
from tools.history.asked import Asked, Refused
from tools.results import LISTED, Failure, MachineFile, ResultFile, Unusable, checked, stored_in

Description = dict[str, str | None]

LARGEST = 500_000
"""Bytes of a file; a result of the whole suite has a third of that."""

BESIDES = 20
"""Files of a job besides a result and a failure of each commit: machine.json, and an anchor for each day."""

NOT_READ = (LISTED, "benchmarks.json")
"""What a merge has from elsewhere."""

MACHINE = re.compile(r"[a-z0-9-]{1,100}/machine\.json")
RESULT = re.compile(r"[a-z0-9-]{1,100}/([0-9a-f]{8}-[A-Za-z0-9._+-]{1,150}\.json|[A-Za-z0-9._-]{1,100}\.anchor)")
FAILURES = re.compile(r"[a-z0-9-]{1,100}/[0-9a-f]{8}\.failures")


class Shard:
    """The folder of a job. ``known`` are the results that it is merged into."""

    def __init__(self, folder: Path, asked: Asked, known: store.Store) -> None:
        self.folder, self.asked, self.known = folder, asked, known
        self.anchors: set[Path] = set()

    def look(self) -> Iterator[tuple[Path, Unusable | None]]:
        """Yield each file, anchors first, and why it is refused; the folder alone where it holds too much for a job."""
        try:
            paths = self._paths()
        except Refused as problem:
            yield self.folder, problem
            return
        for path in sorted(paths, key=lambda path: path.suffix != ".anchor"):
            try:
                self._look_at(path)
                yield path, None
            except Unusable as problem:
                yield path, problem

    def _paths(self) -> list[Path]:
        found = list(files_of(self.folder))
        most = 2 * len(self.asked.commits) + BESIDES
        if len(found) > most:
            raise Refused(f"{len(found)} files are more than the {most} that a job leaves")
        size = sum(path.lstat().st_size for path in found)
        if size > (largest := LARGEST * (len(self.asked.commits) + BESIDES)):
            raise Refused(f"{size} bytes are more than the {largest} that a job leaves")
        return sorted(found)

    def _look_at(self, path: Path) -> None:
        name = path.relative_to(self.folder).as_posix()
        if MACHINE.fullmatch(name):
            self._machine(path.parent.name)
        elif RESULT.fullmatch(name):
            self._look_at_result(path)
        elif FAILURES.fullmatch(name):
            self._look_at_failures(path)
        else:
            raise Refused("no job writes a file of that name")

    def _machine(self, name: str) -> Description:
        """Return the description of the machine in whose folder a file is."""
        described: Description = checked(MachineFile, content_of(self.folder / name / "machine.json")).model_dump()
        if described["machine"] != name or not all(described.values()):
            raise Refused(f"it claims to be of the machine {described['machine']}, or does not say of which kind")
        if store.called(described) == name:
            return described  # its name says all by which it could differ from another of that name
        if name not in self.asked.machines:
            raise Refused(f"a machine of that kind is called {store.called(described)}: MACHINE= names another")
        known = self.known.folder / name / "machine.json"
        if known.exists() and not store.alike(stored_in(known, MachineFile).model_dump(), described):
            raise Refused(f"there is another machine of the name {name}")
        return described

    def _look_at_result(self, path: Path) -> None:
        result = checked(ResultFile, content_of(path))
        if not result.job or not result.requirements or not result.results:
            raise Refused("it does not say its job and packages, or has no benchmark, as no job's does")
        if not store.alike(self._machine(path.parent.name), result.params):
            raise Refused(f"it claims to be of the machine {result.params.get('machine')}, or of another kind")
        self.asked.refuse_others(path, result)
        if path.suffix == ".anchor":
            self.anchors.add(path)
        elif self.asked.anchor and path.with_name(f"{result.job}.anchor") not in self.anchors:
            raise Refused(
                f"job {result.job} left no anchor that is taken: it has none, or another at its end than at first"
            )

    def _look_at_failures(self, path: Path) -> None:
        self._machine(path.parent.name)
        failures = [checked(Failure, line) for line in content_of(path).splitlines()]
        if not 1 <= len(failures) <= store.TRIES:
            raise Refused(f"a commit is tried at most {store.TRIES} times, not {len(failures)}")
        for failure in failures:
            if failure.commit not in self.asked.commits or failure.commit[:8] != path.stem:
                raise Refused(f"{failure.commit} was not asked for, or is not that of its name")


def files_of(folder: Path) -> Iterator[Path]:
    """Yield the files of a job but locks, what was not finished, and what is not read."""
    for place, _, names in os.walk(folder):
        inside = Path(place).relative_to(folder)
        if ".leases" in inside.parts:
            continue
        others = NOT_READ if inside == Path() else ()
        yield from (Path(place, name) for name in names if not name.endswith(".part") and name not in others)


def content_of(path: Path) -> bytes:
    """Return what a file of a job's holds. Raises Unusable where it is a link, or too large."""
    if path.is_symlink() or not path.is_file():
        raise Refused(f"{path.name} is no file")
    if path.stat().st_size > LARGEST:
        raise Refused(f"{path.stat().st_size} bytes are more than the {LARGEST} that a job writes")
    return results.content_of(path)
