"""The configuration by which asv measures a release history, derived from asv.conf.json.

It stays beside asv.conf.json, so that its relative paths mean the same; results and site of a release history, whose
hashes are local, stay in a folder that git ignores.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asv import util
from packaging.version import Version

from tools import files
from tools.terminal import Problem

ROOT = Path(__file__).parent.parent
PYTHON = Version(".".join(map(str, sys.version_info[:3])))
SERIES = f"{PYTHON.major}.{PYTHON.minor}"
"""The Python that runs this, as asv names it."""

PROJECTS = {
    "django": ("Django", Version("3.0"), "asv"),
    "asgiref": ("asgiref", Version("3.6"), "asv.asgiref"),
}
"""Project: its name, its oldest release that is measured, and the stem of its configuration."""


class ReleaseHistory:
    """Where the release history of a project lies, and what asv makes of it.

    Raises Problem where the suite does not measure such a project.
    """

    def __init__(self, project: str, root: Path = ROOT) -> None:
        if project.lower() not in PROJECTS:
            raise Problem(f"no project {project}: this suite measures Django and asgiref")
        self.project, self.oldest, source = PROJECTS[project.lower()]
        self.package = project.lower()
        self.folder = root / ".releases" / self.project.lower()
        self.repository = self.folder / "history.git"
        self.results = self.folder / "results"
        self.html = self.folder / "html"
        self.source = root / f"{source}.conf.json"
        self.path = root / f"{source}.releases.conf.json"

    def pinned(self, package: str) -> str:
        """Return the version of a package that asv's environments hold: that of the anchor, or of what it runs with.

        Raises asv.util.UserError where asv.conf.json is not to be read.
        """
        requirements = util.load_json(str(self.source), js_comments=True)["matrix"]["req"]
        return str(requirements[package][0])

    def configure(self, pythons: Sequence[str]) -> dict[str, Any]:
        """Write asv's configuration for measuring on ``pythons`` ("3.12") and return it.

        Raises asv.util.UserError where asv.conf.json is not to be read.
        """
        places = {"env_dir": str(self.folder / "env"), "results_dir": str(self.results), "html_dir": str(self.html)}
        about = {"repo": str(self.repository), "show_commit_url": "#", "pythons": list(pythons)}
        return derive(self.path, self.source, **about, **places)


def derive(path: Path, source: Path = ROOT / "asv.conf.json", **changes: Any) -> dict[str, Any]:
    """Write a configuration of asv's that differs from another, and return it.

    Raises asv.util.UserError where the other is not to be read.
    """
    configuration: dict[str, Any] = util.load_json(str(source), js_comments=True) | changes
    files.write(path, json.dumps(configuration, indent=4) + "\n")
    return configuration


def parts_of(scenarios: Sequence[str]) -> list[str]:
    """Return the files in benchmarks/ that some words name. Raises Problem where there is none such."""
    known = sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))
    unknown = [name for name in scenarios if name not in [*known, "all"]]
    if unknown:
        raise Problem(f"no scenario {unknown[0]}: there are {', '.join(known)}, and all")
    return known if "all" in scenarios else list(scenarios)
