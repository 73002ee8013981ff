"""The page of a site: what the request costs that most sites serve, as hello world is nobody's site."""

from django.db import connection
from django.template import Template

from benchproject import startproject
from benchproject.forum import content
from harness import cells, cookies, loop, project, sqlite
from harness.response import Lie

LOCMEM, CACHED = "django.template.loaders.locmem.Loader", "django.template.loaders.cached.Loader"
TEMPLATES = {"page.html": content.TEMPLATE}


@cells.costed()
class Page(cookies.CookieCells):
    """What does a page of a site cost? startproject's middleware, a session, its user, two queries, a template.

    The session and the user are in a database: four SQL statements. The template, of twenty rows, has been compiled.
    The connection is kept, but for ASGI requests since Django 4.0. Async view since Django 5.0.
    """

    urlconf = "benchproject.views.page"
    track_queries = sqlite.track_queries

    def settings(self):
        loaders = [(CACHED, [(LOCMEM, TEMPLATES)])]
        engine = {"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"loaders": loaders}}
        return {
            "INSTALLED_APPS": [*startproject.INSTALLED_APPS, "benchproject.forum"],
            "MIDDLEWARE": startproject.MIDDLEWARE,
            "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
            "DATABASES": {"default": dict(sqlite.DATABASES["default"], CONN_MAX_AGE=None)},
            "TEMPLATES": [engine],
        }

    def prepare(self):
        from django.contrib import auth
        from django.contrib.auth.models import User

        from benchproject.forum.models import fill
        from benchproject.views.auth import CREDENTIALS

        project.need("async auth (Django 5.0)", self.view == "sync" or hasattr(auth, "alogin"))
        sqlite.create_tables()
        connection.ensure_connection()  # Django 6.0 does not before it asks SQLite how many rows an INSERT takes
        fill()
        User.objects.create_user("alice", password="another")
        User.objects.create_user(**CREDENTIALS)

    def setup(self, interface):
        super().setup(interface)
        loop.settle(self.request())  # for the first time the template is compiled

    def before(self):
        return "/login/%s/" % self.view

    def path(self):
        return "/page/%s/" % self.view

    def answer(self):
        rows = [(pk, "ITEM %d" % pk) for pk in range(content.ITEMS, content.ITEMS - content.ROWS, -1)]
        row = '\n<tr class="%s">\n<td>%d<td>%s<td>What does one request cost, \u2026</tr>'
        table = "".join(row % (("odd", "even")[place % 2], *each) for place, each in enumerate(rows))
        head = "<!DOCTYPE html>\n<title>Forum</title>\n<p>Hello, bob!</p>\n"
        body = "%s<table>%s\n</table>\n<article><p>%s</p></article>\n" % (head, table, content.BODY)
        return 200, body.encode()

    def headers(self):
        return {**super().headers(), "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Vary": "Cookie"}

    def runs(self):
        return {sqlite.execute(): 4, Template.__init__: 0, Template.render: 1}

    def prove_request(self, request):
        missing = [
            name for name in ("session", "csrf_processing_done", "user", "_messages") if not hasattr(request, name)
        ]
        if missing:
            raise Lie("the view's request lacks %s" % ", ".join(missing))
