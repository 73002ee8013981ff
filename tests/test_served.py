"""Servers, database and load: each starts, serves what it should, is seen when it does not, and goes."""

import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import psutil
import pytest
from browser import served as published
from browser import watch
from conftest import ROOT, Checkout, Djangos, eventually, program, with_environment
from playwright.sync_api import Page
from rich.console import Console

from benchproject.served.parts import PART, PARTS
from benchproject.served.visitor import HEADER
from harness import servers
from harness.instructions import InstructionCounter
from harness.kept import Kept
from tools.compare import trial
from tools.compare.tree import Tree
from tools.compare.verdict import Estimate
from tools.served import crossing, matrix, verdict
from tools.served import experiment as measuring
from tools.served.experiment import Experiment, ServedCell, ServedResult, memory_of, peak_memory_of, reset_peaks
from tools.served.load import Generator, Load, LoadFailed, Shape
from tools.served.matrix import experiment_on
from tools.served.pages import EVERY, MIDDLEWARE, PAGES, VIEWS, pages_of
from tools.served.postgresql import database
from tools.served.report import table
from tools.served.settings import Settings
from tools.site import runs as stored
from tools.site import served
from tools.site.model import crossing_of, modelled_crossing, throughput
from tools.terminal import CannotMeasure

NEEDS_WRK = pytest.mark.usefixtures("wrk")


@pytest.fixture
def tree(djangos: Djangos) -> Tree:
    return Tree(djangos.path(Djangos.NEWEST), Djangos.VERSIONS[Djangos.NEWEST])


@pytest.fixture(scope="module")
def experiment(djangos: Djangos, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Experiment]:
    """All that the pages need, on the newest Django."""
    tree = Tree(djangos.path(Djangos.NEWEST), Djangos.NEWEST)
    with experiment_on(
        tree, Settings(pages=pages_of(["all"]), seconds=1), tmp_path_factory.mktemp("served")
    ) as experiment:
        yield experiment


@pytest.mark.parametrize("server", servers.SERVERS)
def test_a_server_starts_serves_each_page_and_goes(experiment: Experiment, server: str) -> None:
    results = experiment.verify(server, pages_of(["all"]), VIEWS)
    assert len(results) == len(EVERY) * len(VIEWS)
    assert [str(result.cell) + result.failed for result in results if result.failed] == []
    unavailable = {(result.cell.page.name, result.cell.view) for result in results if result.unavailable}
    assert {name for name in EVERY if (name, "sync") in unavailable} == {
        name for name in EVERY if re.match(r"forum-asyncpg|forum-psycopg2-pool|upstream.*gathered", name)
    }
    one_loop = "" if servers.SERVERS[server].interface == "ASGI" else "|forum-(psycopg|asyncpg)-pool|upstream"
    assert {name for name in EVERY if (name, "async") in unavailable} == {
        name for name in EVERY if re.match("forum-psycopg2|forum-(psycopg|asyncpg)-persistent" + one_loop, name)
    }
    assert with_environment("FORUM_SQLITE", experiment.environment["FORUM_SQLITE"]) == []


def test_a_server_sees_no_secret(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "planted")
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "0")
    with experiment.served("uvicorn") as (server, _):
        assert server
        seen = [process.environ() for process in measuring.tree(server.pid)[1:]]
    assert seen
    assert [each for each in seen if "GITHUB_TOKEN" in each] == []
    assert [each for each in seen if each.get("PYTHONASYNCIODEBUG") != "0" or "DATABASE_URL" not in each] == []


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("raise SystemExit('no such thing')", "planted ended with status 1: no such thing"),
        ("import time; time.sleep(60)", "planted hangs: no answer within 1 seconds"),
    ],
)
def test_a_server_that_dies_or_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, says: str) -> None:
    monkeypatch.setattr(servers, "READY_SECONDS", 1)
    with Kept([sys.executable, "-c", program], tmp_path / "log") as server, pytest.raises(servers.ServerFailed) as said:
        servers.wait_until_ready(server, "planted", servers.free_port(), "/")
    assert str(said.value) == says


