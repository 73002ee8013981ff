"""The templates of the site's pages, and what the pages load."""

import re
import shutil
from pathlib import Path
from typing import Any

import jinja2

from tools import offline
from tools.site import charts

HERE = Path(__file__).parent


def environment(**names: Any) -> jinja2.Environment:
    """Return what renders the templates, with names that all of them have."""
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader([HERE / "templates", HERE]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters |= {"day": charts.day, "moment": charts.moment, "lines": charts.lines, "table": charts.table}
    jinja.filters["slug"] = slug
    jinja.policies["json.dumps_kwargs"] = {"sort_keys": True, "separators": (",", ":")}  # the page's size is bounded
    jinja.globals |= names
    return jinja


def slug(text: str) -> str:
    """Return what a chart is linked by: "releases-wsgi-sync-time"."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def copy_assets(folder: Path) -> None:
    """Put styles, scripts and the chart library into a folder."""
    for asset in ("site.css", "site.js"):
        shutil.copyfile(HERE / asset, folder / asset)
    offline.copy_chart_library(folder / "vendor" / "chart.js")
