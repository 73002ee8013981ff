"""The middleware chain: what each kind of middleware costs, and the crossings that a mixed chain makes."""

import gzip
import hashlib
import json

from django.core.cache.backends.locmem import LocMemCache
from django.core.handlers.base import BaseHandler

from benchproject import middleware, startproject
from benchproject.views import responses
from harness import cells, loop, project
from harness.response import Lie

# One hook of each, by which the proof knows that it ran; they are there in each Django since 3.0.
STARTPROJECT_RUNS = [
    "django.middleware.security.SecurityMiddleware.process_request",
    "django.contrib.sessions.middleware.SessionMiddleware.process_response",
    "django.middleware.common.CommonMiddleware.process_request",
    "django.middleware.csrf.CsrfViewMiddleware.process_view",
    "django.contrib.auth.middleware.AuthenticationMiddleware.process_request",
    "django.contrib.messages.middleware.MessageMiddleware.process_request",
    "django.middleware.clickjacking.XFrameOptionsMiddleware.process_response",
]

# What other middlewares leave at the request that reaches the view; those before them are seen by their headers.
STARTPROJECT_LEAVES = ["session", "csrf_processing_done", "user", "_messages"]

KINDS = {
    "sync-only": "sync_only",
    "async-only": "async_only",
    "hybrid": "hybrid",
    "MiddlewareMixin": "Mixin",
}


def stack(*kinds):
    """Return the settings of a chain of benchproject's middlewares. Raises NotImplementedError before Django 3.1."""
    if {"async-only", "hybrid"} & set(kinds):
        project.need_async_views()
    return {"MIDDLEWARE": ["benchproject.middleware." + KINDS[kind] for kind in kinds]}


@cells.costed()
class StartProject(cells.Cells):
    """What does the chain of a new project cost, its seven middlewares? Isolates them over handlers.Hello."""

    rounds = 2
    layouts = 6
    pairs = 8
    track_garbage = cells.garbage

    def settings(self):
        return {"INSTALLED_APPS": startproject.INSTALLED_APPS, "MIDDLEWARE": startproject.MIDDLEWARE}

    def headers(self):
        added = {"Content-Length": "13", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
        return {**super().headers(), **added}

    def runs(self):
        return {project.method(name): 1 for name in STARTPROJECT_RUNS}

    def prove_request(self, request):
        missing = [name for name in STARTPROJECT_LEAVES if not hasattr(request, name)]
        if missing:
            raise Lie("the view's request lacks %s" % ", ".join(missing))


class Stack(cells.Cells):
    """What does a stack of one kind cost, by its depth? Crossings by kind and depth are the heart of it.

    Each middleware only passes the request on. Kinds since Django 3.1: before, all middleware is sync.
    """

    params, param_names = cells.over(cells.Cells, kind=list(KINDS), depth=[1, 4, 10])

    def settings(self, kind, depth):
        return stack(*[kind] * depth)

    def runs(self, kind, depth):
        if kind == "MiddlewareMixin":
            return {middleware.Mixin.process_request: depth, middleware.Mixin.process_response: depth}
        runs_async = kind == "async-only" or (kind == "hybrid" and self.interface == "ASGI")
        return {middleware.async_only(None) if runs_async else middleware.sync_only(None): depth}


class Alternating(cells.Cells):
    """What does a chain cost in which sync-only and async-only middleware alternate, each a crossing from the other?"""

    params, param_names = cells.over(cells.Cells, depth=[2, 4, 10])

    def settings(self, depth):
        return stack(*["sync-only", "async-only"] * (depth // 2))

    def runs(self, depth):
        return {middleware.sync_only(None): depth // 2, middleware.async_only(None): depth // 2}


class Hook(cells.Cells):
    """What does a middleware's hook around the view cost? Each is sync, as MiddlewareMixin has it."""

    HOOKS = {
        "process_view": ("ViewHook", "hello"),
        "process_exception": ("ExceptionHook", "raise"),
        "process_template_response": ("TemplateResponseHook", "template_response"),
    }

    params, param_names = cells.over(cells.Cells, hook=list(HOOKS))

    def settings(self, hook):
        return {"MIDDLEWARE": ["benchproject.middleware." + self.HOOKS[hook][0]]}

    def path(self, hook):
        return "/%s/%s/" % (self.HOOKS[hook][1], self.view)

    def runs(self, hook):
        runs = {getattr(getattr(middleware, self.HOOKS[hook][0]), hook): 1}
        return {BaseHandler.process_exception_by_middleware: int(hook == "process_exception"), **runs}


class Added(cells.Cells):
    """What does a middleware cost that many sites add to startproject's? Isolates each over a response of JSON.

    LocaleMiddleware finds a language that the request accepts, GZipMiddleware compresses 1.4 KB without the random
    bytes that it adds, ConditionalGetMiddleware answers 304 to who has the response, and the cache's two answer from
    LocMemCache in the view's place. Since Django 3.0 (async views: 3.1).
    """

    MIDDLEWARE = {
        "locale": ["django.middleware.locale.LocaleMiddleware"],
        "gzip": ["benchproject.middleware.GZip"],
        "conditional GET": ["django.middleware.http.ConditionalGetMiddleware"],
        "cache": ["django.middleware.cache.UpdateCacheMiddleware", "django.middleware.cache.FetchFromCacheMiddleware"],
    }
    BODY = json.dumps(responses.OBJECT).encode()
    ETAG = '"%s"' % hashlib.md5(BODY).hexdigest()
    SENT = {
        "locale": [("Accept-Language", "de")],
        "gzip": [("Accept-Encoding", "gzip")],
        "conditional GET": [("If-None-Match", ETAG)],
    }
    COMES_BACK = {
        "locale": {"Content-Language": "de"},
        "gzip": {"Content-Encoding": "gzip"},
        "conditional GET": {"ETag": ETAG},
        "cache": {"Cache-Control": "max-age=600"},
    }

    params, param_names = cells.over(cells.Cells, added=list(MIDDLEWARE))
    urlconf = "benchproject.views.responses"

    def settings(self, added):
        caches = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        return {"MIDDLEWARE": self.MIDDLEWARE[added], "CACHES": caches}

    def setup(self, interface, view, added):
        super().setup(interface, view, added)
        if added == "cache":
            loop.settle(self.request())

    def path(self, added):
        return "/json/%s/" % self.view

    def message(self, added):
        return {"headers": self.SENT.get(added, [])}

    def answer(self, added):
        return (304, b"") if added == "conditional GET" else (200, self.BODY)

    def headers(self, added):
        return self.COMES_BACK[added]

    def view_function(self, added):
        return None if added == "cache" else super().view_function(added)

    def runs(self, added):
        if added == "cache":
            return {project.method(self.MIDDLEWARE[added][1] + ".process_request"): 1, LocMemCache.get: 2}
        return {project.method(self.MIDDLEWARE[added][0] + ".process_response"): 1}

    def prove_response(self, response, added):
        if response.body[:2] == b"\x1f\x8b":
            response = response._replace(body=gzip.decompress(response.body))
        super().prove_response(response, added)
