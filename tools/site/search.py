"""What a visitor can search: scenarios, measured commits and releases, words, documents; each with where it leads."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tools.site.charts import day
from tools.site.glossary import meanings
from tools.site.log import Entry
from tools.site.site import Site
from tools.site.sources import Sources


class Found(NamedTuple):
    """A line of the search page: its kind, its name, what it says, and its address, empty where it has none."""

    kind: str
    name: str
    text: str
    place: str


def entries(
    site: Site, sources: Sources, places: Mapping[str, str], log: list[Entry], documents: Mapping[str, str]
) -> Iterator[Found]:
    """Yield all that can be found; a commit leads to its changes, or else to where it is shown."""
    changed = {entry.commit.hash: f"{places[entry.id]}#{entry.id}" for entry in reversed(log)}
    for name in site.suite.scenarios:
        yield Found("scenario", name, sources.scenario(name).doc.partition("\n\n")[0], site.scenario(name))
    for word, meaning in meanings().items():
        yield Found("word", word, meaning, "docs/glossary.html" if "glossary" in documents else "")
    for stem, title in documents.items():
        yield Found("document", title, "", f"docs/{stem}.html")
    for commit in sorted(site.order.commits.values(), key=lambda each: each.seconds, reverse=True):
        if site.order.public(commit):
            kind = "release" if commit.release else "commit"
            subject = "" if commit.release else commit.subject
            text = f"{subject} ({day(commit.seconds)})".strip()
            yield Found(kind, commit.label, text, changed.get(commit.hash) or site.commit_link(commit))
