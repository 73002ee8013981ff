"""Sessions: what reading and writing one costs a request, by backend."""

from harness import cells, cookies, project, proof, sqlite

BACKENDS = ["cache", "signed_cookies", "db", "cached_db"]

# SQL statements by backend and access; a write reads first, and saves in a transaction.
QUERIES = {("db", "read"): 1, ("db", "write"): 3, ("cached_db", "write"): 2}


@cells.costed(["WSGI", "ASGI"], ["cache"], ["write"])
class Session(cookies.CookieCells):
    """What does it cost to read or to write a value of the session, by the sync and by the async API?

    Isolates SessionMiddleware and its backend over handlers.Hello; the cache is locmem. Async API since Django 5.1.
    """

    params, param_names = cells.over(cookies.CookieCells, backend=BACKENDS, access=["read", "write"])
    urlconf = "benchproject.views.sessions"
    track_queries = sqlite.track_queries

    def settings(self, backend, access):
        database = {"INSTALLED_APPS": ["django.contrib.sessions"], "DATABASES": sqlite.DATABASES}
        return {
            "SESSION_ENGINE": "django.contrib.sessions.backends." + backend,
            "MIDDLEWARE": ["django.contrib.sessions.middleware.SessionMiddleware"],
            **(database if "db" in backend else {}),
        }

    def prepare(self, backend, access):
        from django.contrib.sessions.backends.base import SessionBase

        project.need("async sessions (Django 5.1)", self.view == "sync" or hasattr(SessionBase, "aget"))
        if "db" in backend:
            sqlite.create_tables()

    def before(self, backend, access):
        return "/write/red/%s/" % self.view

    def path(self, backend, access):
        return ("/read/%s/" if access == "read" else "/write/blue/%s/") % self.view

    def answer(self, backend, access):
        return 200, b"red" if access == "read" else b"Hello, world!"

    def runs(self, backend, access):
        store = "django.contrib.sessions.backends.%s.SessionStore." % backend
        load = project.method(store + ("load" if self.view == "sync" else "aload"))
        return {load: 1, sqlite.execute(): QUERIES.get((backend, access), 0)}

    def prove(self, interface, backend, access):
        self.visit(self.before(backend, access))  # so that "red" is there to be overwritten
        super().prove(interface, backend, access)

    def prove_response(self, response, backend, access):
        super().prove_response(response, backend, access)
        stored = self.visit("/read/%s/" % self.view, after=response)
        proof.prove_response(stored, 200, b"red" if access == "read" else b"blue")