@contextlib.contextmanager
def answering(status: int, body: bytes, seconds: float = 0, **headers: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(seconds)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with serving(Handler) as address:
        yield address


def cell_of(page: str, middleware: str = "none") -> ServedCell:
    return ServedCell("gunicorn", *pages_of([page], [middleware]), "sync", Shape(1))


@pytest.mark.parametrize(
    ("page", "status", "body", "seconds", "says"),
    [
        ("hello", 500, b"", 0, "hello: answered 500"),
        ("hello", 200, b"Hello, planet!", 0, "hello: wrong answer: b'Hello, planet!'"),
        ("hello", 200, b"Hello, world!", 0.6, r"hello: answers slowly: 0\.\d s"),
        ("hello", 200, b"Hello, world!", 1.5, "hello: no answer within 1 seconds"),
        ("wait-20ms", 200, b"waited", 0, r"wait-20ms: answered after \d+ ms, before its waits can be over"),
        ("stream-sync-20ms", 200, PART * PARTS, 0.1, r"stream-sync-20ms: came at once after 1\d\d ms, not in parts"),
    ],
)
def test_an_answer_that_is_not_right(
    monkeypatch: pytest.MonkeyPatch, page: str, status: int, body: bytes, seconds: float, says: str
) -> None:
    monkeypatch.setattr(measuring, "SLOW", 0.5)
    monkeypatch.setattr(measuring, "PATIENCE", 1)
    with answering(status, body, seconds) as address, pytest.raises(servers.ServerFailed, match=f"^{says}$"):
        measuring.verify(address, cell_of(page))


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({}, "hello behind startproject: answered for nobody, not for bob"),
        ({HEADER: "bob"}, "hello behind startproject: answered 200 without a session"),
    ],
)
def test_an_answer_that_no_user_was_loaded_for(headers: dict[str, str], says: str) -> None:
    with answering(200, b"Hello, world!", **headers) as address, pytest.raises(servers.ServerFailed, match=f"^{says}$"):
        measuring.verify(address, cell_of("hello", "startproject"))


def test_a_right_answer() -> None:
    with answering(200, b"Hello, world!") as address:
        measuring.verify(address, cell_of("hello"))


def test_what_is_started_ends_however_it_hides(tmp_path: Path) -> None:
    """A program that ignores SIGTERM, and a child of it in a session of its own."""
    hidden = "import os, signal, time; signal.signal(15, signal.SIG_IGN); os.fork() or os.setsid(); time.sleep(60)"
    with Kept([sys.executable, "-c", hidden], tmp_path / "log", folder=tmp_path / "folder") as program:
        (tmp_path / "folder").mkdir()
        assert eventually(lambda: len(psutil.Process(program.pid).children(recursive=True)) == 2)
        processes = psutil.Process(program.pid).children(recursive=True)
    assert [process for process in processes if process.is_running()] == []
    assert not (tmp_path / "folder").exists()


@NEEDS_WRK
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_an_interrupted_run(checkout: Checkout, temporary: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tools", "served", "--django", str(checkout.path), "--servers", "gunicorn uvicorn"]
    command += ["--pages", "forum-orm-pool upstream-20ms", "--concurrency", "4", "--seconds", "20"]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    tool = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert eventually(lambda: "wrk" in with_environment("TMPDIR", str(temporary)), 60)
    tool.send_signal(number)
    _, error = tool.communicate(timeout=30)
    assert eventually(lambda: with_environment("TMPDIR", str(temporary)) == [] and list(temporary.iterdir()) == [])
    assert b"Traceback" not in error


@pytest.mark.parametrize("user", ["", "nobody"])
def test_postgresql_starts_for_root_and_for_a_user_and_goes(user: str, temporary: Path) -> None:
    if user and os.geteuid():
        pytest.skip("this is a user already")
    program = (
        "from tools.served.postgresql import connect, database\n"
        "with database() as private, connect(private.url):\n"
        "    print(private.pid, private.connections())\n"
    )
    identity = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-c", program]
    try:
        done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, **identity)  # type: ignore[call-overload]
    except PermissionError:
        pytest.skip(f"{sys.executable} is closed to other users")
    assert done.returncode == 0, done.stderr
    pid, connections = done.stdout.split()
    assert connections == "1"
    assert not psutil.pid_exists(int(pid))
    assert list(temporary.iterdir()) == []


def test_a_server_that_database_url_names_is_used_and_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    with database() as private:
        monkeypatch.setenv("DATABASE_URL", private.url)
        with database() as other:
            assert other.pid == 0
            assert other.url != private.url
            assert other.connections() == 0
        names = {row[0] for row in private.monitor.execute("SELECT datname::text FROM pg_database").fetchall()}
        assert not {other.url.rpartition("/")[2]} & names


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(matrix, "SITE", tmp_path / "site")
    return tmp_path / "site"


