"""The site: an overview, the changes, a page for each scenario, and asv's graphs. See tools.site.plugin."""

from tools.site.plugin import setup

__all__ = ["setup"]
