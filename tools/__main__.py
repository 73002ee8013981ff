"""The commands of this repository: ``python -m tools --help``."""

import signal
import sys
from types import FrameType

import click
from asv.util import UserError


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


def main() -> int:
    """Run a command; return its exit status. Whatever a user can cause ends in one line."""
    # What ends the tool ends what the tool started, by the way that Ctrl-C goes.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        cli(prog_name="python -m tools", standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except (UserError, OSError) as problem:
        click.echo(f"Error: {problem}", err=True)
        return 1
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted: what was measured is kept; the same command goes on from there.", err=True)
        return 130
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
