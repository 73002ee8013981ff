"""Measures one commit with asv, in a process of its own: what ``make measure`` starts, several for each commit.

``python -m tools.history.commit CONFIGURATION COMMIT FOLDER STEP`` does one of

- ``prepare``: makes the environment, installs the commit, and writes what asv discovers to FOLDER/benchmarks.json
- ``install``: installs the commit
- ``run NAMES``: runs the benchmarks that the lines of the file NAMES name, and stores their results in FOLDER
"""

import fcntl
import json
import os
import sys
from pathlib import Path
from typing import Any

from asv import environment, util
from asv.benchmarks import Benchmarks
from asv.config import Config
from asv.machine import Machine
from asv.repo import Repo, get_repo
from asv.results import Results
from asv.runner import run_benchmarks

from tools.configuration import ROOT

BROKEN, NO_ENVIRONMENT, OTHER_CODE = 3, 4, 5
"""Exit statuses: the commit cannot be installed; the environment could not be made, or holds something else than what
was installed for it, by no fault of the commit."""

SAID = 2000
"""Characters kept of what a failed command said, its end."""

PACKAGES = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"


COMPILE = "import compileall, sysconfig; compileall.compile_dir(sysconfig.get_path('purelib'), quiet=2)"
"""What pip left uncompiled a commit would compile, and would have changed what the next one runs with."""

WHAT_IS_INSTALLED = "import sys; sys.path.insert(0, %r); from harness import installed; installed.refuse_others()"


class Installation:
    """A commit, and asv's environment for it."""

    def __init__(self, configuration: str, commit: str) -> None:
        self.conf = Config.load(configuration)
        self.repo: Repo = get_repo(self.conf)
        self.commit = commit
        self.environment = next(environment.get_environments(self.conf, []))

    def prepare(self) -> None:
        """Raises SystemExit, with the reason said, where the environment or the commit fails."""
        try:
            self.environment.create()
        except util.ProcessError as problem:
            fail(NO_ENVIRONMENT, problem)
        self.environment.run(["-c", COMPILE], dots=False)
        self.install()
        try:
            self.environment.run(["-c", WHAT_IS_INSTALLED % str(ROOT)], dots=False)
        except util.ProcessError as problem:
            fail(OTHER_CODE, problem)
        found = Benchmarks.discover(self.conf, self.repo, [self.environment], [self.commit])
        found.save()

    def install(self) -> None:
        try:
            self.environment.install_project(self.conf, self.repo, self.commit)
        except util.ProcessError as problem:
            fail(BROKEN, problem)

    def run(self, folder: Path, names: set[str]) -> None:
        """Store the results in FOLDER, and in FOLDER/errors what the benchmarks said that failed for all parameters."""
        known = util.load_json(folder / "benchmarks.json", Benchmarks.api_version)
        benchmarks = Benchmarks(self.conf, [each for name, each in known.items() if name in names])
        results = self._results(util.load_json(folder / "machine.json", Machine.api_version))
        run_benchmarks(benchmarks, self.environment, results=results, launch_method=self.conf.launch_method)
        failed = [name for name in benchmarks if not measured_any(results, name)]
        (folder / "errors").write_text(json.dumps({name: results.stderr[name][-SAID:] for name in failed}))
        results.save(str(folder))

    def _results(self, machine: dict[str, Any]) -> Results:
        """Return the empty results, as asv run makes them; their requirements are all packages that are installed."""
        its = self.environment
        params = {**machine, "python": its.python, **its.requirements}
        packages = json.loads(its.run(["-c", PACKAGES], dots=False))
        date = self.repo.get_date(self.commit)
        return Results(params, packages, self.commit, date, its.python, its.name, its.env_vars)


def measured_any(results: Results, name: str) -> bool:
    """Tell whether a benchmark has a figure, or n/a, for any of its parameters."""
    return any(value is not None for value in results.get_result_value(name, results.get_result_params(name)))


def fail(status: int, problem: util.ProcessError | str) -> None:
    """Say the end of what a command printed, and leave."""
    said = problem if isinstance(problem, str) else f"{problem}\n{problem.stdout}\n{problem.stderr}"
    print(said.strip()[-SAID:], file=sys.stderr)
    raise SystemExit(status)


def main(configuration: str, commit: str, folder: str, step: str, *names: str) -> None:
    os.chdir(ROOT)  # where asv looks for what a configuration names
    # What asv's commands print as they fail is told by their error.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    # An installation waits for what a killed run left, until that has noticed.
    with Path(configuration).with_name("environment.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH if step == "run" else fcntl.LOCK_EX)
        measured = Installation(configuration, commit)
        if step == "run":
            measured.run(Path(folder), set(Path(*names).read_text().split()))
        elif step == "install":
            measured.install()
        else:
            measured.prepare()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    except util.UserError as problem:
        fail(BROKEN, str(problem))
