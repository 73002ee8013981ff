"""Tables for programs: the same rows as CSV and as JSON."""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools.site.results import FAILED, UNAVAILABLE


def files(name: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield both files of a table by name; a row is a line of each."""
    yield f"{name}.csv", as_csv(rows)
    yield f"{name}.json", "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n"


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV: what any of them has is a column, empty where another lacks it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def plain_of(value: float) -> float | str | None:
    """Return a figure as JSON can hold it."""
    if value in (UNAVAILABLE, FAILED):
        return "n/a" if value == UNAVAILABLE else "failed"
    return short(value)


def short(value: float) -> float | None:
    """Return a number as short as it is; None for NaN. An infinite interval stays, which scripts can hold."""
    return None if math.isnan(value) else int(value) if value.is_integer() else value
