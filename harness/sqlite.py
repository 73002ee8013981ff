"""The database of the scenarios that need one: SQLite in memory, the same for all threads of the process.

A database of SQLite's "memdb" (SQLite 3.36) is one for all connections of a process, which ":memory:" is not, and
Django takes it for a file, so that connections are opened and closed as in production. No disk's time is measured,
and nothing is left behind.

A scenario has ``DATABASES`` in its ``settings()``, beside the INSTALLED_APPS of its models, and calls
``create_tables()`` in its ``prepare()``.
"""

import sqlite3

from harness.proof import witness

NAME = "file:/benchproject?vfs=memdb"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": NAME}}

_kept = None


def create_tables():
    """Create the tables of all models of INSTALLED_APPS, and keep the database until the process ends."""
    from django.apps import apps
    from django.db import connection

    global _kept
    _kept = sqlite3.connect(NAME, uri=True)  # SQLite drops the database with its last connection
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            editor.create_model(model)
    connection.close()


def drop():
    """Drop the database, where this process made it."""
    global _kept
    if _kept:
        _kept.close()
    _kept = None


def execute():
    """Return the function that starts once for each SQL statement that is sent."""
    from django.db.backends.utils import CursorWrapper

    return CursorWrapper.execute


def track_queries(self, *params):
    """Exact metric of a scenario: the SQL statements that one request or call sends."""
    return len(witness(self.request, execute())[1][execute()])


track_queries.unit = "queries"
