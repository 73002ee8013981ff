"""The commands of this repository: ``python -m tools --help``."""

import sys
from functools import partial
from importlib import import_module

import click

from tools.terminal import status_of

COMMANDS = {
    "bench": ("tools.bench.command:command", "Measure releases and show what a request costs."),
    "compare": ("tools.compare.command:command", "Say whether a change slowed the sync path or the async path."),
    "bisect": ("tools.compare.bisect:command", "Find the commit that changed a metric."),
    "trial": ("tools.compare.trial:command", "Learn what compare finds on this machine."),
    "served": ("tools.served.command:command", "Serve the measured project by real servers, and load it."),
    "served-trial": ("tools.served.trial:command", "Learn what the comparison of served requests finds here."),
    "crossing": ("tools.served.crossing:command", "From which wait on does async serve more than sync?"),
    "pending": ("tools.history.pending:command", "List the commits that have no result."),
    "milestones": ("tools.history.milestones:command", "List the commits that tell the history."),
    "measure": ("tools.history.measure:command", "Measure listed commits."),
    "attribute": ("tools.history.attribute:command", "Find the one commit behind each change of several."),
    "merge": ("tools.history.branch:merge_command", "Merge the results of several jobs."),
    "results": ("tools.history.branch:results_command", "Get the results that merges have pushed."),
    "publish": ("tools.history.publish:command", "Make the site of the results."),
    "report": ("tools.site.report:command", "Say in Markdown what a commit did."),
    "history": ("tools.site.history:command", "Write docs/history.md from the results."),
    "site": ("tools.site.command:command", "Write the site's pages from the results alone."),
}
"""Command: where it is, and what it does. Imported when it is called: each needs other packages, some of them slow."""


class Commands(click.Group):
    """The commands of ``COMMANDS``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in COMMANDS.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Measure what a Django request costs, sync and async."""


if __name__ == "__main__":
    sys.exit(status_of(partial(cli, prog_name="python -m tools", standalone_mode=False)))
