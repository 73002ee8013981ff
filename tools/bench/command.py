"""``make bench``: measures releases from the package index and shows what a request costs."""

import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click
from asv.machine import Machine, MachineCollection
from asv.results import Results, iter_results_for_machine
from asv.util import UserError
from packaging.version import Version
from rich import filesize

from harness import callgrind
from tools import index, process, releases, terminal
from tools.bench.figures import failures, results_of, units
from tools.bench.pythons import pythons_of
from tools.bench.table import ReleaseOnPython, tables_of
from tools.configuration import SERIES, ReleaseHistory, parts_of
from tools.files import alone
from tools.results import MachineFile, ResultFile, stored_in
from tools.terminal import Problem

DEFAULT = r"^(handlers|floors|page)\."
console = terminal.console(width=None if sys.stdout.isatty() else 160)


def bench(project: str, wanted: Sequence[str], scenarios: Sequence[str], named: Sequence[str] = ()) -> None:
    """Measure the releases of ``project`` that the words ``wanted`` name, publish them and print the answer.

    ``scenarios`` are names of files in benchmarks/, or "all"; ``named`` are Pythons, each of which runs each release.
    Raises Problem where the index, asv or a benchmark fails; what was measured before is kept. Waits while another run
    measures here.
    """
    pythons = pythons_of(named)
    pattern = f"^({'|'.join(parts_of(scenarios))})\\." if scenarios else DEFAULT
    history = ReleaseHistory(project)
    # Of two at once each would also be in the figures of the other.
    with alone(history.folder.parent / "lock", history.folder.parent):
        hashes = _releases(history, wanted, min(pythons.values()))
        configuration = history.configure(list(pythons))
        machine = _machine()
        _forget_unfinished(history, machine)
        _measure(history, machine, pattern, hashes)
        _answer(history, machine, hashes, pythons, configuration, [] if "all" in scenarios else scenarios)


def _releases(history: ReleaseHistory, wanted: Sequence[str], python: Version) -> dict[str, str]:
    """Return version -> hash of the releases to measure, which ``python`` runs.

    Where the index is out of reach it is of those at hand.
    """
    try:
        offered = index.available(history.project)
    except click.ClickException as problem:
        return _at_hand(history, wanted, problem)
    chosen = index.choose(offered, wanted, python, history.oldest)
    console.print(f"Releases: {', '.join(str(release.version) for release in chosen)}")
    return releases.update(history.repository, history.project, chosen)


def _at_hand(history: ReleaseHistory, wanted: Sequence[str], problem: click.ClickException) -> dict[str, str]:
    """Return version -> hash of the wanted releases if they are all at hand, else raise ``problem``."""
    hashes = releases.at_hand(history.repository)
    newest = releases.newest_by_series(hashes)
    chosen = [newest.get(word, word) for word in wanted] or list(newest.values())[-3:]
    if not chosen or not set(chosen) <= set(hashes):
        raise problem
    console.print(problem.message, style="yellow")
    console.print(f"Going on with what is at hand: {', '.join(chosen)}")
    return {version: hashes[version] for version in hashes if version in chosen}


def _machine() -> str:
    """Return the name under which asv knows this machine; tell it what it would ask a person, if need be."""
    name = Machine.get_unique_machine_name()
    try:
        known: dict[str, str] = MachineCollection.load(name)
    except UserError:
        known = Machine.get_defaults()
        MachineCollection.save(known["machine"], known)
    return known["machine"]


def _forget_unfinished(history: ReleaseHistory, machine: str) -> None:
    """Drop the benchmarks whose rounds were interrupted, and those of instructions that could not be counted and can.

    asv keeps samples until the last round and no longer.
    """
    folder = history.results / machine
    for result in iter_results_for_machine(str(history.results), machine) if folder.is_dir() else ():
        unfinished = [
            name
            for name in result.get_all_result_keys()
            if any(result.get_result_samples(name, result.get_result_params(name)))
            or (name.endswith(".track_instructions") and _is_not_applicable(result, name) and not _no_callgrind())
        ]
        for name in unfinished:
            result.remove_result(name)
        if unfinished:
            result.save(str(history.results))


def _is_not_applicable(result: Results, name: str) -> bool:
    """Tell whether a benchmark has no figure, and did not fail."""
    values = result.get_result_value(name, result.get_result_params(name))
    return all(value is not None and math.isnan(value) for value in values)


