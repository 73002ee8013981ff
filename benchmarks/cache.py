"""The cache framework: what an operation costs by backend, through its sync and its async API."""

import functools
import inspect

from harness import cells, project, proof, sqlite
from harness.response import Lie

BACKENDS = {"locmem": "locmem.LocMemCache", "db": "db.DatabaseCache", "dummy": "dummy.DummyCache"}
KEYS = ["key%d" % number for number in range(10)]

# The method, its arguments and, from a cache that holds ``values``, what it must return.
OPERATIONS = {
    "get hit": ("get", [KEYS[0]], lambda values: values[KEYS[0]]),
    "get miss": ("get", ["elsewhere"], lambda values: None),
    "set": ("set", [KEYS[0], "written"], lambda values: None),
    "get_many": ("get_many", [KEYS], lambda values: values),
}


class Operation(cells.Calls):
    """What does an operation on the cache cost: get, set, and get_many of ten keys?

    Isolates the cache and its database: there is no request around it. Async API since Django 4.0.
    """

    params = (["sync", "async"], ["locmem", "db"], list(OPERATIONS))
    param_names = ("api", "backend", "operation")
    track_queries = sqlite.track_queries

    def settings(self, api, backend, operation):
        # By default one set in ten, at random, counts the table's rows since Django 6.2.
        options = {"LOCATION": "cache", "OPTIONS": {"CULL_PROBABILITY": 0}}
        return {
            "CACHES": {"default": dict(options, BACKEND="django.core.cache.backends." + BACKENDS[backend])},
            "DATABASES": sqlite.DATABASES,
        }

    def call(self, api, backend, operation):
        from django.core.cache import cache
        from django.core.management import call_command

        name, arguments, _ = OPERATIONS[operation]
        project.need("async caches (Django 4.0)", api == "sync" or hasattr(cache, "a" + name))
        sqlite.create_tables()
        call_command("createcachetable", verbosity=0)
        self.written = 0
        if api == "async":
            name = "a" + name
        return functools.partial(getattr(cache, name), *arguments)

    def prove(self, api, backend, operation):
        from django.core.cache import cache, caches

        prove_equal(type(caches["default"]).__name__, BACKENDS[backend].partition(".")[2])
        self.written += 1
        values = {key: "%s of proof %d" % (key, self.written) for key in KEYS}
        cache.set_many(values)
        if backend == "dummy":
            values = {}
        prove_equal(inspect.iscoroutinefunction(self.request.func), api == "async")
        value, starts = proof.witness(self.request, sqlite.execute())
        prove_equal(bool(starts[sqlite.execute()]), backend == "db")
        prove_equal(value, OPERATIONS[operation][2](values))
        if operation == "set" and values:
            values[KEYS[0]] = "written"
        prove_equal(cache.get_many(KEYS), values)


class Dummy(Operation):
    """What does the cache API cost where nothing is cached?"""

    params = (["sync", "async"], ["dummy"], ["get miss", "set", "get_many"])


def prove_equal(found, expected):
    if found != expected:
        raise Lie("expected %r of the cache, got %r" % (expected, found))
