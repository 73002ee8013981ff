"""``make served``: servers x pages x load, as a table, as HTML and JSON."""

import contextlib
import itertools
import json
import os
import platform
import re
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import psutil

from benchproject.served.parts import FILE
from harness.kept import Kept, temporary_folder
from harness.servers import SERVERS, ServerFailed, free_port, wait_until_ready
from tools import files
from tools.compare.tree import WORKTREE, Tree, tree_of
from tools.compare.verdict import NATIVE
from tools.configuration import ROOT
from tools.process import measured_environment
from tools.results import SERVED
from tools.served import load, postgresql
from tools.served.experiment import DEBUGGING, PYTHON, Experiment, ServedCell, ServedResult
from tools.served.pages import MIDDLEWARE, VIEWS
from tools.served.report import table, verification
from tools.served.settings import Settings
from tools.site import runs, served
from tools.site.templating import slug
from tools.terminal import Problem, console, progress

SITE = ROOT / ".asv" / "html"
PACKAGES = "gunicorn uvicorn uvloop daphne hypercorn granian asgiref psycopg asyncpg aiohttp"
SHOWN = ["workers", "threads", "seconds", "requests", "generator", "processes", "close", "leave"]
"""The settings that the page tells."""

SHARED = ["processes", "remote_workers", "bind", "close", "requests", "leave"]
"""The settings that are the generator's."""


def serve(settings: Settings, results: Path) -> int:
    """Measure the matrix, store it, write the pages, print the table; return 1 where a cell failed, 0 otherwise."""
    cells = [
        ServedCell(server, page, view, shape)
        for page, server, shape in itertools.product(settings.pages, settings.servers, settings.shapes)
        for view in settings.views or [NATIVE[SERVERS[server].interface]]
    ]
    with experiment(settings, cells) as (experiment_, tree):
        started = datetime.now(UTC)
        if not settings.host:
            measure_ceiling(experiment_)
        found = list(_measured(experiment_, cells * settings.repeat))
    document = document_of(experiment_, tree, started, found)
    path = store(document, results)
    console(width=None if sys.stdout.isatty() else 160).print(table(document))
    click.echo(f"Page: {SITE / SERVED / path.stem}.html\nJSON: {path}")
    return int(any(result.failed for result in found))


def document_of(
    experiment_: Experiment, tree: Tree, started: datetime, found: Sequence[ServedResult]
) -> dict[str, Any]:
    """Return what is stored of a run, as JSON holds it: its conditions and its cells."""
    known = {**machine(), **versions(tree), "ceiling": experiment_.ceiling}
    known |= {"date": started.isoformat(timespec="seconds"), "server_cpus": len(experiment_.server_cpus)}
    known |= {"environment": {name: os.environ[name] for name in DEBUGGING if name in os.environ}}
    known |= {name: getattr(experiment_.settings, name) for name in SHOWN}
    return {"settings": known, "results": [result.as_json() for result in found]}


def store(document: Mapping[str, Any], results: Path) -> Path:
    """Store a run, write the served pages anew, and return the run's file."""
    path = results / SERVED / f"{slug(document['settings']['date'][:19])}-{slug(platform.node())}.json"
    files.write(path, json.dumps(document, indent=1) + "\n")
    stored, _ = runs.read(results)
    served.write(stored, SITE)
    return path


def measure_ceiling(experiment_: Experiment) -> None:
    """Raises click.ClickException where the generator, or what it loads, fails."""
    try:
        experiment_.measure_ceiling()
    except (ServerFailed, load.LoadFailed) as problem:
        raise click.ClickException(f"what the generator reaches was not measured: {problem}") from problem


def verify(settings: Settings) -> int:
    """Start each server, ask for each page once in each view, and print what works; return 1 where anything fails."""
    with experiment(settings, []) as (experiment_, tree), progress() as bar:
        names = bar.track(settings.servers, description="servers")
        found = [experiment_.verify(name, settings.pages, settings.views or VIEWS) for name in names]
    results = list(itertools.chain(*found))
    console(width=None if sys.stdout.isatty() else 160).print(verification(results, tree.label))
    return int(any(result.failed for result in results))


def _measured(experiment_: Experiment, cells: Sequence[ServedCell]) -> Iterator[ServedResult]:
    with progress() as bar:
        for cell in bar.track(cells, description="served"):
            result = experiment_.measure(cell)
            if result.failed:
                bar.console.print(f"{cell} at {cell.shape}: {result.failed}", soft_wrap=True)
            yield result


@contextlib.contextmanager
def experiment(settings: Settings, cells: Sequence[ServedCell]) -> Iterator[tuple[Experiment, Tree]]:
    """Yield an experiment with all that its pages need. Raises Problem, before anything is measured."""
    check(settings, cells)
    with temporary_folder("served-") as folder:
        tree = django_of(settings.django, folder / "django")
        with experiment_on(tree, settings, folder) as experiment_:
            yield experiment_, tree


