"""The commands of this repository: ``python -m tools --help``."""

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import click
from asv.util import UserError
from rich.console import Console

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
@click.option("--markdown", **TO_FILE, help="Write Markdown to a file, or in place of the table.")
@click.option("--json", "json_file", **TO_FILE, help="Write JSON to a file, or in place of the table.")
def compare(
    base: str,
    head: str,
    checkout: Path | None,
    scenarios: str,
    exact: bool,
    markdown: str | None,
    json_file: str | None,
) -> int:
    """Say whether a change slowed the sync path or the async path.

    Ends with status 0 where they are unchanged or faster, 1 where anything is slower, 2 where it could not be measured
    or told.
    """
    from tools.compare import compare, write

    report = compare(base, head, checkout, scenarios.split(), exact)
    write(report, markdown, json_file)
    return report.status


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
@click.option("--busy", is_flag=True, help="Keep one CPU busy meanwhile.")
def trial(release: str, times: int, busy: bool) -> None:
    """Learn what compare finds on this machine: compare a tree with itself, and with planted changes."""
    from tools.trial import trial

    Console(highlight=False).print(trial(release, times, busy))


def main() -> int:
    """Run a command; return its exit status. Whatever a user can cause ends in one line."""
    # What ends the tool ends what the tool started, by the way that Ctrl-C goes.
    signal.signal(signal.SIGTERM, _interrupt)
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
