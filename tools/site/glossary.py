"""The words of docs/glossary.md, for the pages on which they stand."""

import re
from functools import cache

from tools.configuration import ROOT

ROW = re.compile(r"^\| (?P<word>[^|]+) \| (?P<meaning>[^|]+) \| `[^|]+` \|$", re.MULTILINE)


@cache
def meanings() -> dict[str, str]:
    """Return what each word means, as plain text."""
    table = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    return {row["word"]: row["meaning"].replace("`", "") for row in ROW.finditer(table)}