@NEEDS_WRK
def test_the_page_has_a_series_for_each_server(djangos: Djangos, checkout: Checkout, site: Path, page: Page) -> None:
    """From a real run, in a browser without network."""
    english = "django/conf/locale/en"  # which this checkout lacks, and a migration translates names by
    shutil.copytree(djangos.path(Djangos.NEWEST) / english, checkout.path / english, dirs_exist_ok=True)
    names = ["gunicorn", "uvicorn"]
    pages = pages_of(["hello"], MIDDLEWARE)
    # So long that a slow machine, too, serves enough requests for a percentile.
    settings = Settings(names, pages, shapes=[Shape(4)], seconds=3, django=str(checkout.path), bare=True)
    assert matrix.serve(settings, site.parent / "results") == 0
    (stored,) = site.parent.glob("results/served/*.json")
    document = json.loads(stored.read_text())
    results = document["results"]
    assert document["settings"]["server_cpus"] >= 1
    assert [result["middleware"] for result in results] == ["none", "none", "startproject", "startproject"]
    assert [result["connections"] for result in results] == [4] * 4
    for result in results:
        assert result["errors"] == 0
        assert result["throughput"] > 10
        assert 0 < result["p50"] < 1
        assert result["bare"] > result["throughput"]
        assert result["cpu"] > 0
        assert result["memory"] > 1e6
    with published(site) as address:
        wrong = watch(page, address)
        page.goto(address + f"served/{stored.stem}.html")
        series = page.evaluate(
            "[...document.querySelectorAll('canvas')].map(canvas => Chart.getChart(canvas).data.datasets"
            ".map(each => [each.label, each.data.length]))"
        )
        assert series == [[["gunicorn sync", 1], ["uvicorn async", 1]]] * 4
        headings = page.get_by_role("heading", level=2).all_inner_texts()[:2]
        assert headings == ["hello #", "hello behind startproject #"]
        assert page.locator("tbody tr").count() == 4
        assert page.locator("canvas[data-chart]").count() == 4
        assert page.get_by_role("link", name="Overview").get_attribute("href") == "../index.html"
        assert wrong == []


def test_locust_by_a_master_and_two_workers_sees_what_one_process_sees(experiment: Experiment) -> None:
    (hello,) = pages_of(["hello"])
    with experiment.served("uvicorn") as (_, address):
        for processes in (1, 2):
            generator = Generator("locust", experiment.generator.cpus, experiment.folder, processes)
            for shape in (Shape(4), Shape(rate=50)):
                load = generator.load(address, hello.path("async"), shape, 3)
                assert load.errors == 0
                assert load.good > 100
                assert load.p50
                assert load.p50 < 0.1
                if shape.rate:
                    assert load.throughput == pytest.approx(50, rel=0.1)


