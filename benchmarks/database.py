"""The database: what the ORM costs by each way to it, and what a connection costs a request.

PostgreSQL is measured where DATABASE_URL names one, in a schema that is dropped afterwards.
"""

import contextlib
import importlib
import os
import secrets
import time
import weakref
from urllib.parse import unquote, urlsplit

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models, transaction
from django.db.backends.signals import connection_created

from harness import cells, loop, project, sqlite
from harness.count import uncollected
from harness.proof import prove_runs, witness
from harness.response import Lie

CONNECT = "django.db.backends.base.base.BaseDatabaseWrapper.connect"
EXECUTE = "django.db.backends.utils.CursorWrapper.execute"


def postgresql():
    """Return the database of DATABASE_URL, as DATABASES has it. Raises NotImplementedError where there is none."""
    url = urlsplit(os.environ.get("DATABASE_URL", ""))
    if url.scheme not in ("postgres", "postgresql"):
        raise NotImplementedError("DATABASE_URL names no PostgreSQL database")
    try:
        importlib.import_module("django.db.backends.postgresql.base")
    except ImproperlyConfigured as error:
        raise NotImplementedError("no PostgreSQL: %s" % error) from error
    parts = {"NAME": url.path[1:], "USER": url.username, "PASSWORD": url.password, "HOST": url.hostname}
    database = {key: unquote(part or "") for key, part in parts.items()}
    schema = {"options": "-c search_path=%s" % schema_name()}
    return dict(database, ENGINE="django.db.backends.postgresql", PORT=url.port or "", OPTIONS=schema)


def schema_name():
    return "benchproject_%d" % os.getpid()


def teardown(*params):
    """Drop what is left in PostgreSQL; asv calls this after each benchmark of the file."""
    created.close()


created = contextlib.ExitStack()


class Items:
    """A database with the forum's items, and the ways to it. The last of a scenario's parameters names it."""

    APIS = {"sync ORM": "sync", "sync_to_async": "async", "async ORM": "async"}
    DATABASES = {"SQLite": lambda: sqlite.DATABASES["default"], "PostgreSQL": postgresql}

    def settings(self, *variant, max_age=None):
        database = dict(self.DATABASES[variant[-1]](), CONN_MAX_AGE=max_age)
        return {"DATABASES": {"default": database}, "INSTALLED_APPS": ["benchproject.forum"]}

    def create(self, operation, api, database):
        """Create the tables and the items, once Django is known to have the operation."""
        from benchproject.forum.models import fill

        if api == "async ORM":
            need_async(operation)
        if database == "PostgreSQL":
            execute("CREATE SCHEMA " + schema_name())
            created.callback(execute, "DROP SCHEMA %s CASCADE" % schema_name())
        sqlite.create_tables()
        connection.ensure_connection()  # Django 6.0 does not before it asks SQLite how many rows an INSERT takes
        fill()


def need_async(operation):
    """Raise NotImplementedError where Django has only the sync method."""
    project.need("async queries (Django 4.1)", hasattr(models.QuerySet, "aget"))
    project.need("Model.asave (Django 4.2)", operation != "save" or hasattr(models.Model, "asave"))
    project.need("async transactions", operation != "atomic" or hasattr(transaction, "aatomic"))


def begins(database):
    """Tell whether Django begins a transaction by a statement; psycopg does by itself."""
    return database == "SQLite"


def execute(sql):
    """Execute SQL beside the ORM, and return its cursor."""
    cursor = connection.cursor()
    cursor.execute(sql)
    return cursor


@cells.costed(["WSGI", "ASGI"], ["sync ORM", "async ORM"], ["kept"], ["SQLite"])
class Forum(Items, cells.Cells):
    """What does the forum's view cost: a list of items, then one item's detail?

    Isolates the way to the ORM, and a connection that is kept (CONN_MAX_AGE) from one opened for each request: under
    ASGI each is, and a kept one is left open. Async views since Django 3.1, async queries since 4.1.
    """

    params = [*cells.Cells.params[:1], list(Items.APIS), ["kept", "opened for each request"], list(Items.DATABASES)]
    param_names = ["interface", "api", "connection", "database"]
    urlconf = "benchproject.views.database"
    track_threads = cells.exact("threads", "threads")
    track_event_loops = cells.exact("event_loops", "loops")
    track_tasks = cells.exact("tasks", "tasks")

    def setup(self, interface, api, *variant):
        super().setup(interface, self.APIS[api], api, *variant)

    def settings(self, api, kept, database):
        return super().settings(database, max_age=None if kept == "kept" else 0)

    def prepare(self, api, kept, database):
        self.create("page", api, database)

    def path(self, api, *variant):
        return "/forum/%s/" % ("sync_to_async" if api == "sync_to_async" else self.view)

    def answer(self, *variant):
        from benchproject.forum.models import BODY

        return 200, "\n".join(["Item %d" % pk for pk in range(100, 90, -1)] + [BODY]).encode()

    def runs(self, api, kept, database):
        connections = {project.method(CONNECT): kept != "kept"} if self.connections_are_known(kept) else {}
        return {project.method(EXECUTE): 2, **connections}

    def connections_are_known(self, kept):
        """Since Django 4.0 an ASGI request has a thread of its own: no connection is kept from one to the next."""
        return kept != "kept" or self.interface == "WSGI"

    def track_connections(self, *params):
        function = project.method(CONNECT)
        return len(witness(self.request, function)[1][function])

    track_connections.unit = "connections"

    def track_connections_left(self, *params):
        """Return how many connections a request leaves open until the collector comes: of ten, once warm."""
        opened = weakref.WeakSet()

        def note(connection, **named):
            opened.add(connection)

        connection_created.connect(note)
        try:
            with uncollected():
                before = self.left_open(opened, 1)
                return (self.left_open(opened, 10) - before) / 10
        finally:
            connection_created.disconnect(note)

    def left_open(self, opened, requests):
        for _ in range(requests):
            loop.settle(self.request())
        time.sleep(0.1)  # asgiref does not wait for the thread that ends a request's thread
        return sum(each.connection is not None for each in opened)

    track_connections_left.unit = "connections"

    def prove(self, interface, api, *variant):
        super().prove(interface, self.APIS[api], api, *variant)


