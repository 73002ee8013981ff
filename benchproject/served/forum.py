"""The forum's page: a list of items and the detail of one, two queries, by the ORM or by a driver itself.

The connections: "query" opens one for each query, "request" one for each request, "persistent" one for each thread,
"pool" takes them from a pool.
"""

import importlib

from django.core.handlers.wsgi import WSGIRequest

from benchproject.served.answer import answer, seconds, unavailable

DRIVERS = {
    "orm": "benchproject.served.by_orm",
    "psycopg2": "benchproject.served.by_psycopg2",
    "psycopg": "benchproject.served.by_psycopg",
    "asyncpg": "benchproject.served.by_asyncpg",
}
CONNECTIONS = ["query", "request", "persistent", "pool"]


def page_sync(request, driver, connections):
    try:
        return answer("\n".join(_module(driver, connections).page(connections, seconds(request))))
    except NotImplementedError as problem:
        return unavailable(problem)


async def page_async(request, driver, connections):
    try:
        if connections == "pool" and driver != "orm" and isinstance(request, WSGIRequest):
            raise NotImplementedError("an async pool lives in one event loop; under WSGI each request has its own")
        return answer("\n".join(await _module(driver, connections).apage(connections, seconds(request))))
    except NotImplementedError as problem:
        return unavailable(problem)


def _module(driver, connections):
    if driver not in DRIVERS or connections not in CONNECTIONS:
        raise NotImplementedError("no driver %s with connections %s" % (driver, connections))
    try:
        return importlib.import_module(DRIVERS[driver])
    except ImportError as problem:
        raise NotImplementedError(str(problem)) from problem
