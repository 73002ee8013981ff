"""Results that nobody measured: a linear history of any length, for what only size shows.

``python tests/generated.py FOLDER RESULTS BENCHMARKS`` writes an asv project into a folder.
"""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

METRICS = {
    "time_request": "seconds",
    "track_sync_to_async": "crossings",
    "track_async_to_sync": "crossings",
    "track_hops": "hops",
    "track_python_calls": "calls",
}
CELLS = [["'WSGI'", "'ASGI'"], ["'sync'", "'async'"]]
FLOORS = ("floors.BareWSGI.time_request", "floors.BareASGI.time_request", "floors.EventLoop.time_create_and_close")
COLUMNS = ["result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b"]
COLUMNS += ["stats_q_25", "stats_q_75", "stats_number", "stats_repeat", "samples", "profile"]
MACHINE = {"arch": "x86_64", "cpu": "none", "machine": "generated", "num_cpu": "2", "os": "Linux", "ram": "8000000000"}
START, DAY = 1_560_000_000, 86_400
CHANGES = 50
"""After so many commits one scenario's Python calls and time change."""


def write(folder: Path, results: int, benchmarks: int) -> None:
    """Write asv.conf.json, a repository of ``results`` commits and a result of ``benchmarks`` benchmarks for each."""
    scenarios = ["handlers.Hello", *(f"part{n % 20}.Scenario{n}" for n in range((benchmarks - len(FLOORS)) // 5 - 1))]
    described = {f"{name}.{metric}": METRICS[metric] for name in scenarios for metric in METRICS}
    configure(folder)
    machine = folder / "results/generated"
    machine.mkdir(parents=True)
    (machine / "machine.json").write_text(json.dumps({**MACHINE, "version": 1}))
    descriptions = {name: describe(name, unit, CELLS) for name, unit in described.items()}
    descriptions |= {name: describe(name, "seconds", []) for name in FLOORS}
    (folder / "results/benchmarks.json").write_text(json.dumps({**descriptions, "version": 2}))
    for number, commit in enumerate(history(folder / "repo", results)):
        write_result(machine, number, commit, scenarios)


def configure(folder: Path, **settings: str) -> None:
    """Write asv.conf.json, with ``settings`` in it."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = {
        "version": 1,
        "project": "Django",
        "repo": str(folder / "repo"),
        "branches": ["main"],
        "show_commit_url": "https://example.invalid/commit/",
        "environment_type": "existing",
        "results_dir": str(folder / "results"),
        "html_dir": str(folder / "html"),
        "plugins": [".tools.offline", ".tools.site.plugin"],
    }
    (folder / "asv.conf.json").write_text(json.dumps(configuration | settings))


def describe(name: str, unit: str, params: list[list[str]]) -> dict[str, Any]:
    return {
        "name": name,
        "code": "",
        "params": params,
        "param_names": ["interface", "view"][: len(params)],
        "type": "time" if unit == "seconds" else "track",
        "unit": unit,
        "version": "1",
    }


def history(repository: Path, length: int, subject: str = "Change {}") -> list[str]:
    """Make a repository whose main has ``length`` commits and return their hashes, oldest first."""
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", repository], check=True)
    stream = "".join(stream_of(length, subject)).encode()
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repository, input=stream, check=True)
    listed = subprocess.check_output(["git", "rev-list", "--reverse", "main"], cwd=repository, text=True)
    return listed.split()


def stream_of(length: int, subject: str) -> Iterator[str]:
    for number in range(length):
        message = subject.format(number)
        yield f"commit refs/heads/main\nmark :{number + 1}\n"
        yield f"committer Test <test@localhost> {START + number * DAY} +0000\ndata {len(message)}\n{message}\n"
        yield f"from :{number}\n\n" if number else "\n"


def write_result(machine: Path, number: int, commit: str, scenarios: list[str]) -> None:
    chance = random.Random(number)
    rows: dict[str, list[Any]] = {}
    for place, scenario in enumerate(scenarios):
        changed = (number + place * CHANGES) // (CHANGES * len(scenarios))
        for metric, unit in METRICS.items():
            base = [place % 3 + cell for cell in range(4)] if unit != "calls" else [112, 147, 165, 147]
            counts = [value + (changed if unit == "calls" else 0) for value in base]
            if unit == "seconds":
                times = [1e-4 * (cell + 1) * (1 + 0.1 * changed) * chance.gauss(1, 0.02) for cell in range(4)]
                rows[f"{scenario}.{metric}"] = timed(times, CELLS)
            else:
                rows[f"{scenario}.{metric}"] = [counts, CELLS, "1", (START + number * DAY) * 1000, 0.1]
    for name in FLOORS:
        rows[name] = timed([1e-5 * chance.gauss(1, 0.02)], [])
    document = {
        "commit_hash": commit,
        "env_name": "existing-py",
        "date": (START + number * DAY) * 1000,
        "params": {**MACHINE, "python": "3.12"},
        "python": "3.12",
        "requirements": {},
        "env_vars": {},
        "result_columns": COLUMNS,
        "results": rows,
        "durations": {},
        "version": 2,
    }
    (machine / f"{commit[:8]}-existing-py.json").write_text(json.dumps(document))


def timed(values: list[float], params: list[list[str]]) -> list[Any]:
    around = [[value * factor for value in values] for factor in (0.97, 1.03, 0.99, 1.01)]
    return [values, params, "1", None, 0.5, *around, [100] * len(values), [10] * len(values)]


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
