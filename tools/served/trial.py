"""``make trial OPTIONS=--served``: what the served verdict finds on this machine, and what it only believes to find."""

import contextlib
from collections.abc import Iterator, Mapping

import click
from rich.box import SIMPLE_HEAD
from rich.progress import Progress
from rich.table import Table

from harness.kept import temporary_folder
from tools.compare.tree import Tree, tree_of
from tools.compare.trial import ASGI, CALIBRATION, LOOP, WSGI, busy_process, planted
from tools.served.settings import Settings
from tools.served.verdict import SERVED, Verdicts, judged
from tools.terminal import cannot_measure, console, progress

PLANTED = 0.03
"""How much more a request executes."""

PLACES = {"gunicorn": WSGI, "uvicorn": ASGI}


def trial(release: str, times: int, busy: bool) -> Table:
    """Compare a tree with itself, and with 3 % more instructions, so many times; return how often each was found."""
    with (
        cannot_measure(),
        temporary_folder("trial-") as folder,
        busy_process(busy),
        progress() as bar,
    ):
        base = tree_of(release, None, folder / "base")
        calibrated = _compared(base, dict.fromkeys(SERVED, CALIBRATION), bar)
        rounds = {name: round(PLANTED / found.change * CALIBRATION) for name, found in calibrated.items()}
        table = Table("planted", "server", "found", "resolution, worst", title=f"Django {base.label}", box=SIMPLE_HEAD)
        cases = {
            "nothing (found: a false verdict)": dict.fromkeys(SERVED, 0),
            f"{PLANTED:.0%} more instructions": rounds,
        }
        for name, plant in cases.items():
            tries = [_compared(base, plant, bar) for _ in bar.track(range(times), description=name)]
            for server in SERVED:
                estimates = [each[server] for each in tries]
                wanted = {"slower"} if plant[server] else {"slower", "faster"}
                found = sum(estimate.word in wanted for estimate in estimates)
                worst = max(estimate.resolution for estimate in estimates)
                bar.console.print(f"{name}, {server}: {found} of {times}, {worst:.1%}")
                table.add_row(name, server, f"{found} of {times}", f"{worst:.1%}")
        return table


def _compared(base: Tree, rounds: Mapping[str, int], bar: Progress) -> Verdicts:
    with _planted(base, rounds) as head:
        return judged((base, head), Settings(SERVED), bar)


@contextlib.contextmanager
def _planted(base: Tree, rounds: Mapping[str, int]) -> Iterator[Tree]:
    """Yield a copy with an empty loop at the start of both handlers."""
    with contextlib.ExitStack() as stack:
        tree = base
        for server, number in rounds.items():
            tree = stack.enter_context(planted(tree, PLACES[server], LOOP.format(number)))
        yield tree


@click.command("served-trial")
@click.option("--release", default="6.1", show_default=True, help="The Django that is compared with copies of itself.")
@click.option("--times", default=20, show_default=True, type=click.IntRange(1), help="How often each case is tried.")
@click.option("--busy", is_flag=True, help="Keep one CPU busy meanwhile.")
def command(release: str, times: int, busy: bool) -> None:
    """Learn what the comparison of served requests finds on this machine, by a tree and copies with planted changes."""
    console().print(trial(release, times, busy))
