"""The templates of the site's pages."""

from pathlib import Path
from typing import Any

import jinja2

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
    jinja.globals |= names
    return jinja
