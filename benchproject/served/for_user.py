"""The served project's routes for users alone: each view first asks who the user is, and the answer tells the name.

startproject's middleware is lazy: the session and its user are queried, two SQL statements, only once a view asks.
"""

import inspect

import django
from django.http import HttpResponseForbidden
from django.urls import URLPattern

from benchproject.served import urls
from benchproject.served.answer import unavailable
from benchproject.served.visitor import HEADER


def for_user(view):
    """Return a view that answers 403 where nobody is logged in."""
    return _async(view) if inspect.iscoroutinefunction(view) else _sync(view)


def _sync(view):
    def page(request, **captured):
        user = request.user
        return _named(user, view(request, **captured)) if user.is_authenticated else HttpResponseForbidden()

    return page


def _async(view):
    async def page(request, **captured):
        if not hasattr(request, "auser"):
            return unavailable("Django %s lacks request.auser (Django 5.0)" % django.get_version())
        user = await request.auser()
        return _named(user, await view(request, **captured)) if user.is_authenticated else HttpResponseForbidden()

    return page


def _named(user, response):
    response[HEADER] = user.get_username()
    return response


urlpatterns = [URLPattern(each.pattern, for_user(each.callback)) for each in urls.urlpatterns]
