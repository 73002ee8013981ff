"""A command imports only what its target installs, which the environment of the tests, with everything, would hide."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

MODULES = {
    "bench": "bench.command history.branch history.commit history.measure history.merge history.milestones "
    "history.pending history.publish offline site.command site.plugin",
    "compare": "compare.bisect compare.command compare.trial",
    "load": "served.command served.crossing served.matrix served.trial",
}
"""What the commands of a group's targets import, in ``tools``."""

IMPORT = """
import importlib, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[2].split():
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
for name in sys.argv[1].split():
    importlib.import_module(f"tools.{name}")
"""


@pytest.mark.parametrize("group", MODULES)
def test_a_command_imports_what_its_target_installs(group: str) -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    installed = set(closure(requirements(groups, group)))
    others = [
        module
        for module, names in metadata.packages_distributions().items()
        if installed.isdisjoint(map(canonicalize_name, names))
    ]
    assert "playwright" in others
    command = [sys.executable, "-c", IMPORT, MODULES[group], " ".join(others)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def requirements(groups: dict[str, list[Any]], name: str) -> Iterator[Requirement]:
    for line in groups[name]:
        if isinstance(line, dict):
            yield from requirements(groups, line["include-group"])
        else:
            yield Requirement(line)


def closure(needed: Iterator[Requirement]) -> Iterator[str]:
    """Yield the names of what is needed, and of all that this needs."""
    waiting, seen = list(needed), set()
    while waiting:
        each = waiting.pop()
        name = canonicalize_name(each.name)
        if str(each) in seen or (each.marker and not each.marker.evaluate()):
            continue
        seen.add(str(each))
        yield name
        for line in metadata.requires(name) or ():
            found = Requirement(line)
            if not found.marker or any(found.marker.evaluate({"extra": extra}) for extra in (*each.extras, "")):
                found.marker = None
                waiting.append(found)
