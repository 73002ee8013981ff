"""Makes ``asv publish`` write the site: ``".tools.site.plugin"`` among the plugins of asv.conf.json, the last.

asv's publishing has hooks for what is written, not for what is read: one bad result file, or a description of a machine
that is cut off, ends it; git is asked once for each tag and each result that is not on a branch. So ``setup`` wraps
asv's command, and while that runs, the names in it that read results, ask git and find steps mean this package's. asv
would also begin by removing the site that is there, so it is given another folder, which takes its place in the end.
"""

import contextlib
import gc
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial, wraps
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

from asv import feed
from asv.benchmarks import Benchmarks
from asv.commands import publish
from asv.config import Config
from asv.publishing import OutputPublisher
from asv.util import ProcessError, UserError, git_default_branch

from tools import files, git, process
from tools.configuration import ROOT
from tools.site import order, pages, runs
from tools.site.addresses import address_of
from tools.site.asv import READERS, VERSION
from tools.site.graphs import Graph, Graphs, Stored
from tools.site.quickgit import quick
from tools.site.results import Archive, read
from tools.site.site import Site
from tools.site.templating import HERE
from tools.terminal import printable


class Pages(OutputPublisher):  # type: ignore[misc]
    """The step of ``asv publish`` that puts this package's pages into the site, and moves asv's own to graphs.html."""

    aside: Path
    written: "Future[None]"

    @classmethod
    def publish(cls, conf: Config, repo: object, benchmarks: Any, graphs: Any, revisions: object) -> None:
        """Put the pages into ``conf.html_dir``, once they are written."""
        target = Path(conf.html_dir)
        move(target)
        for name in [name for name in benchmarks if not graphs.get_graph_group(name)]:
            del benchmarks[name]  # asv's page would ask for a graph that is not there
        cls.written.result()
        shutil.copytree(cls.aside, target, dirs_exist_ok=True)


def write(conf: Config, archive: Archive, graphs: bool, target: Path) -> None:
    """Write this package's pages into a folder."""
    with uncollected():
        site = site_of(conf, archive, graphs)
        known = site.order
        if private := [commit.label for commit in known.commits.values() if not known.public(commit)]:
            say(f"{', '.join(private)}: on none of {', '.join(known.branches)}, on no stable branch and no release")
        pages.write(site, target, address_of(conf))


def site_in(results: Path, repository: Path | None = None) -> Site:
    """Return what is to be shown of a folder of Django's results, which stays as it is.

    The order of its commits is that which a repository tells, or without one what was remembered there. Raises
    git.GitFailed where there is no such repository.
    """
    if repository:
        git.text(repository, "rev-parse", "--git-dir")
    conf = Config.load(str(ROOT / "asv.conf.json"))
    conf.results_dir, conf.repo = str(results), str(repository or conf.repo)
    return site_of(conf, archive_of(conf), graphs=False, keep=False)


def site_of(conf: Config, archive: Archive, graphs: bool, keep: bool = True) -> Site:
    """Return what is to be shown of an archive, in the order that git, or what it said before, tells."""
    branches = [branch or git_default_branch() for branch in conf.branches]
    memory = Path(conf.results_dir) / "commits.jsonl"
    known = order.order_commits(archive.results, local(conf), memory, branches, keep)
    served, problems = runs.read(archive.folder)
    for problem in problems:
        say(problem)
    return Site(conf.project, conf.show_commit_url, Path(conf.benchmark_dir), archive, known, graphs, served)


def setup() -> None:
    """Wrap asv's publish command. asv calls this when it loads the plugin."""
    original = publish.Publish.run.__func__

    @wraps(original)
    def run(cls: type, conf: Config, range_spec: Any = None, pull: bool = True) -> None:
        archive = archive_of(conf)

        def begin() -> None:
            Pages.written = pool.submit(write, conf, archive, True, Pages.aside)

        with (
            replacing(Path(conf.html_dir)) as (site, Pages.aside),
            # asv removes html_dir before it asks for the repository.
            patch.object(conf, "html_dir", str(site)),
            process.pool(1) as pool,
            asv_reads(archive, begin),
            uncollected(),
        ):
            original(cls, conf, range_spec, pull)
            stamp(site, archive)
            script(site)

    if not hasattr(original, "__wrapped__"):
        publish.Publish.run = classmethod(run)


def publish_alone(conf: Config) -> Archive:
    """Write the pages that need no git history and no asv graphs; return what they were made of.

    A history that is on this machine is used. Raises asv.util.UserError where benchmarks.json is not to be read.
    """
    archive = archive_of(conf)
    with replacing(Path(conf.html_dir)) as (site, aside):
        write(conf, archive, False, aside)
        aside.rename(site)
    return archive


def local(conf: Config) -> Path | None:
    """Return the repository that asv would use, if it is on this machine already."""
    places = (Path(place) for place in (conf.repo, conf.project))
    return next((place for place in places if (place / "objects").is_dir() or (place / ".git").exists()), None)


