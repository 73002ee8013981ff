"""``make publish``: makes the site of the results, by ``asv publish``."""

from pathlib import Path

import click

from tools import process
from tools.configuration import ROOT, derive
from tools.history.repository import DJANGO, Repository, repository
from tools.history.store import RESULTS
from tools.terminal import Problem

CONFIGURATION = ROOT / "asv.history.conf.json"
"""Beside asv.conf.json, since asv looks for the plugins of a configuration in its folder."""


def publish(results: Path, repository: Repository) -> None:
    """Raises Problem where asv fails, or there is nothing to show."""
    if not any(results.glob("*/machine.json")):
        raise Problem(f"{results} holds no results: make measure, or make merge")
    configuration = derive(CONFIGURATION, repo=str(repository.path), results_dir=str(results))
    if process.asv(CONFIGURATION, "publish", "--no-pull"):
        raise Problem("asv publish failed; its last lines above say why")
    click.echo(f"Site: {ROOT / configuration['html_dir']}/index.html")


@click.command("publish")
@RESULTS
@DJANGO
def command(results: Path, django: Path | None) -> None:
    """Make the site of the results."""
    publish(results.resolve(), repository(django))
