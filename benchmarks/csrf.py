"""CSRF protection: what CsrfViewMiddleware costs a page with a form, and the request that the form sends."""

import re

from django.utils.crypto import constant_time_compare

from harness import cells, cookies, project
from harness.response import Lie

MIDDLEWARE = "django.middleware.csrf.CsrfViewMiddleware"


@cells.costed(["WSGI", "ASGI"], ["POST valid"])
class CSRF(cookies.CookieCells):
    """What does it cost to set the token's cookie with a page, and to check the token of a POST, right or missing?

    Isolates CsrfViewMiddleware over handlers.Hello; the token comes in the header X-CSRFToken. A POST without it is
    answered by Django's failure view, whose page is part of its figure.
    """

    params, param_names = cells.over(cookies.CookieCells, request=["GET sets token", "POST valid", "POST refused"])
    urlconf = "benchproject.views.csrf"

    def settings(self, request):
        return {"MIDDLEWARE": [MIDDLEWARE]}

    def before(self, request):
        return None if request == "GET sets token" else "/form/%s/" % self.view

    def path(self, request):
        return ("/form/%s/" if request == "GET sets token" else "/submit/%s/") % self.view

    def message(self, request):
        if request == "GET sets token":
            return {}
        return {"method": "POST", "headers": token_of(self.cookies) if request == "POST valid" else []}

    def answer(self, request):
        return (403, b"CSRF verification failed") if request == "POST refused" else (200, b"Hello, world!")

    def view_function(self, request):
        return None if request == "POST refused" else super().view_function(request)

    def runs(self, request):
        compared = {constant_time_compare: 1} if request == "POST valid" else {}
        return {project.method(MIDDLEWARE + ".process_view"): 1, **compared}

    def prove_response(self, response, request):
        status, body = self.answer(request)
        if response.status != status or body not in response.body:
            raise Lie("asked for %s %r, got %s %r" % (status, body, response.status, response.body[:80]))
        token = token_of(self.cookies_after(response))
        self.visit("/submit/%s/" % self.view, after=response, method="POST", headers=token)
        self.visit("/submit/%s/" % self.view, after=response, method="POST", status=403)


def token_of(cookies):
    """Return the header that carries the token of ``cookies``, as a script of the page would send it."""
    return [("X-CSRFToken", token) for token in re.findall("csrftoken=([^;]+)", cookies)]
