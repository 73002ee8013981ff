"""Errors: what a request costs that ends with one, by Django's default error views and logging with DEBUG off.

Nothing is written to the console then, and what is an error goes to mail_admins, which has no ADMINS to write to;
before Django 5.1 it makes the whole report even so.
"""

import logging

from django.utils.log import AdminEmailHandler

from benchproject.middleware import ExceptionHook
from harness import cells
from harness.response import Lie

HOOKED = "ValueError, process_exception"


class Failing:
    """The settings of a project without error templates of its own; the proof of the page, and of what is logged."""

    ANSWERS = {
        "no route": (404, b"<h1>Not Found</h1>"),
        "Http404": (404, b"<h1>Not Found</h1>"),
        "PermissionDenied": (403, b"<h1>403 Forbidden</h1>"),
        "ValueError": (500, b"<h1>Server Error (500)</h1>"),
        HOOKED: (200, b"Hello, world!"),
    }

    urlconf = "benchproject.views.errors"
    raises = True

    def settings(self, error="no route"):
        return {
            "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
            "MIDDLEWARE": ["benchproject.middleware.ExceptionHook"] if error == HOOKED else [],
        }

    def answer(self, error="no route"):
        """Return the status, and a part of the body: the rest is the page around Django's words."""
        return self.ANSWERS[error]

    def runs(self, error="no route"):
        status, _ = self.answer(error)
        return {
            logging.Logger._log: int(status >= 400),
            AdminEmailHandler.emit: int(status >= 500),
            logging.StreamHandler.emit: 0,
            ExceptionHook.process_exception: int(error == HOOKED),
        }

    def prove_response(self, response, *variant):
        status, part = self.answer(*variant)
        if response.status != status or part not in response.body:
            raise Lie("asked for %s %r, got %s %r" % (status, part, response.status, response.body))


@cells.costed()
class NoRoute(Failing, cells.NativeCells):
    """What does a request cost that no route matches? Isolates the default 404 over handlers.Hello."""

    def path(self):
        return "/nowhere/"

    def view_function(self):
        return None


class Raised(Failing, cells.Cells):
    """What does an exception of the view cost, where Django answers it, or the hook of a middleware?

    Isolates the conversion to a response, and its crossings, over handlers.Hello.
    """

    params, param_names = cells.over(cells.Cells, error=["Http404", "PermissionDenied", "ValueError", HOOKED])

    def path(self, error):
        return "/%s/%s/" % (error.partition(",")[0], self.view)
