"""The configuration by which asv measures a release history, derived from asv.conf.json.

It stays beside asv.conf.json, so that its relative paths mean the same; results and site of a release history, whose
hashes are local, stay in a folder that git ignores.
"""

import json
from pathlib import Path
from typing import Any

from asv import util

ROOT = Path(__file__).parent.parent


class History:
    """Where the release history of a project lies, and what asv makes of it."""

    def __init__(self, project: str, root: Path = ROOT) -> None:
        self.project = project
        self.folder = root / ".releases" / project.lower()
        self.repository = self.folder / "history.git"
        self.results = self.folder / "results"
        self.html = self.folder / "html"
        self.path = root / "asv.releases.conf.json"
        self.source = root / "asv.conf.json"

    def configure(self, python: str) -> dict[str, Any]:
        """Write asv's configuration for measuring on ``python`` ("3.12") and return it.

        Raises asv.util.UserError where asv.conf.json is not to be read.
        """
        configuration: dict[str, Any] = util.load_json(str(self.source), js_comments=True)
        configuration |= {
            "repo": str(self.repository),
            "show_commit_url": "#",
            "pythons": [python],
            "env_dir": str(self.folder / "env"),
            "results_dir": str(self.results),
            "html_dir": str(self.html),
        }
        self.path.write_text(json.dumps(configuration, indent=4) + "\n")
        return configuration