@contextlib.contextmanager
def experiment_on(tree: Tree, settings: Settings, folder: Path) -> Iterator[Experiment]:
    """Yield an experiment on a tree; its logs go to ``folder``."""
    server_cpus, generator_cpus = load.cpus()
    if settings.processes > len(generator_cpus):
        generator_cpus |= server_cpus
    shared = {name: getattr(settings, name) for name in SHARED}
    generator = load.Generator(settings.generator, generator_cpus, folder, **shared)
    environment = {
        "PYTHONPATH": str(tree.path),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "",  # or each server would compile all of Django
        "DATABASE_URL": "",
        "FORUM_SQLITE": str(folder / "forum.sqlite3"),
        "SERVED_FILE": str(folder / "file"),
    }
    (folder / "file").write_bytes(FILE)
    database = None
    with contextlib.ExitStack() as stack:
        if any(page.needs_postgresql for page in settings.pages) and not settings.host:
            database = stack.enter_context(postgresql.database())
            environment["DATABASE_URL"] = database.url
            fill(environment, "fill", "none")
        if any(page.cookie for page in settings.pages) and not settings.host:
            fill(environment, "visitor", "startproject")
        if any(page.needs_upstream for page in settings.pages) and not settings.host:
            environment["UPSTREAM_URL"] = stack.enter_context(upstream(folder, generator_cpus))
        yield Experiment(settings, environment, generator, server_cpus, folder, database)


def django_of(name: str, folder: Path) -> Tree:
    """Return the Django that a release names, or the path of a checkout: its working tree."""
    checkout = Path(name)
    return tree_of(WORKTREE, checkout, folder) if checkout.is_dir() else tree_of(name, None, folder)


def check(settings: Settings, cells: Sequence[ServedCell]) -> None:
    """Raise Problem for what would spoil the run."""
    most = max([cell.shape.connections for cell in cells], default=0)
    if settings.host and not re.fullmatch(r"http://[\w.-]+:\d+", settings.host):
        raise Problem(f"HOST must be an address such as http://192.168.1.2:8000: {settings.host}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 4 * most + 256
    if 0 <= hard < needed:
        raise Problem(f"{most} connections need {needed} open files, the limit is {hard}: ulimit -n {needed}")
    if 0 <= soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    load.check(settings.generator)
    by_locust = settings.generator == "locust" or settings.leave or any(cell.page.is_stream for cell in cells)
    if settings.requests and by_locust and most:
        raise Problem(
            "Locust, which loads streams and leaves, counts no requests: give RATES, or OPTIONS='--seconds 60'"
        )
    if settings.host and settings.bare:
        raise Problem("a bare callable beside a server elsewhere tells nothing of it: leave --bare out")
    if settings.host and len({page.middleware for page in settings.pages}) > 1:
        raise Problem("a server elsewhere has one middleware: name it by MIDDLEWARE")


@contextlib.contextmanager
def upstream(folder: Path, cpus: frozenset[int]) -> Iterator[str]:
    """Start the service that views call, and yield its address."""
    port = free_port()
    command = [sys.executable, "-m", "harness.upstream", str(port)]
    with Kept(command, folder / "upstream.log", cpus=set(cpus)) as service:
        try:
            wait_until_ready(service, "upstream", port, "/")
        except ServerFailed as problem:
            raise Problem(str(problem)) from problem
        yield f"http://127.0.0.1:{port}"


def fill(environment: Mapping[str, str], module: str, middleware: str) -> None:
    """Create tables and what is in them, by a module of the served project. Raises Problem where that Django cannot."""
    path = os.pathsep.join([environment["PYTHONPATH"], str(ROOT)])
    command = [PYTHON, "-m", f"benchproject.served.{module}"]
    settings = {"PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": MIDDLEWARE[middleware]}
    environment = {**measured_environment(), **environment, **settings}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"the database is not filled: {done.stderr.strip().splitlines()[-1]}")


def machine() -> dict[str, Any]:
    """Return what the figures depend on of this machine."""
    memory = psutil.virtual_memory().total
    return {"machine": platform.node(), "cpus": psutil.cpu_count(), "memory": memory, "kernel": platform.release()}


def versions(tree: Tree) -> dict[str, Any]:
    """Return the versions of what is measured, by package, in "versions"."""
    code = "import json, sys, importlib.metadata as m; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    known = json.loads(subprocess.check_output([PYTHON, "-c", code, *PACKAGES.split()], text=True))
    return {"versions": {"Python": platform.python_version(), "Django": tree.label, **known}}