def _no_callgrind() -> str:
    """Return why callgrind counts nothing here, or ""."""
    try:
        callgrind.need()
    except callgrind.NoCallgrind as reason:
        return str(reason)
    return ""


def _measure(history: ReleaseHistory, machine: str, pattern: str, hashes: dict[str, str]) -> None:
    """Let asv run what has no result yet, releases interleaved so that a machine that drifts drifts for all of them."""
    commits = history.folder / "commits.txt"
    commits.write_text("\n".join(hashes.values()) + "\n")
    status = process.asv(
        history.path,
        *("run", f"HASHFILE:{commits}", "--machine", machine, "--bench", pattern),
        *("--skip-existing-successful", "--interleave-rounds", "--show-stderr"),
    )
    if status not in (0, 2):  # 2: a benchmark failed, which the answer tells
        raise Problem(f"asv run ended with status {status}; its last lines above say why")


def _answer(
    history: ReleaseHistory,
    machine: str,
    hashes: dict[str, str],
    pythons: dict[str, Version],
    configuration: dict[str, Any],
    parts: Sequence[str],
) -> None:
    """Publish the site, print the tables and say where both are; some parts have a table of their own.

    Raises Problem where anything failed.
    """
    if process.asv(history.path, "publish", "--no-pull"):
        raise Problem("asv publish failed; its last lines above say why")
    found = {
        ReleaseOnPython(version, python): results_of(history.results, machine, commit, python)
        for version, commit in hashes.items()
        for python in pythons
    }
    measured = {release: result for release, result in found.items() if result and result.results}
    for table in tables_of(history.project, measured, parts, units(history.results)):
        console.print(table)
    for line in _conditions(history, machine, measured, pythons, configuration):
        console.print(line, soft_wrap=True)
    failed = [f"{release} {name}" for release, result in measured.items() for name in failures(result)]
    failed += [str(release) for release in found if release not in measured]
    if failed:
        raise Problem(f"not measured: {', '.join(failed)}; asv says why above")


def _conditions(
    history: ReleaseHistory,
    machine: str,
    measured: dict[ReleaseOnPython, ResultFile],
    pythons: dict[str, Version],
    configuration: dict[str, Any],
) -> Iterator[str]:
    """Yield what the figures hold for: units, resolution, versions and machine; then where the site is."""
    yield "Of one request. Instructions: by callgrind, median over layouts of memory. Time: in turn with the anchor,"
    anchor = f"{history.project} {history.pinned(history.project)}"
    yield f"{anchor}, median ± half of the 99 % interval. Ratio: to WSGI sync. Counts: exact. Resolution: the"
    yield "smallest change of the first release's time that is told from none."
    if len(pythons) > 1:
        yield f"To {next(iter(pythons))}: what that Python takes for the same release and cell is 1."
    if reason := _no_callgrind():
        yield f"No instructions: {reason}."
    pins = ", ".join(
        f"{name.removeprefix('pip+')} {versions[0]}" for name, versions in configuration["matrix"]["req"].items()
    )
    yield f"Python {', '.join(map(str, pythons.values()))}, {pins}"
    about = stored_in(history.results / machine / "machine.json", MachineFile)
    memory = filesize.decimal(int(about.ram))
    yield f"Machine {about.machine}: {about.cpu}, {about.num_cpu} CPUs, {memory}, {about.os}"
    yield f"Site: {history.html}/index.html; to see it: .venv/bin/asv --config {history.path.name} preview"


@click.command("bench")
@click.option("--project", default="Django", show_default=True, help="Whose releases are measured.")
@click.option(
    "--releases", default="", help='Series or versions, "4.2 5.2 6.1.1", or "all". By default the last three.'
)
@click.option(
    "--scenarios",
    default="",
    help='Files in benchmarks/, or "all". Default: handlers, page and floors.',
)
@click.option(
    "--pythons", default="", help=f'Installed Pythons, "3.12 3.13", shown beside each other.  [default: {SERIES}]'
)
def command(project: str, releases: str, scenarios: str, pythons: str) -> None:
    """Measure releases from the package index and show what a request costs."""
    bench(project, releases.split(), scenarios.split(), pythons.split())
