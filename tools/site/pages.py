"""Writes the pages of a site into a folder."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import jinja2

from tools.configuration import ROOT
from tools.site import (
    answer,
    asgiref,
    badge,
    compare,
    documents,
    log,
    overview,
    scenario,
    search,
    served,
    status,
    tables,
)
from tools.site.addresses import PREVIEW, at
from tools.site.glossary import meanings
from tools.site.grouping import groups
from tools.site.site import Site
from tools.site.sources import Sources
from tools.site.templating import HERE, copy_assets, environment


def write(site: Site, target: Path, address: str = "") -> None:
    """Write the site's pages, feed, styles and scripts, and the results that they link to."""
    names = {"site": site, "root": "", "graphs": site.graphs, "meanings": meanings(), "kinds": log.KINDS}
    of_asgiref = asgiref.history(site.archive.folder)
    jinja = environment(**names, has_served=bool(site.served), has_asgiref=of_asgiref is not None)
    for name, content in at(address, render_pages(site, jinja, of_asgiref), jinja):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    copy_assets(target)
    shutil.copyfile(PREVIEW, target / PREVIEW.name)
    for source in sorted(site.linked):
        place = target / "results" / source.relative_to(site.archive.folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)


def render_pages(
    site: Site, jinja: jinja2.Environment, of_asgiref: asgiref.History | None = None
) -> Iterator[tuple[str, str]]:
    """Yield the pages by name."""

    def page(template: str, **context: Any) -> str:
        return jinja.get_template(template).render(documents=documents.names(), **context)

    commits, releases = log.of_commits(site), log.of_releases(site)
    split = log.pages([*releases, *commits])
    names = ["changes.html", *(f"changes-{number}.html" for number in range(2, len(split) + 1))]
    parts = sorted({row.cell.part for entry in [*releases, *commits] for row in entry.rows})
    about = {"names": names, "parts": parts, "anchors": log.anchors(site, [*releases, *commits])}
    told = gather_status(site)
    for name, entries in zip(names, split, strict=True):
        yield name, page("changes.html", entries=entries, here=name, disputes=told["disputes"], **about)
    places = {entry.id: name for name, entries in zip(names, split, strict=True) for entry in entries}
    if site.newest is None:
        yield "index.html", page("empty.html")
    else:
        yield "index.html", page("index.html", places=places, **gather_overview(site, commits, releases))
    newest = log.newest_first([*releases, *commits])
    yield "changes.xml", page("changes.xml", entries=newest[:100], places=places)
    yield from tables.files("changes", list(log.figures(site, newest)))
    yield "status.html", page("status.html", **told)
    yield from tables.files("status", [each._asdict() for each in told["days"]])
    sources = Sources(site.benchmarks)
    found = search.entries(site, sources, places, newest, documents.names())
    yield "search.html", page("search.html", found=list(found))
    yield "scenarios/index.html", page("scenarios.html", root="../", scenarios=list_scenarios(site, sources))
    for name in site.suite.scenarios:
        yield f"scenarios/{name}.html", page("scenario.html", root="../", **gather_scenario(site, sources, name))
        yield from tables.files(f"scenarios/{name}", scenario.figures(site, name))
    measured = compare.measured(site)
    yield "compare.html", page("compare.html", **compare.gather(site, measured))
    yield "compare.js", (HERE / "compare.js").read_text(encoding="utf-8")
    yield from compare.files(site, measured)
    yield "badge.svg", page("badge.svg", badge=badge.of_newest(site))
    if of_asgiref:
        yield "asgiref.html", page("asgiref.html", history=of_asgiref)
    yield from served.render(jinja, site.served, root="../", documents=documents.names())
    yield from render_documents(site, page)


def render_documents(site: Site, page: Callable[..., str]) -> Iterator[tuple[str, str]]:
    """Yield the documents, and the files of the repository that they link to."""
    commits = {commit.hash[:7]: commit for commit in site.order.commits.values()}
    found = {stem: documents.read(stem, commits) for stem in documents.names()}
    for stem, document in found.items():
        yield f"docs/{stem}.html", page("document.html", root="../", document=document)
    for path in sorted(set().union(*(document.sources for document in found.values()))):
        text = (ROOT / path).read_text(encoding="utf-8")
        yield f"source/{path}.html", page("source.html", root="../" * len(path.parts), name=path, text=text)


def gather_overview(site: Site, commits: list[log.Entry], releases: list[log.Entry]) -> Mapping[str, Any]:
    """Return what the overview shows."""
    assert site.newest is not None
    multiples = overview.multiples(site)
    parts, first = overview.parts(site), served.first_chart(site.served)
    drawn = [chart for _, group in multiples for chart in group] + [chart for chart in (parts, first) if chart]
    return {
        "newest": site.newest,
        "commit": site.commit(site.newest),
        "previous": site.previous,
        "cells": overview.cells(site),
        "costs": site.suite.find(f"{overview.SCENARIO}.track_instructions", *overview.CELLS[0]) is not None,
        "conditions": overview.conditions(site),
        "multiples": multiples,
        "heat": overview.heat(site),
        "parts": parts,
        "first_chart": first,
        "charts": drawn,
        "answers": answer.answers(site),
        "answered": site.commit(answer.newest(site)),
        "releases": list(pairwise(commit for commit, _ in site.of(site.order.releases)))[::-1],
        "verdicts": {(entry.base.hash, entry.commit.hash): entry.told for entry in releases},
        "latest": log.newest_first(commits or releases)[:5],
    }


def gather_status(site: Site) -> Mapping[str, Any]:
    """Return what the status page shows."""
    return {
        "days": status.days(site),
        "changed": overview.changed_since(site),
        "waiting": status.waiting(site),
        "failures": status.failures(site),
        "disputes": status.disputes(site),
        "failed": status.failed_scenarios(site),
    }


def list_scenarios(site: Site, sources: Sources) -> dict[str, list[tuple[str, str]]]:
    """Return the scenarios of each part, with the question that each asks."""
    questions = ((name, sources.scenario(name).doc.partition("\n\n")[0]) for name in site.suite.scenarios)
    return groups(questions, lambda each: each[0].partition(".")[0])


def gather_scenario(site: Site, sources: Sources, name: str) -> Mapping[str, Any]:
    """Return what a scenario's page shows."""
    benchmarks = scenario.metrics(site, name)
    histories = scenario.histories(site, name)
    return {
        "name": name,
        "source": sources.scenario(name),
        "metrics": [site.suite.cells[site.suite.first[benchmark]] for benchmark in scenario.columns(site, name)],
        "table": scenario.table(site, name),
        "param_names": site.suite.param_names(benchmarks[0]),
        "histories": histories,
        "charts": [chart for _, group in histories for chart in group],
    }
