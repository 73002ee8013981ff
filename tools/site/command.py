"""``make site``: the pages from results alone."""

import os
from pathlib import Path

import click
from asv.config import Config

from tools.site.plugin import publish_alone


@click.command("site")
@click.option("--config", default="asv.conf.json", show_default=True, help="Whose results are shown, and where.")
def command(config: str) -> None:
    """Write the site's pages from the results alone: without asv's graphs, and without git if it is not at hand."""
    path = Path(config).resolve()
    loaded = Config.load(str(path))
    os.chdir(path.parent)
    archive = publish_alone(loaded)
    click.echo(f"{len(archive.results)} results; site: {Path(loaded.html_dir) / 'index.html'}")