class AtomicRequests(Forum):
    """What does the forum's view cost in a transaction of its own (ATOMIC_REQUESTS)? Django refuses an async view."""

    params = [*cells.Cells.params[:1], ["sync ORM"], ["kept", "opened for each request"], list(Items.DATABASES)]
    track_instructions = track_time_to_anchor = track_anchor_to_itself = track_anchor_seconds = None

    def settings(self, *variant):
        settings = super().settings(*variant)
        settings["DATABASES"]["default"]["ATOMIC_REQUESTS"] = True
        return settings

    def runs(self, api, kept, database):
        executed = {project.method(EXECUTE): 2 + begins(database), transaction.Atomic.__exit__: 1}
        return {**super().runs(api, kept, database), **executed}


# What an operation must return of a table whose titles end with a seed, which has one more item.
READS = {
    "get": lambda seed: "Item 50" + seed,
    "filter": lambda seed: ["Item 1" + seed, "Item 2" + seed],
    "iterator": lambda seed: execute("SELECT SUM(id) FROM forum_item").fetchone()[0],
    "count": lambda seed: 101,
}


class Query(Items, cells.Calls):
    """What does one operation of the ORM cost, by each way to it?

    Isolates the operation over the crossings to it: no request, connection kept. Async queries since Django 4.1, asave
    since 4.2; there is no async transaction yet.
    """

    # The statements sent, what comes back, and in the table afterwards: the items, and the sum of their ``views``.
    OPERATIONS = {
        "get": (1, "Item 50", (100, 0)),
        "filter": (1, ["Item 1", "Item 2"], (100, 0)),
        "iterator": (1, 5050, (100, 0)),
        "count": (1, 100, (100, 0)),
        "create": (1, "New", (101, 1)),
        "save": (1, None, (100, 1)),
        "update": (1, 10, (100, 10)),
        "atomic": (2, 10, (100, 11)),
    }

    params = [list(OPERATIONS), list(Items.APIS), list(Items.DATABASES)]
    param_names = ["operation", "api", "database"]

    def call(self, operation, api, database):
        self.create(operation, api, database)
        from benchproject.forum import queries

        call = getattr(queries, "a" + operation if api == "async ORM" else operation)
        return sync_to_async(call) if api == "sync_to_async" else call

    def runs(self, operation, api, database):
        begin = operation == "atomic" and begins(database)
        return {project.method(EXECUTE): self.OPERATIONS[operation][0] + begin}

    def prove(self, operation, api, database):
        _, *expected = self.OPERATIONS[operation]
        execute("DELETE FROM forum_item WHERE id > 100")
        execute("UPDATE forum_item SET views = 0")
        value, _ = prove_runs(self.request, self.runs(operation, api, database))
        found = [value, execute("SELECT COUNT(*), SUM(views) FROM forum_item").fetchone()]
        if found != expected:
            raise Lie("%s returned and left %s, not %s" % (operation, found, expected))
        if operation in READS:
            self.prove_another(operation)

    def prove_another(self, operation):
        """Raise Lie unless what is read is what nobody knew before."""
        seed = secrets.token_hex(8)
        execute("UPDATE forum_item SET title = title || '%s'" % seed)
        execute("INSERT INTO forum_item (title, body, views) VALUES ('New', '', 0)")
        try:
            expected = READS[operation](seed)
            found = loop.settle(self.request())
            if found != expected:
                raise Lie("%s returned %r, not %r" % (operation, found, expected))
        finally:
            execute("DELETE FROM forum_item WHERE id > 100")
            execute("UPDATE forum_item SET title = 'Item ' || id")
