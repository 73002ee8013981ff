"""The commands of this repository: ``python -m tools --help``."""

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import click
from asv.util import UserError

from tools.terminal import console

T = TypeVar("T", int, float)

# Without a file name the answer goes to standard output.
TO_FILE: dict[str, Any] = {"is_flag": False, "flag_value": "-", "metavar": "[FILE]"}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Measure what a Django request costs, sync and async."""


@cli.command()
@click.option("--project", default="Django", show_default=True, help="Whose releases are measured.")
@click.option(
    "--releases", default="", help='Series or versions, "4.2 5.2 6.1.1", or "all". By default the last three.'
)
@click.option(
    "--scenarios",
    default="",
    help='Files in benchmarks/, or "all". Default: handlers, clients, floors and the middleware of startproject.',
)
def bench(project: str, releases: str, scenarios: str) -> None:
    """Measure releases from the package index and show what a request costs."""
    from tools.bench import bench

    bench(project, releases.split(), scenarios.split())


@cli.command()
@click.option("--base", required=True, help='A release ("6.1"), or with --django a revision of that checkout.')
@click.option("--head", required=True, help='The same, or "worktree": the checkout as it is, edits and all.')
@click.option("--django", "checkout", type=click.Path(path_type=Path), help="A git checkout of Django.")
@click.option("--scenarios", default="", help="Files in benchmarks/. Default: handlers, middleware and bridging.")
@click.option("--exact", is_flag=True, help="Count only: what is exact, in a third of the time.")
@click.option("--facts", is_flag=True, help="Status 1 only where an exact count says slower; 0 where nothing differs.")
@click.option("--markdown", **TO_FILE, help="Write Markdown to a file, or in place of the table.")
@click.option("--json", "json_file", **TO_FILE, help="Write JSON to a file, or in place of the table.")
def compare(
    base: str,
    head: str,
    checkout: Path | None,
    scenarios: str,
    exact: bool,
    facts: bool,
    markdown: str | None,
    json_file: str | None,
) -> int:
    """Say whether a change slowed the sync path or the async path.

    Ends with status 0 where they are unchanged or faster, 1 where anything is slower, 2 where it could not be measured
    or told.
    """
    from tools.compare import SameCode, compare, write

    try:
        report = compare(base, head, checkout, scenarios.split(), exact)
    except SameCode as problem:
        if not facts:
            raise
        for name in filter(None, (markdown, json_file)):
            with click.open_file(name, "w") as file:
                file.write((json.dumps({"headline": problem.message}) if name == json_file else problem.message) + "\n")
        click.echo(problem.message)
        return 0
    write(report, markdown, json_file)
    return report.facts if facts else report.status


@cli.command()
@click.option("--django", "checkout", required=True, type=click.Path(path_type=Path), help="A git checkout of Django.")
@click.option("--good", required=True, help="The older revision.")
@click.option("--bad", required=True, help="The newer revision.")
@click.option("--scenario", required=True, help='The beginning of a cell\'s name: "handlers.Hello ASGI, sync".')
@click.option("--metric", default="", help="By default the first that differs: crossings, hops, ..., instructions.")
@click.option("--all", "every", is_flag=True, help="Find each commit that changed it, back to the older revision.")
def bisect(checkout: Path, good: str, bad: str, scenario: str, metric: str, every: bool) -> None:
    """Find the commit that changed an exact metric, or instructions where none differs."""
    from tools.bisect import bisect

    bisect(checkout, good, bad, scenario, metric, every)


@cli.command()
@click.option("--release", default="6.1", show_default=True, help="The Django that is compared with copies of itself.")
@click.option("--times", default=20, show_default=True, type=click.IntRange(1), help="How often each case is tried.")
@click.option("--exact", is_flag=True, help="Try only what is counted: seconds each, not minutes.")
@click.option("--busy", is_flag=True, help="Keep one CPU busy meanwhile.")
@click.option("--served", "under_servers", is_flag=True, help="Try the comparison of served requests instead.")
def trial(release: str, times: int, exact: bool, busy: bool, under_servers: bool) -> None:
    """Learn what compare finds on this machine: compare a tree with itself, and with planted changes."""
    if under_servers:
        from tools.served.trial import trial as served

        table = served(release, times, busy)
    else:
        from tools.trial import trial as compared

        table = compared(release, times, exact, busy)
    console().print(table)


@cli.command()
@click.option("--servers", default="", help='Names, or "all". Default: gunicorn, gunicorn-gthread, uvicorn.')
@click.option("--views", default="", help='Names such as hello or forum-orm-pool-20ms, or "all".')
@click.option("--styles", default="", help="sync and async; by default the one that needs no crossing.")
@click.option("--concurrency", default="", help="Connections of the closed loops. By default 1 4 16 64 200.")
@click.option("--rates", default="", help="Arrivals a second of the open loops. By default 50.")
@click.option("--django", default="6.1", show_default=True, help="A release, or a checkout: its working tree.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Processes of a server.")
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1), help="Threads of a worker.")
@click.option("--seconds", default=2, show_default=True, type=click.IntRange(1), help="How long a cell is measured.")
@click.option("--repeat", default=1, show_default=True, type=click.IntRange(1), help="How often each cell is measured.")
@click.option("--generator", default="wrk", show_default=True, help="wrk or locust; fixed rates are always locust's.")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1), help="Locust's, on this machine.")
@click.option("--remote-workers", default=0, show_default=True, type=click.IntRange(0), help="Locust's, to wait for.")
@click.option("--bind", default="127.0.0.1", show_default=True, help="Where Locust's master listens for workers.")
@click.option("--close", is_flag=True, help="A connection for each request: keep none alive.")
@click.option("--host", default="", help="Load a server that runs elsewhere, http://name:port, and start none.")
@click.option("--verify", "only_verify", is_flag=True, help="Ask for each view once, and say what works.")
@click.option("--base", default="", help="Compare with this Django, by the instructions of the servers' processes.")
def served(
    servers: str, views: str, styles: str, concurrency: str, rates: str, only_verify: bool, base: str, **options: Any
) -> int:
    """Serve the measured project by real servers and load it: which serves more, with what latency?

    Ends with status 1 where a server failed, or with --base got slower, and 2 where nothing could be measured.
    """
    from tools.compare import cannot_measure, progress
    from tools.served import matrix, verdict

    with cannot_measure():
        settings = matrix.Settings(
            servers.split(), views.split(), styles.split(), numbers(concurrency, int), numbers(rates, float), **options
        )
        if not base:
            return matrix.verify(settings) if only_verify else matrix.serve(settings)
        with progress() as bar:
            table, status = verdict.compare(base, settings.django, settings, bar)
    console().print(table)
    return status


@cli.command()
@click.option("--sync", default="gunicorn", show_default=True, help="The server of the sync view.")
@click.option("--async", "asynchronous", default="uvicorn", show_default=True, help="The server of the async view.")
@click.option("--concurrency", default=64, show_default=True, type=click.IntRange(1), help="Connections.")
@click.option("--workers", default=8, show_default=True, type=click.IntRange(1), help="Of the sync server.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Of each of its workers.")
@click.option("--django", default="6.1", show_default=True, help="A release, or a checkout: its working tree.")
@click.option("--seconds", default=3, show_default=True, type=click.IntRange(1), help="How long a cell is measured.")
@click.option("--waits", default="", help="Milliseconds that a request waits. By default 1 2 4 8 16 32 64.")
def crossing(sync: str, asynchronous: str, concurrency: int, waits: str, **options: Any) -> None:
    """From which wait a request on does async serve more than sync? Measured, and by a queueing model."""
    from tools.compare import cannot_measure, progress
    from tools.served.crossing import crossing
    from tools.served.matrix import Settings

    settings = Settings(servers=[sync, asynchronous], **options)
    with cannot_measure(), progress() as bar:
        table = crossing(settings, sync, asynchronous, concurrency, numbers(waits, int), bar)
    console().print(table)


@cli.command()
@click.option("--config", default="asv.conf.json", show_default=True, help="Whose results are shown, and where.")
def site(config: str) -> None:
    """Write the site's pages from the results alone: without asv's graphs, and without git if it is not at hand."""
    from asv.config import Config

    from tools.site.plugin import alone

    path = Path(config).resolve()
    loaded = Config.load(str(path))
    os.chdir(path.parent)
    archive = alone(loaded)
    click.echo(f"{len(archive.results)} results; site: {Path(loaded.html_dir) / 'index.html'}")


DJANGO_OPTION = click.option(
    "--django", type=click.Path(path_type=Path), help="A git repository. By default a mirror of Django's own."
)
RESULTS_OPTION = click.option(
    "--results", default="results", show_default=True, type=click.Path(path_type=Path), help="The folder of results."
)


@cli.command()
@click.option("--commits", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--shard", default="1/1", show_default=True, help="i/n: the i-th of n shares of the commits.")
@click.option("--benchmarks", default="exact", show_default=True, help='"exact", "all" or a regular expression.')
@click.option("--machine", default="", help="Its name. By default what it is: its CPU, how many, and its memory.")
@click.option("--anchor", default="", help="The commit by which jobs are compared. By default that of Django 6.1.")
@click.option("--job", default="", help="A name for what is measured under the same conditions. By default the day.")
@click.option("--timeout", default=1800.0, show_default=True, help="Seconds that a step of a commit may take.")
@RESULTS_OPTION
@DJANGO_OPTION
def measure(commits: Path, shard: str, results: Path, django: Path | None, anchor: str, **options: Any) -> None:
    """Measure the commits of a file, a hash or a tag a line, that have no result yet.

    What cannot be installed, or takes too long, is recorded with its error and tried three times in all.
    """
    from tools.measure import ANCHOR, measure
    from tools.repository import repository

    number, _, shards = shard.partition("/")
    if not (number.isdigit() and shards.isdigit() and 1 <= int(number) <= int(shards)):
        raise click.ClickException(f"{shard} is no share of the commits: the second of four is 2/4")
    share = int(number), int(shards)
    measure(commits, share, results.resolve(), repository(django), anchor=anchor or ANCHOR, **options)


@cli.command()
@click.argument("shards", type=click.Path(path_type=Path))
@click.option("--push", "branch", default="", help="Merge into this branch instead, and push it.")
@click.option("--remote", default="origin", show_default=True, help="Where that branch is.")
@RESULTS_OPTION
@DJANGO_OPTION
def merge(shards: Path, results: Path, django: Path | None, branch: str, remote: str) -> int:
    """Merge the folders of results in the folder SHARDS, each file once it was looked at.

    Ends with status 1 where a file was refused; all others are merged.
    """
    from tools.branch import pushed
    from tools.merge import merge
    from tools.repository import repository

    source = repository(django)
    refused = pushed(remote, branch, shards, source) if branch else merge(shards, results, source)
    return 1 if refused else 0


@cli.command()
@click.option("--commits", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--since", default="4 weeks ago", show_default=True, help="A date, as git reads it.")
@click.option("--count", default=40, show_default=True, type=click.IntRange(1), help="Commits at most, the newest.")
@click.option("--shards", default=1, show_default=True, type=click.IntRange(1), help="Jobs at most.")
@click.option("--output", type=click.Path(path_type=Path), help="A workflow's file of outputs: the shards to run.")
@RESULTS_OPTION
@DJANGO_OPTION
def pending(
    commits: Path, since: str, count: int, shards: int, output: Path | None, results: Path, django: Path | None
) -> None:
    """List the commits of main and the stable branches that have no result."""
    from tools.pending import pending, write
    from tools.repository import repository

    write(pending(repository(django), results, since, count), commits, shards, output)


@cli.command()
@click.option("--commits", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--named", type=click.Path(exists=True, path_type=Path), help="CSV whose first column names commits.")
@DJANGO_OPTION
def milestones(commits: Path, named: Path | None, django: Path | None) -> None:
    """List the commits that tell the history: releases, named ones and their parents, every second month of main."""
    from datetime import UTC, datetime

    from tools.milestones import milestones
    from tools.repository import repository

    commits.write_text(milestones(repository(django), named, datetime.now(UTC).date()))


@cli.command()
@click.option("--remote", default="origin", show_default=True, help="Where the branch is.")
@click.option("--branch", default="results", show_default=True)
@RESULTS_OPTION
def results(remote: str, branch: str, results: Path) -> None:
    """Get the results that merges have pushed, beside those that are here."""
    from tools.branch import fetched

    fetched(remote, branch, results)


@cli.command()
@RESULTS_OPTION
@DJANGO_OPTION
def publish(results: Path, django: Path | None) -> None:
    """Make the site of the results."""
    from tools.publish import publish
    from tools.repository import repository

    publish(results.resolve(), repository(django))


def numbers(words: str, kind: type[T]) -> list[T]:
    """Return the numbers in a text. Raises click.ClickException where one is none, or not above 0."""
    try:
        found = [kind(word) for word in words.split()]
    except ValueError as problem:
        raise click.ClickException(f"not a number: {words}") from problem
    if any(number <= 0 for number in found):
        raise click.ClickException(f"not above 0: {words}")
    return found


def main() -> int:
    """Run a command; return its exit status. Whatever a user can cause ends in one line."""
    # What ends the tool ends what the tool started, by the way that Ctrl-C goes. That way is closed to a job that a
    # shell starts in the background, and to all that the job starts.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return cli(prog_name="python -m tools", standalone_mode=False) or 0
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except (UserError, OSError) as problem:
        click.echo(f"Error: {problem}", err=True)
        return 1
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted: what was measured is kept; the same command goes on from there.", err=True)
        return 130


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
