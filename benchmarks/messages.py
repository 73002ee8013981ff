"""The messages framework: what it costs to add a message for the next page, and to show it there."""

from harness import cells, cookies, project, proof

STORAGES = {
    "cookie": "django.contrib.messages.storage.cookie.CookieStorage",
    "session": "django.contrib.messages.storage.session.SessionStorage",
}


@cells.costed(["WSGI", "ASGI"], ["cookie"], ["add", "read"])
class Message(cookies.CookieCells):
    """What does it cost to add a message and to read it, by storage?

    Isolates MessageMiddleware over handlers.Hello and, for the session storage, SessionMiddleware; the session is all
    in its cookie, so that each request finds the message that the first found. The API is sync in async views too.
    """

    params, param_names = cells.over(cookies.CookieCells, storage=list(STORAGES), access=["add", "read"])
    urlconf = "benchproject.views.messages"

    def settings(self, storage, access):
        session = ["django.contrib.sessions.middleware.SessionMiddleware"] if storage == "session" else []
        return {
            "MESSAGE_STORAGE": STORAGES[storage],
            "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
            "MIDDLEWARE": [*session, "django.contrib.messages.middleware.MessageMiddleware"],
        }

    def before(self, storage, access):
        return "/add/%s/" % self.view if access == "read" else None

    def path(self, storage, access):
        return "/%s/%s/" % (access, self.view)

    def answer(self, storage, access):
        return 200, b"Hello, world!" if access == "add" else b"Saved."

    def runs(self, storage, access):
        return {project.method(STORAGES[storage] + "._store"): 1}

    def prove_response(self, response, storage, access):
        super().prove_response(response, storage, access)
        shown = self.visit("/read/%s/" % self.view, after=response)
        proof.prove_response(shown, 200, b"Saved." if access == "add" else b"")