def archive_of(conf: Config) -> Archive:
    """Return what is stored; say on standard error what is left out, a line for each file."""
    archive = read(Path(conf.results_dir))
    for problem in archive.problems:
        say(problem)
    return archive


def say(problem: str) -> None:
    print(f"Left out: {printable(problem)}", file=sys.stderr)


@contextlib.contextmanager
def asv_reads(archive: Archive, begin: Callable[[], None]) -> Iterator[None]:
    """Let asv read only what can be read, ask git little, take counts as they are, and begin the pages beside it."""
    newest = max((result.date for result in archive.results), default=0)

    def machines(folder: str) -> list[str]:
        return sorted({str(result.path.parent / "machine.json") for result in archive.results})

    def results(folder: str) -> Iterator[Stored]:
        return (Stored(result, archive.suite) for result in archive.results)

    def benchmarks(conf: Config) -> Benchmarks:
        return Benchmarks(conf, list(archive.suite.benchmarks.values()))

    def write_atom(*arguments: Any, **options: Any) -> None:
        write(*arguments, **{"updated": when(newest), **options})

    write, when = feed.write_atom, publish.util.js_timestamp_to_datetime
    with contextlib.ExitStack() as stack:
        for name, value in {
            "results": results,
            "machines": machines,
            "repository": quick,
            "benchmarks": SimpleNamespace(load=benchmarks),
            "graphs": partial(Graphs, begin),
            "graph": Graph,
            "feed": write_atom,
        }.items():
            for module, attribute in READERS[name]:
                stack.enter_context(patch.object(module, attribute, value))
        yield


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Spare the garbage collector millions of points, none of which is garbage: it took a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[tuple[Path, Path]]:
    """Yield a folder for a site, and one for its pages; put the site in place then.

    Until it is whole the one that is there stays, whatever ends the block; two that publish at once take turns. Raises
    asv.util.UserError where a file cannot be written, or git fails.
    """
    target = target.resolve()
    new, old = (target.with_name(f"{target.name}.{age}") for age in ("new", "old"))
    try:
        with files.alone(target.with_name(f"{target.name}.lock"), target):
            settle(target, new, old)
            (new / "pages").mkdir(parents=True)
            try:
                yield new / "site", new / "pages"
                if target.exists():
                    target.rename(old)
                (new / "site").rename(target)
            finally:
                settle(target, new, old)
    except (OSError, ProcessError) as problem:
        raise UserError(f"not published, {target} is as it was: {reason(problem)}") from problem


def settle(target: Path, new: Path, old: Path) -> None:
    """Remove what publishing left beside a site; put the old one back where it was killed before the new one came."""
    if old.exists() and not target.exists():
        old.rename(target)
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)


def reason(problem: OSError | ProcessError) -> str:
    """Return in a line why a file could not be written, or why git failed."""
    if isinstance(problem, ProcessError):
        said = str(problem.stderr or problem).strip().rpartition("\n")[2]
        return f"{said}; with --no-pull the commits at hand do" if "fetch" in problem.args else said
    return problem.args[0][0][2] if isinstance(problem, shutil.Error) else str(problem)


def move(target: Path) -> None:
    """Make asv's page graphs.html: named, in a language, with a way back."""
    index = target / "index.html"
    page = index.read_text(encoding="utf-8")
    index.unlink()
    error = target / "error.html"
    error.write_text(error.read_text(encoding="utf-8").replace("<html>", '<html lang="en">', 1), encoding="utf-8")
    for change in (HERE / "graphs.changes").read_text(encoding="utf-8").rstrip("\n").split("\n====\n"):
        old, new = change.split("\n----\n")
        if old not in page:
            raise UserError(f"asv's page has no {old}: this package is made for asv {VERSION}")
        page = page.replace(old, new, 1)
    (target / "graphs.html").write_text(page, encoding="utf-8")
    for asset in ("graphs.css", "graphs.js"):
        shutil.copyfile(HERE / asset, target / asset)


def stamp(target: Path, archive: Archive) -> None:
    """Write into info.json, in place of the time, what changes when a result does: asv's page asks its caches by it."""
    path = target / "info.json"
    info = json.loads(path.read_text())
    path.write_text(json.dumps(info | {"timestamp": int(archive.digest[:12], 16)}))


def script(target: Path) -> None:
    """Write what asv's page asks for as scripts too, by which graphs.js answers where the page is opened as a file."""
    for path in (*target.glob("*.json"), *target.glob("graphs/**/*.json")):
        name = quote(path.relative_to(target).as_posix(), safe="/!'()*")  # as encodeURIComponent has it
        content = path.read_text(encoding="utf-8")
        path.with_name(f"{path.name}.js").write_text(f"answers[{json.dumps(name)}] = {content};\n", encoding="utf-8")
