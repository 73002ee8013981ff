"""What a site that knows its address has: canonical links, a sitemap, a page for what is not there.

The address is ``"site_url"`` in asv.conf.json; a site without it works at any, and as files.
"""

from collections.abc import Iterable, Iterator

import jinja2
from asv.config import Config
from asv.util import UserError

from tools.configuration import ROOT
from tools.site import documents

PREVIEW = ROOT / "docs" / "preview.png"
"""The picture of the site that others show beside a link to it, which takes an address; the README's too."""


def address_of(conf: Config) -> str:
    """Return the address at which a site will be, empty where none is said.

    Raises asv.util.UserError where it is none.
    """
    address = str(getattr(conf, "site_url", "")).rstrip("/")
    if address and not address.startswith(("https://", "http://")):
        raise UserError(f'"site_url" in asv.conf.json is {address!r}: it begins with https:// or http://')
    return f"{address}/" if address else ""


def at(address: str, pages: Iterable[tuple[str, str]], jinja: jinja2.Environment) -> Iterator[tuple[str, str]]:
    """Yield the pages of a site by name, each with its canonical address; and what belongs to an address."""
    if not address:
        yield from pages
        return
    names = []
    for name, content in pages:
        link = f'</title>\n<link rel="canonical" href="{address}{name}">'
        link += f'\n<meta property="og:url" content="{address}{name}">'
        link += f'\n<meta property="og:image" content="{address}{PREVIEW.name}">'
        is_page = name.endswith(".html")
        names += [name] if is_page else []
        yield name, content.replace("</title>", link, 1) if is_page else content
    yield "sitemap.xml", jinja.get_template("sitemap.xml").render(addresses=[address + name for name in names])
    yield "404.html", jinja.get_template("404.html").render(root=address, documents=documents.names())
