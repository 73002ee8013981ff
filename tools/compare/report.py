"""What there is to say of a comparison: for the terminal, as Markdown and as JSON."""

import json
import math
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from asv.machine import Machine
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from tabulate import tabulate

from tools.compare import verdict
from tools.compare.comparison import LEFT_OUT, Comparison, Pair

ALIKE = ("Python", "Django", "asgiref")
"""What is said of what both sides run, where they run the same."""

SHOWN = 30
"""Rows of a table for people. JSON has all."""


class Section(NamedTuple):
    """A table with its title."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


class Report:
    """What was measured, judged once."""

    def __init__(self, comparison: Comparison) -> None:
        self.base, self.head = (tree.label for tree in comparison.trees)
        self.instructions_by = comparison.instructions_by
        self.versions = comparison.versions
        self.pairs = list(comparison.pairs.values())
        self.left_out = comparison.left_out
        self.verdicts = verdict.by_group(comparison.verdicts)

    @property
    def failures(self) -> list[str]:
        """What could not be measured, by side and cell, with the reason."""
        sides = ((pair, label, outcome) for pair in self.pairs for label, outcome in self._sides(pair))
        return [f"{label}: {pair.cell}: {outcome.failed}" for pair, label, outcome in sides if outcome.failed]

    @property
    def status(self) -> int:
        """0: unchanged or faster. 1: slower. 2: could not be measured, or cannot be told."""
        words = {each.word for each in self.verdicts.values()}
        if self.failures or not words:
            return 2
        return 1 if "slower" in words else 2 if "cannot tell" in words else 0

    def facts(self, limit: float = math.inf) -> int:
        """0: no fact says slower. 1: a cell waits more, or costs by more than ``limit`` more instructions, 0.05 is 5 %.

        2: could not be measured.
        """
        if self.failures or not self.verdicts:
            return 2
        slower = [pair for pair in self.pairs if pair.measured and pair.verdict.word == "slower"]
        waits = any(verdict.judge(pair.changes, []).word == "slower" for pair in slower)
        costs = [each for pair in slower for each in pair.estimates if each.unit == "instructions"]
        return 1 if waits or any(each.word == "slower" and each.change > limit for each in costs) else 0

    @property
    def headline(self) -> str:
        """The line to quote."""
        paths = [f"{name} {self.verdicts[name]}" for name in ("sync path", "async path") if name in self.verdicts]
        said = paths or [f"{name} {each}" for name, each in self.verdicts.items()] or ["nothing could be measured"]
        return f"{self.base} → {self.head}: {'; '.join(said)}"

    @property
    def sections(self) -> list[Section]:
        found = [
            *(self._verdicts(), self._counts(), self._calls(), self._packages()),
            *(self._estimates(), self._absent()),
        ]
        return [section for section in found if section.rows]

    @property
    def conditions(self) -> str:
        """What the figures hold for."""
        machine = Machine.get_defaults()
        versions = ", ".join(f"{name} {self.versions[name]}" for name in ALIKE if name in self.versions)
        counted = f"instructions by {self.instructions_by}; " if self.instructions_by else "no instructions counted; "
        return (
            f"{versions}; {counted}"
            f"{machine['cpu']}, {machine['num_cpu']} CPUs, load {os.getloadavg()[0]:.1f}. "
            "± is the resolution: the smallest change told from none in this run."
        )

    def terminal(self) -> RenderableType:
        return Group(Text(self.headline, style="bold"), "", *map(_table, self.sections), self.conditions)

    def markdown(self) -> str:
        sections = [f"### {each.title}\n\n{_markdown(each)}" for each in self.sections]
        return "\n\n".join([f"**{self.headline}**", *sections, self.conditions]) + "\n"

    def json(self) -> str:
        return json.dumps(self.data, indent=1) + "\n"

    @property
    def data(self) -> dict[str, Any]:
        return {
            "base": self.base,
            "head": self.head,
            "headline": self.headline,
            "status": self.status,
            "conditions": self.conditions,
            "left_out": self.left_out,
            "verdicts": {name: each._asdict() for name, each in self.verdicts.items()},
            "cells": [_cell(pair) for pair in self.pairs],
        }

    def _sides(self, pair: Pair) -> tuple[tuple[str, Any], tuple[str, Any]]:
        return (self.base, pair.base), (self.head, pair.head)

    def _verdicts(self) -> Section:
        rows = [[name, each.word, each.because, each.where] for name, each in self.verdicts.items()]
        return Section("Verdict", ["", "verdict", "by", "where"], rows)

    def _counts(self) -> Section:
        rows = [[str(pair.cell), _changes(pair)] for pair in self.pairs if pair.changes]
        return Section("Exact counts that changed, of one request or call", ["cell", "base → head"], rows)

    def _calls(self) -> Section:
        cells: dict[tuple[str, str, int], list[str]] = {}
        for pair in filter(lambda pair: pair.changes, self.pairs):
            for (caller, called), difference in pair.calls.items():
                cells.setdefault((called, caller, difference), []).append(str(pair.cell))
        common = sorted(cells.items(), key=lambda item: -len(item[1]))
        rows = [[f"{times:+}", called, caller, _where(names)] for (called, caller, times), names in common]
        return Section("Python calls gained and lost", ["calls", "function", "called by", "in"], rows)

    def _packages(self) -> Section:
        """Say whose code does what the cells do whose instructions or times were measured."""
        rows = [
            [str(pair.cell), package, *(_arrow(pair, package, metric) for metric in verdict.WORK)]
            for pair in self.pairs
            if pair.estimates
            for package in sorted(pair.base.packages.keys() | pair.head.packages.keys())
        ]
        headings = ["cell", "whose code", *(metric.replace("_", " ") for metric in verdict.WORK)]
        return Section("Whose code runs, base → head", headings, rows)

    def _estimates(self) -> Section:
        rows = [
            [
                str(pair.cell),
                each.unit,
                _amount(each),
                f"{each.change:+.2%}",
                _interval(each),
                f"± {each.resolution:.2%}",
            ]
            for pair in self.pairs
            for each in pair.estimates
        ]
        headings = ["cell", "of", "base", "change", "95 % interval", "resolution"]
        return Section("Instructions and times, of one request or call", headings, rows)

    def _absent(self) -> Section:
        cells: dict[tuple[str, str], list[str]] = {}
        for pair in self.pairs:
            for label, outcome in self._sides(pair):
                if reason := outcome.failed or (outcome.missing and f"n/a: {outcome.missing}"):
                    cells.setdefault((label, reason), []).append(str(pair.cell))
        rows = [[label, reason, _where(names)] for (label, reason), names in cells.items()]
        rows += [["both", LEFT_OUT, part] for part in self.left_out]
        return Section("Not measured", ["side", "reason", "cells"], rows)


def fact(pair: Pair) -> str:
    """Return the line that says what changed exactly in a cell, or "" where nothing did."""
    return f"{pair.cell}: {_changes(pair)}" if pair.changes else ""


def _changes(pair: Pair) -> str:
    counts = ((metric, pair.base.counts.get(metric, 0), pair.head.counts.get(metric, 0)) for metric in pair.changes)
    return ", ".join(f"{metric} {base} → {head}" for metric, base, head in counts)


def _arrow(pair: Pair, package: str, metric: str) -> str:
    base, head = (side.packages.get(package, {}).get(metric, 0) for side in (pair.base, pair.head))
    return f"{base:,}" if base == head else f"{base:,} → {head:,}"


def _where(cells: Sequence[str]) -> str:
    return cells[0] if len(cells) == 1 else f"{cells[0]} and {len(cells) - 1} more"


def _amount(estimate: verdict.Estimate) -> str:
    return f"{estimate.base * 1e6:,.0f} µs" if estimate.unit == "time" else f"{estimate.base:,.0f}"


def _interval(estimate: verdict.Estimate) -> str:
    return f"{estimate.low:+.2%} to {estimate.high:+.2%}"


def _rows(section: Section) -> Iterator[Sequence[str]]:
    yield from section.rows[:SHOWN]
    hidden = len(section.rows) - SHOWN
    if hidden > 0:
        yield [f"… and {hidden} more: --json has all", *[""] * (len(section.headings) - 1)]


def _table(section: Section) -> Table:
    table = Table(*section.headings, title=section.title, title_justify="left", box=SIMPLE_HEAD)
    for column in table.columns:
        column.overflow = "fold"
    for row in _rows(section):
        table.add_row(*row)
    return table


def _markdown(section: Section) -> str:
    return tabulate(_rows(section), headers=section.headings, tablefmt="github", disable_numparse=True)


def _cell(pair: Pair) -> dict[str, Any]:
    return {
        "scenario": pair.cell.scenario,
        "params": pair.cell.params,
        "verdict": pair.verdict._asdict() if pair.measured else None,
        "changes": pair.changes,
        "calls": [[called, caller, difference] for (caller, called), difference in pair.calls.items()],
        "estimates": [each._asdict() for each in pair.estimates],
        **{
            side: {
                "counts": each.counts,
                "packages": each.packages,
                "n/a": each.missing,
                "failed": each.failed,
                "inexact": each.trace.get("inexact", []),
            }
            for side, each in (("base", pair.base), ("head", pair.head))
        },
    }
