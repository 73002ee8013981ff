"""The documents as pages: docs/*.md by markdown-it, with links that lead somewhere within the site."""

import html
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.anchors import anchors_plugin

from tools.configuration import ROOT
from tools.site.order import Commit

FOLDER = ROOT / "docs"
PERMALINK = '<span aria-hidden="true">#</span><span class="hidden">Link to this heading</span>'
REGION = 'tabindex="0" role="region" aria-label="{} {}"'
NAMED = re.compile(r"[0-9a-f]{7,40}")


class Rendered(NamedTuple):
    """A document as HTML; ``sources`` are the files of the repository that it links to."""

    title: str
    body: str
    sources: set[Path]


class Scrolling(RendererHTML):
    """Renders as HTML; what may be wider than a small screen scrolls, and is reached by keyboard.

    The methods have the names of the tokens that they render.
    """

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'<div class="table" {REGION.format("Table", tokens[idx].meta["number"])}><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        return f"<pre {REGION.format('Lines', token.meta['number'])}><code>{html.escape(token.content)}</code></pre>\n"

    code_block = fence


def names() -> dict[str, str]:
    """Return the documents by stem, with the words that the navigation has for them: "Async or not"."""
    return {path.stem: path.stem.replace("-", " ").capitalize() for path in sorted(FOLDER.glob("*.md"))}


def read(stem: str, commits: Mapping[str, Commit]) -> Rendered:
    """Return a document whose links lead to pages of this site, and its measured commits to what they changed."""
    markdown = MarkdownIt("commonmark", {"html": False}, renderer_cls=Scrolling).enable("table")
    markdown.use(anchors_plugin, max_level=4, permalink=True, permalinkSymbol=PERMALINK)
    tokens = markdown.parse((FOLDER / f"{stem}.md").read_text(encoding="utf-8"))
    sources: set[Path] = set()
    title = next((after.content for token, after in pairwise(tokens) if token.tag == "h1"), stem)
    numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(1))
    for token in tokens:
        if token.children:
            token.children = [each for child in token.children for each in replaced(child, commits, sources)]
        token.meta["number"] = next(numbers[token.type])
    return Rendered(title, markdown.renderer.render(tokens, markdown.options, {}), sources)


def replaced(token: Token, commits: Mapping[str, Commit], sources: set[Path]) -> Iterable[Token]:
    """Return what stands in place of a part of a line; a file that it links to is added to ``sources``."""
    if token.type == "link_open":
        token.attrSet("href", address(str(token.attrGet("href")), sources))
    commit = commits.get(token.content[:7]) if token.type == "code_inline" and NAMED.fullmatch(token.content) else None
    if commit and commit.base and commit.hash.startswith(token.content):
        query = f"base={commit.base[:10]}&head={commit.hash[:10]}"
        opened = Token("link_open", "a", 1, attrs={"href": f"../compare.html?{query}"})
        return opened, token, Token("link_close", "a", -1)
    return (token,)


def address(link: str, sources: set[Path]) -> str:
    """Return where a document's link leads within the site."""
    parts = urlsplit(link)
    path = Path(os.path.normpath(FOLDER / parts.path))
    if parts.scheme or not parts.path or not path.is_file():
        return link
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    if path.parent == FOLDER and path.suffix == ".md":
        return f"{path.stem}.html{fragment}"
    sources.add(path.relative_to(ROOT))
    return f"../source/{path.relative_to(ROOT).as_posix()}.html{fragment}"
