"""Stands in for tools/history/commit.py where a test is of what becomes of results: its results were not measured.

It writes what asv would, at once. The file STAND_IN of a checkout says what becomes of the job: "nothing" (no
environment can be made), "half" (it breaks off at its second commit) or "broken" (no commit runs); without it all is
well. The anchor is the first commit.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from asv import util
from asv.environment import get_env_name
from asv.results import get_filename

from harness.version import version_of_benchmark

BROKEN, NO_ENVIRONMENT, OTHER_CODE, SAID = 3, 4, 5, 2000

BENCHMARK = "handlers.Hello.track_hops"
PARAMS = [["'WSGI'", "'ASGI'"], ["'sync'", "'async'"]]
VERSION = version_of_benchmark(BENCHMARK)
COLUMNS = ["result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b", "stats_q_25"]
COLUMNS += ["stats_q_75", "stats_number", "stats_repeat", "samples", "profile"]
CONFIGURED = util.load_json("asv.conf.json", js_comments=True)["matrix"]["req"]
REQUIREMENTS = {name: versions[0] for name, versions in CONFIGURED.items() if not name.startswith("pip+")}
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
ENVIRONMENT = get_env_name("virtualenv", PYTHON, REQUIREMENTS, {})


def benchmarks() -> dict[str, Any]:
    described = {"name": BENCHMARK, "type": "track", "unit": "hops", "code": "", "version": VERSION}
    return {BENCHMARK: {**described, "params": PARAMS, "param_names": ["interface", "view"]}, "version": 2}


def figure_of(commit: str) -> int:
    return int(commit[:6], 16)


def result(commit: str, seconds: int, machine: dict[str, str]) -> dict[str, Any]:
    """Return a commit's result; its figures are made of the hash, so that one is not another's."""
    machine = {name: value for name, value in machine.items() if name != "version"}
    return {
        "version": 2,
        "commit_hash": commit,
        "env_name": ENVIRONMENT,
        "date": seconds * 1000,
        "params": {**machine, "python": PYTHON, **REQUIREMENTS},
        "python": PYTHON,
        "requirements": {"asgiref": "3.13.0"},
        "env_vars": {},
        "result_columns": COLUMNS,
        "results": {BENCHMARK: [[figure_of(commit)] * 4, PARAMS, VERSION, 1, 0.1]},
        "durations": {},
    }


def main(configuration: str, commit: str, folder: str, step: str, *names: str) -> None:
    fate = Path("STAND_IN").read_text() if Path("STAND_IN").exists() else ""
    scratch = Path(folder)
    if step == "prepare":
        if fate == "nothing":
            leave(NO_ENVIRONMENT, "no package index")
        (scratch / "benchmarks.json").write_text(json.dumps(benchmarks()))
    elif step == "install":
        if fate == "broken" and commit != anchor(configuration):
            leave(BROKEN, "SyntaxError: a planted one")
        if fate == "half" and commit != anchor(configuration) and list(Path("measured").glob("*/????????-*.json")):
            leave(NO_ENVIRONMENT, "the disk is full")
    else:
        machine = json.loads((scratch / "machine.json").read_text())
        target = scratch / get_filename(machine["machine"], commit, ENVIRONMENT)
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(result(commit, date(configuration, commit), machine)))
        (scratch / "errors").write_text("{}")


def date(configuration: str, commit: str) -> int:
    return int(git(configuration, "log", "-1", "--format=%at", commit))


def anchor(configuration: str) -> str:
    return git(configuration, "rev-list", "--max-parents=0", "--all")


def git(configuration: str, *arguments: str) -> str:
    repository = json.loads(Path(configuration).read_text())["repo"]
    return subprocess.check_output(["git", "-C", repository, *arguments], text=True).strip()


def leave(status: int, said: str) -> None:
    print(said, file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
