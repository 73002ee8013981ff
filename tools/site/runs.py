"""The runs of ``make served`` in results/served/, as they are stored, and their cells."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from tools.results import SERVED
from tools.site.grouping import groups

Row = Mapping[str, Any]

MEASURED = ["throughput", "p50", "p95", "p99", "errors", "good", "cpu", "instructions", "memory", "bare"]
MEASURED += ["first_p50", "first_p95", "peak_memory", "grown", "database_connections", "others"]


class StoredSettings(BaseModel, extra="allow"):
    """Under which conditions a run was made; what is left out was not told when it was stored."""

    versions: dict[str, str]
    date: str
    machine: str
    cpus: int
    workers: int
    threads: int
    server_cpus: int | None = None
    memory: int = 0
    kernel: str = "unknown"
    seconds: int = 0
    requests: int = 0
    generator: str = "unknown"
    ceiling: float | None = None
    close: bool = False
    leave: int = 0
    environment: dict[str, str] = {}


class StoredRow(BaseModel, extra="allow"):
    """One cell of a run: seconds, bytes, instructions; None is what was not measured.

    Without workers, which an earlier suite did not store by cell, they are the run's.
    """

    page: str
    server: str
    view: str
    connections: int
    workers: int = 0
    rate: float = 0.0
    throughput: float | None = None
    errors: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    cpu: float | None = None
    failed: str = ""
    unavailable: str = ""


class StoredRun(BaseModel):
    """A file of results/served/."""

    settings: StoredSettings
    results: list[StoredRow]

    @property
    def rows(self) -> list[Row]:
        return [row.model_dump() | {"workers": row.workers or self.settings.workers} for row in self.results]


@dataclass(frozen=True)
class ServedRun:
    """What one ``make served`` measured, and the name of its file."""

    name: str
    settings: Mapping[str, Any]
    rows: Sequence[Row]

    @property
    def cells(self) -> dict[str, list[Row]]:
        """The measured cells of each page."""
        return {page: cells_of(rows) for page, rows in groups(self.rows, lambda row: str(row["page"])).items()}

    @property
    def others(self) -> float:
        """The part of the machine that neither servers nor load took, at the median: what a rate is too low by."""
        return median(self.rows, "others") or 0.0

    @property
    def title(self) -> str:
        return f"Django {self.settings['versions']['Django']}, {self.settings['date'][:10]}, {self.settings['machine']}"


def read(results: Path) -> tuple[list[ServedRun], list[str]]:
    """Return the runs that are stored, the fullest first and then the newest, and a line for each file that is none."""
    runs, problems = [], []
    for path in sorted((results / SERVED).glob("*.json")):
        try:
            runs.append(run_in(path))
        except (OSError, ValidationError) as problem:
            problems.append(f"{path}: no result of make served: {str(problem).splitlines()[0]}")
    return sorted(runs, key=lambda run: (len(run.rows), run.settings["date"]), reverse=True), problems


def run_in(path: Path) -> ServedRun:
    """Return a run that is stored. Raises OSError, ValidationError."""
    stored = StoredRun.model_validate_json(path.read_bytes())
    return ServedRun(path.stem, stored.settings.model_dump(), stored.rows)


def cells_of(rows: Sequence[Row]) -> list[Row]:
    """Return the cells of a page by server, then by load, repeated ones as medians; ``repeats`` says how many."""
    return [
        {
            **same[0],
            "name": name,
            "load": load,
            "repeats": len(same),
            "variation": variation(same, "throughput"),
            "variation_beside": variation(beside_bare(same), "throughput"),
            **{metric: median(same, metric) for metric in MEASURED},
        }
        for name, own in groups(rows, name_of).items()
        for load, same in groups(own, load_of).items()
    ]


def name_of(row: Row) -> str:
    return f"{row['server']} {row['view']}"


def load_of(row: Row) -> str:
    return f"{row['rate']:g}/s" if row["rate"] else str(row["connections"])


def values(rows: Sequence[Row], name: str) -> list[float]:
    return [row[name] for row in rows if row.get(name) is not None]


def median(rows: Sequence[Row], name: str) -> float | None:
    return statistics.median(found) if (found := values(rows, name)) else None


def beside_bare(rows: Sequence[Row]) -> list[Row]:
    """Return cells whose throughput is told as a part of that of a bare callable; none that has none beside it."""
    return [{"throughput": row["throughput"] / row["bare"]} for row in rows if row["throughput"] and row.get("bare")]


def variation(rows: Sequence[Row], name: str) -> float | None:
    """Return the coefficient of variation over repeated cells, None where there are none."""
    found = values(rows, name)
    return statistics.stdev(found) / statistics.mean(found) if len(found) > 1 and any(found) else None
