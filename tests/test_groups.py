"""A command imports what its target installs, and what is installed is what the locks name.

The environment of the tests, with everything, would hide what a command lacks.
"""

import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from asv import util
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.process import asv_environment

PURELIB = sysconfig.get_path("purelib")

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


class LockFile(NamedTuple):
    """What a file of .ci/locks names: versions by package, and how many digests each of these has."""

    versions: dict[str, set[str]]
    digests: dict[str, int]


PINNED = re.compile(r"^([\w.-]+)==([^\s;]+)([^\n]*\\\n(?: +--hash=sha256:[0-9a-f]{64}[ \\]*\n)+)", re.MULTILINE)


def lock(name: str) -> LockFile:
    text = (ROOT / f".ci/locks/{name}.txt").read_text()
    found = PINNED.findall(text)
    assert PINNED.sub("", text).strip().splitlines()[2:] == [], "every line of a lock is a version with its digests"
    versions: dict[str, set[str]] = {}
    for package, version, _ in found:
        versions.setdefault(canonicalize_name(package), set()).add(version)
    return LockFile(versions, {f"{package}=={version}": rest.count("--hash=") for package, version, rest in found})


LOCKS = {"pip": ["pip"], "asv": ["asv"], "tools": ["test", "served"]}
"""The groups that each lock is of."""


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_what_its_groups_pin(name: str) -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    locked = lock(name)
    pins = [each for group in LOCKS[name] for each in requirements(groups, group)]
    assert len(pins) >= 1
    assert [str(pin) for pin in pins if pin_of(pin) not in locked.versions.get(canonicalize_name(pin.name), ())] == []
    assert [package for package, count in locked.digests.items() if not count] == []


def test_every_group_is_in_a_lock() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    locked = {str(each) for name in LOCKS for group in LOCKS[name] for each in requirements(groups, group)}
    assert {str(each) for group in groups for each in requirements(groups, group)} == locked


def pin_of(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return specifier.version


def test_nothing_is_installed_that_the_lock_does_not_name() -> None:
    locked = lock("tools").versions | lock("pip").versions
    installed = {canonicalize_name(each.name): each.version for each in metadata.distributions(path=[PURELIB])}
    assert len(installed) >= 50
    assert {name: version for name, version in installed.items() if version not in locked.get(name, ())} == {}


def test_asv_s_environments_are_made_of_what_their_lock_names() -> None:
    locked = lock("asv").versions
    for source in ("asv.conf.json", "asv.asgiref.conf.json"):
        matrix = util.load_json(str(ROOT / source), js_comments=True)["matrix"]["req"]
        pins = {canonicalize_name(name.removeprefix("pip+")): versions for name, versions in matrix.items()}
        assert {name: versions for name, versions in pins.items() if not locked.get(name, set()) >= set(versions)} == {}


def test_another_file_under_a_locked_version_is_refused(tmp_path: Path) -> None:
    """pip, as asv calls it, takes no wheel whose digest the lock does not have, and nothing that it does not name."""
    own = tmp_path / "wheels"
    own.mkdir()
    for name, version in (("asgiref", "3.13.0"), ("stranger", "1")):
        write_wheel(own, name, version)
    for wanted, reason in (("asgiref==3.13.0", "DO NOT MATCH THE HASHES"), ("stranger==1", "Hashes are required")):
        command = [sys.executable, "-m", "pip", "install", "--no-index", "--find-links", str(own), "--no-deps"]
        done = subprocess.run(
            [*command, "--target", str(tmp_path / "target"), wanted],
            env=asv_environment(installing=True),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert reason in done.stderr
        assert not (tmp_path / "target").exists()


def write_wheel(folder: Path, name: str, version: str) -> None:
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
