"""Authentication: what it costs to know the user of a request, to log in and to log out."""

from harness import cells, cookies, project, proof, sqlite

HASHER = "django.contrib.auth.hashers.MD5PasswordHasher"

# By action: the page seen before, the body, the SQL statements, and who the user is afterwards.
ACTIONS = {
    "user": ("/login/%s/", b"bob", 1, b"bob"),
    "authenticate": (None, b"bob", 1, b""),
    "login": (None, b"Hello, world!", 2, b"bob"),
    "logout": ("/login/%s/", b"Hello, world!", 1, b""),
}


@cells.costed(["WSGI", "ASGI"], ["user"])
class Auth(cookies.CookieCells):
    """What does it cost to load the session's user, to check a password, to check it and log in, and to log out?

    Isolates django.contrib.auth and ModelBackend: the session is all in its cookie, so that the SQL statements are
    auth's own and each request finds what the first did. The password hasher is MD5, since a hasher is made to be slow
    and would hide all else. Async API since Django 5.0.
    """

    params, param_names = cells.over(cookies.CookieCells, action=list(ACTIONS))
    urlconf = "benchproject.views.auth"
    track_queries = sqlite.track_queries

    def settings(self, action):
        return {
            "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
            "PASSWORD_HASHERS": [HASHER],
            "MIDDLEWARE": [
                "django.contrib.sessions.middleware.SessionMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
            ],
            "INSTALLED_APPS": ["django.contrib.auth", "django.contrib.contenttypes"],
            "DATABASES": sqlite.DATABASES,
        }

    def prepare(self, action):
        from django.contrib import auth
        from django.contrib.auth.models import User

        from benchproject.views.auth import CREDENTIALS

        project.need("async auth (Django 5.0)", self.view == "sync" or hasattr(auth, "alogin"))
        sqlite.create_tables()
        User.objects.create_user("alice", password="another")
        User.objects.create_user(**CREDENTIALS)

    def before(self, action):
        before = ACTIONS[action][0]
        return before and before % self.view

    def path(self, action):
        return "/%s/%s/" % (action, self.view)

    def answer(self, action):
        return 200, ACTIONS[action][1]

    def runs(self, action):
        checks = 1 if action in ("authenticate", "login") else 0
        return {project.method(HASHER + ".verify"): checks, sqlite.execute(): ACTIONS[action][2]}

    def prove_response(self, response, action):
        super().prove_response(response, action)
        proof.prove_response(self.visit("/user/%s/" % self.view, after=response), 200, ACTIONS[action][3])