class Counting(BaseHTTPRequestHandler):
    """Keeps connections alive, as HTTP/1.1 does, and counts them."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    connections = 0

    def setup(self) -> None:
        type(self).connections += 1
        super().setup()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Yield the address of a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def counting() -> Iterator[str]:
    with serving(Counting) as address:
        yield address


def test_a_generator_that_fails_before_the_first_cell_is_one_line(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise LoadFailed("planted")

    monkeypatch.setattr(Generator, "load", fail)
    with pytest.raises(click.ClickException, match=r"^what the generator reaches was not measured: planted$"):
        matrix.measure_ceiling(experiment)


@pytest.mark.parametrize(("name", "close"), [("wrk", False), ("wrk", True), ("locust", True)])
def test_a_connection_for_each_request_where_asked(
    experiment: Experiment, counting: str, monkeypatch: pytest.MonkeyPatch, name: str, close: bool
) -> None:
    if name == "wrk":
        program(name)
    monkeypatch.setattr(Counting, "connections", 0)
    generator = Generator(name, experiment.generator.cpus, experiment.folder, close=close)
    load = generator.load(counting, "/", Shape(2), 3)
    assert load.errors == 0
    assert load.good > 20
    assert Counting.connections >= load.good if close else Counting.connections < 10


@NEEDS_WRK
def test_a_load_of_so_many_requests(experiment: Experiment, counting: str) -> None:
    load = replace(experiment.generator, requests=300).load(counting, "/", Shape(4), seconds=60)
    assert 300 <= load.good <= 304
    assert load.seconds < 30


class Slowly(Counting):
    """Sends headers at once, a part of the body later, and the rest of it later still, to whom has a session."""

    def do_GET(self) -> None:
        self.send_response(200 if self.headers["Cookie"] == "sessionid=bob's" else 403)
        self.send_header("Content-Length", "2")
        self.end_headers()
        for seconds in (0.05, 0.15):
            self.wfile.flush()
            time.sleep(seconds)
            self.wfile.write(b"o")


def test_the_first_byte_is_neither_the_headers_nor_the_whole(experiment: Experiment) -> None:
    with serving(Slowly) as address:
        load = experiment.generator.load(address, "/", Shape(8), 3, "sessionid=bob's", first_byte=True)
    assert load.errors == 0
    assert load.first_p50
    assert load.p50
    assert 0.05 <= load.first_p50 < 0.15 < 0.2 <= load.p50


def test_clients_that_leave(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Counting, "connections", 0)
    with serving(Slowly) as address:
        load = replace(experiment.generator, leave=20).load(address, "/", Shape(4), 2)
    assert load.good == 0
    assert 10 < load.errors <= Slowly.connections


def test_a_peak_between_two_looks_and_none_of_before(tmp_path: Path) -> None:
    """100 MB at the start, gone before the load; then, again and again, 50 MB for a moment."""
    program = (
        "import sys, time\ndef take(megabytes): b'x' * (megabytes * 1_000_000)\n"
        "take(100); print('taken', file=sys.stderr, flush=True); time.sleep(1)\nwhile True: take(50); time.sleep(1)"
    )
    with Kept([sys.executable, "-c", program], tmp_path / "log") as server:
        assert eventually(lambda: server.last_words() == "taken")
        assert peak_memory_of(server) > 100e6
        there = reset_peaks(server)
        assert peak_memory_of(server) < 50e6
        assert eventually(lambda: 50e6 < peak_memory_of(server) < 100e6)
        assert memory_of(server) == pytest.approx(there, abs=5e6)


def test_streams_and_memory_are_in_table_and_page(tmp_path: Path) -> None:
    load = Load(100, 0, 1.0, 0.2, 0.3, None, 0.01, 0.02)
    result = ServedResult(
        cell_of("stream-sync-20ms"), load, cpu=0.001, memory=10**7, peak_memory=3 * 10**7, grown=10**6
    )
    settings = {"versions": {"Django": "6.1.3"}, "cpus": 2, "workers": 2, "threads": 8, "ceiling": None}
    document = {
        "settings": {**settings, "date": "2026-11-26T10:00:00+00:00", "machine": "vm", "seconds": 2},
        "results": [result.as_json()],
    }
    document["settings"] |= {"close": False, "leave": 0}
    (tmp_path / "served").mkdir()
    (tmp_path / "served/run.json").write_text(json.dumps(document))
    runs, problems = stored.read(tmp_path)
    assert problems == []
    served.write(runs, tmp_path / "site")
    page = " ".join((tmp_path / "site/served/run.html").read_text().split())
    assert 'first byte p50 ms</th><th scope="col">first byte p95 ms</th>' in page
    assert "<td>too few</td> <td>10.0</td> <td>20.0</td>" in page
    assert "<td>10.0</td> <td>30.0</td> <td>1.0</td>" in page
    with (console := Console(width=160)).capture() as shown:
        console.print(table(document))
    assert "100/s 300 ms, first byte 10/20 ms" in shown.get()
    assert "10.00 │ 30.00   │ 1.00" in shown.get()


@NEEDS_WRK
def test_an_open_loop_counts_the_time_that_a_request_was_due(experiment: Experiment) -> None:
    """One sync worker that takes 50 ms serves 20 a second; of 40 a second the later ones wait ever longer."""
    (cpu,) = pages_of(["cpu"])
    slow = replace(experiment, settings=replace(experiment.settings, workers=1))
    with slow.served("gunicorn") as (_, address):
        load = slow.generator.load(address, cpu.path("sync"), Shape(rate=40), 3)
    assert load.p50
    assert load.p50 > 0.3


def served_verdict(tree: Tree, loops: int) -> Estimate:
    """Return what is said of a tree with an empty loop of so many turns, under gunicorn."""
    lines = trial.LOOP.format(loops) if loops else "        None\n"
    with trial.planted(tree, trial.WSGI, lines) as head, matrix.progress() as bar:
        found = verdict.judged((tree, head), Settings(servers=["gunicorn"], rounds=2), bar)
    return found["gunicorn"]


@NEEDS_WRK
@pytest.mark.parametrize("loops", [0, 30_000])
def test_the_served_verdict(tree: Tree, loops: int) -> None:
    try:
        InstructionCounter().close()
    except OSError as problem:
        pytest.skip(f"the CPU's counter may not be read here: {problem}")
    found = served_verdict(tree, loops)
    assert found.word == ("slower" if loops else "unchanged")


@NEEDS_WRK
@pytest.mark.usefixtures("valgrind")
def test_the_served_verdict_without_the_cpu_s_counter(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted loop costs some eighty instructions a round; the request a million, without the server's start."""
    monkeypatch.setenv("INSTRUCTIONS", "callgrind")
    found = served_verdict(tree, 30_000)
    assert found.word == "slower"
    assert 300_000 < found.base < 3_000_000
    assert 20 < found.base * found.change / 30_000 < 200


