"""Routing: from the path to the view, by the number and kind of the routes, and back by reverse."""

import re

import django.urls

from benchproject.views import routing as views
from harness import cells
from harness.response import Lie


class Routes(cells.NativeCells):
    """What does the number of routes cost a request, for one that matches the first and the last?

    Since Django 3.0 (ASGI: 3.1).
    """

    ROUTES = {
        "1": (1, 0),
        "100, first": (100, 0),
        "100, last": (100, 99),
        "1000, first": (1000, 0),
        "1000, last": (1000, 999),
    }

    params, param_names = cells.over(cells.NativeCells, routes=list(ROUTES))

    def settings(self, routes):
        return {"ROOT_URLCONF": views.urlconf(self.ROUTES[routes][0], getattr(views, "route_" + self.view))}

    def path(self, routes):
        return "/page-%d/" % self.ROUTES[routes][1]

    def answer(self, routes):
        return 200, self.path(routes)[1:].encode()

    def prove_response(self, response, routes):
        super().prove_response(response, routes)
        there = [str(route.pattern) for route in django.urls.get_resolver().url_patterns]
        found = (len(set(there)), there.index(response.body.decode()))
        if found != self.ROUTES[routes]:
            raise Lie("asked for routes %s, found number %d of %d" % (routes, found[1], found[0]))


class Includes(cells.NativeCells):
    """What do nested includes cost, each with a namespace of its own? Since Django 3.0 (ASGI: 3.1)."""

    urlconf = "benchproject.views.routing"
    params, param_names = cells.over(cells.NativeCells, depth=[1, 4])

    def path(self, depth):
        return "/includes/%d/%spage/%s/" % (depth, "level/" * depth, self.view)

    def answer(self, depth):
        return 200, " ".join("level%d" % level for level in range(1, depth + 1)).encode()


@cells.costed()
class Converters(cells.NativeCells):
    """What does one route with each of Django's five path converters cost? Since Django 3.0 (ASGI: 3.1)."""

    CONVERTERS = ["int", "slug", "uuid", "str", "path"]

    urlconf = "benchproject.views.routing"

    def path(self):
        key = "01234567-89ab-cdef-0123-456789abcdef"
        return "/converters/2024/async-django/%s/word/a/longer/path/%s/" % (key, self.view)

    def answer(self):
        return 200, b"2024 async-django 0123456789abcdef0123456789abcdef word a/longer/path"

    def prove_response(self, response):
        super().prove_response(response)
        found = re.findall(r"<(\w+):", django.urls.resolve(self.path()).route)
        if found != self.CONVERTERS:
            raise Lie("asked for the converters %s, found %s" % (self.CONVERTERS, found))


class Reverse(cells.NativeCells):
    """What does a view's reverse of a route's name cost, without arguments and with three?

    Since Django 3.0 (ASGI: 3.1).
    """

    ROUTES = {0: ("home_url", b"/home/"), 3: ("article_url", b"/articles/2024/5/async-django/")}

    urlconf = "benchproject.views.routing"
    params, param_names = cells.over(cells.NativeCells, arguments=list(ROUTES))

    def path(self, arguments):
        return "/%s/%s/" % (self.ROUTES[arguments][0], self.view)

    def answer(self, arguments):
        return 200, self.ROUTES[arguments][1]

    def runs(self, arguments):
        return {django.urls.reverse: 1}
