"""``make served``: the options of serving, of verifying and of comparing what is served."""

from pathlib import Path
from typing import Any

import click

from tools.served import matrix, verdict
from tools.served.pages import pages_of
from tools.served.settings import DEFAULT_SERVERS, Settings, servers_of, shapes_of
from tools.terminal import cannot_measure, console, numbers, progress


@click.command("served")
@click.option("--servers", default="", help='Names, or "all". Default: gunicorn, gunicorn-gthread, uvicorn.')
@click.option("--pages", default="", help='Names such as hello or forum-orm-pool-20ms, or "all".')
@click.option("--middleware", default="", help="What the pages are behind: none, startproject, or both.")
@click.option("--views", default="", help="sync and async; by default the one that needs no crossing.")
@click.option("--concurrency", default="", help="Connections of the closed loops. By default 1 4 16 64 200.")
@click.option("--rates", default="", help="Arrivals a second of the open loops. By default 50.")
@click.option("--django", default="6.1", show_default=True, help="A release, or a checkout: its working tree.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Processes of a server.")
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1), help="Threads of a worker.")
@click.option("--seconds", default=2, show_default=True, type=click.IntRange(1), help="How long a cell is measured.")
@click.option("--requests", default=0, type=click.IntRange(0), help="Measure a cell for so many, not for seconds.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(2), help="With --base: servers of a side.")
@click.option("--repeat", default=1, show_default=True, type=click.IntRange(1), help="How often each cell is measured.")
@click.option("--generator", default="wrk", show_default=True, help="wrk or locust; fixed rates are always locust's.")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1), help="Locust's, on this machine.")
@click.option("--remote-workers", default=0, show_default=True, type=click.IntRange(0), help="Locust's, to wait for.")
@click.option("--bind", default="127.0.0.1", show_default=True, help="Where Locust's master listens for workers.")
@click.option("--close", is_flag=True, help="A connection for each request: keep none alive.")
@click.option("--leave", default=0, type=click.IntRange(0), help="Milliseconds without a byte until a client leaves.")
@click.option("--host", default="", help="Load a server that runs elsewhere, http://name:port, and start none.")
@click.option("--verify", "only_verify", is_flag=True, help="Ask for each page once, and say what works.")
@click.option("--bare", is_flag=True, help="Load a bare callable before and after each cell, to tell it beside that.")
@click.option(
    "--results", default="results", show_default=True, type=click.Path(path_type=Path), help="Where it is stored."
)
@click.option("--base", default="", help="Compare with this Django, by the instructions of the servers' processes.")
def command(
    servers: str,
    pages: str,
    middleware: str,
    views: str,
    concurrency: str,
    rates: str,
    only_verify: bool,
    base: str,
    results: Path,
    **options: Any,
) -> int:
    """Serve the measured project by real servers and load it: which serves more, with what latency?

    Ends with status 1 where a server failed, or with --base got slower, and 2 where nothing could be measured.
    """
    with cannot_measure():
        names = servers_of(servers.split() or (verdict.SERVED if base else DEFAULT_SERVERS))
        shapes = shapes_of(numbers(concurrency, int), numbers(rates, float), options["requests"])
        behind = middleware.split() or (["none"] if options["host"] else [])
        settings = Settings(names, pages_of(pages.split(), behind), views.split(), shapes, **options)
        if not base:
            return matrix.verify(settings) if only_verify else matrix.serve(settings, results)
        with progress() as bar:
            table, status = verdict.compare(base, settings.django, settings, bar)
    console().print(table)
    return status