def test_without_any_counter_the_served_verdict_says_what_to_do(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    found = shutil.which
    monkeypatch.setenv("INSTRUCTIONS", "callgrind")
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "valgrind" else found(name))
    complaint = "no instructions: the CPU's counter is closed by INSTRUCTIONS=callgrind; .* install valgrind"
    with matrix.progress() as bar, pytest.raises(CannotMeasure, match=complaint) as problem:
        verdict.judged((tree, tree), Settings(servers=["gunicorn"], rounds=2), bar)
    assert problem.value.exit_code == 2


def test_a_side_that_answers_nothing_crosses_nothing(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = cell_of("wait-20ms")
    none = ServedResult(cell, Load(0, 9, 1.0, None, None, None), cpu=0.001)
    monkeypatch.setattr(Experiment, "measure", lambda *_: none)
    with pytest.raises(CannotMeasure, match="wait-20ms gunicorn sync: no request was answered with 2xx"):
        crossing.measured(experiment, cell.page, "gunicorn", "sync", 8, 64)


def test_the_model_of_a_closed_network() -> None:
    assert throughput(1, 0.01, 0.09) == pytest.approx(10)
    assert throughput(64, 0.01, 0.09) == pytest.approx(100, rel=0.001)
    # By hand: alone 1 / 2, half of it queued; the second finds that half before it, so 2 / (1.5 + 1).
    assert throughput(2, 1, 1) == pytest.approx(0.8)
    assert crossing_of([(1, -1.0), (4, 1.0)]) == pytest.approx(2)
    assert crossing_of([(1, 1.0), (4, 2.0)]) is None
    # 8 under way, each 1 ms of CPU and then a wait, against 64 of 2 ms: 8 / (wait + 1 ms) = 1 / 2 ms at 15 ms,
    # and a little earlier, since the 8 also wait for each other.
    assert modelled_crossing((8, 0.001), (64, 0.002), 0.001, 0.064) == pytest.approx(0.0145, abs=0.0005)
    assert modelled_crossing((64, 0.001), (64, 0.002), 0.001, 0.064) is None


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools", "served", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (["--servers", "apache"], {}, "Error: no server apache: there are gunicorn, .*, and all"),
        (["--pages", "goodbye"], {}, "Error: no page goodbye: there are hello, .*"),
        (["--pages", "hello-20ms"], {}, "Error: no page hello-20ms: there are .*"),
        (["--middleware", "rails"], {}, "Error: no middleware rails: there are none, startproject"),
        (["--middleware", "none startproject", "--host", "http://nowhere:1"], {}, "Error: a server .* one .*"),
        (["--concurrency", "four"], {}, "Error: not a number: four"),
        (["--concurrency", "0"], {}, "Error: not above 0: 0"),
        (["--requests", "9", "--pages", "file"], {}, "Error: Locust, which loads streams .*"),
        (["--generator", "siege"], {}, "Error: no generator siege: there are wrk, locust"),
        ([], {"PATH": "/nowhere"}, "Error: wrk is not installed: apt-get install wrk, or GENERATOR=locust"),
        (
            ["--concurrency", "9000000"],
            {},
            r"Error: 9000000 connections need \d+ open files, the limit is .*: ulimit -n .*",
        ),
        (["--host", "nowhere"], {}, "Error: HOST must be an address such as http://192.168.1.2:8000: nowhere"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], environment: dict[str, str], says: str) -> None:
    done = run(*arguments, **environment)
    assert done.returncode == 2
    assert re.fullmatch(says + "\n", done.stderr), done.stderr


@NEEDS_WRK
def test_a_postgresql_that_cannot_be_reached_is_one_line(checkout: Checkout) -> None:
    address = f"postgresql://nobody@127.0.0.1:{servers.free_port()}/nothing"
    done = run("--pages", "forum-orm-request", "--django", str(checkout.path), DATABASE_URL=address)
    assert done.returncode == 2
    assert re.fullmatch("Error: PostgreSQL is not reached: .*; check DATABASE_URL, or unset it\n", done.stderr)


def test_every_page_is_named_once() -> None:
    assert len(set(EVERY)) == len(EVERY)
    assert {page.name for page in pages_of(["all"])} == set(EVERY)
    assert {name.partition("-")[0] for name in PAGES} == {"hello", "cpu", "wait", "stream", "file", "forum", "upstream"}
