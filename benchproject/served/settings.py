"""Settings of the served project. DATABASE_URL says which database: postgresql://user:password@host:port/name.

Without it, it is SQLite in the file FORUM_SQLITE. The aliases differ in how long a connection is kept. FORUM_DEBUG=1
turns DEBUG on.
"""

import os
from urllib.parse import parse_qsl, unquote, urlsplit

from benchproject.settings import *  # noqa: F403

ROOT_URLCONF = "benchproject.served.urls"
INSTALLED_APPS = ["benchproject.forum"]
DEBUG = os.environ.get("FORUM_DEBUG") == "1"

POOL_SIZE = 20
"""Connections at most of a pool, one in each worker."""


def _database(url):
    parts = urlsplit(url)
    if not parts.scheme:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("FORUM_SQLITE", "forum.sqlite3")}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


DATABASE_URL = os.environ.get("DATABASE_URL", "")
_DATABASE = _database(DATABASE_URL)
DATABASES = {
    "default": _DATABASE,  # a connection for each request
    "persistent": {**_DATABASE, "CONN_MAX_AGE": None},
    "pool": {**_DATABASE, "OPTIONS": {**_DATABASE.get("OPTIONS", {}), "pool": {"max_size": POOL_SIZE}}},
}
