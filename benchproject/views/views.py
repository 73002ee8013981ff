"""Views in each of Django's styles, and one small view under each of the decorators that people stack."""

import functools

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.views.decorators.cache import cache_page, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from django.views.generic import TemplateView, View

from benchproject.views import answered, both

NAME = {"name": "world"}


def hello_sync(request):
    next(answered)
    return HttpResponse(b"Hello, world!")


async def hello_async(request):
    next(answered)
    return HttpResponse(b"Hello, world!")


class ViewSync(View):
    def get(self, request):
        next(answered)
        return HttpResponse(b"Hello, world!")


class ViewAsync(View):
    async def get(self, request):
        next(answered)
        return HttpResponse(b"Hello, world!")


class TemplateViewSync(TemplateView):
    template_name = "hello.html"
    extra_context = NAME

    def get(self, request):
        next(answered)
        return super().get(request)


class TemplateViewAsync(TemplateView):
    template_name = "hello.html"
    extra_context = NAME

    async def get(self, request):
        next(answered)
        return super().get(request)


def template_response_sync(request):
    next(answered)
    return TemplateResponse(request, "hello.html", NAME)


async def template_response_async(request):
    next(answered)
    return TemplateResponse(request, "hello.html", NAME)


def render_sync(request):
    next(answered)
    return render(request, "hello.html", NAME)


async def render_async(request):
    next(answered)
    return render(request, "hello.html", NAME)


# From the outermost: the order in which a view can have all five.
DECORATORS = {
    "csrf_exempt": csrf_exempt,
    "require_http_methods": require_http_methods(["GET", "HEAD"]),
    "login_required": login_required,
    "never_cache": never_cache,
    "cache_page": cache_page(24 * 60 * 60),
}


def decorated(view, names):
    """Return ``view`` under the named decorators, the first of them outermost."""
    return functools.reduce(lambda inner, name: DECORATORS[name](inner), reversed(names), view)


class Member:
    """A user who is logged in, without the session and the database that would know one."""

    is_authenticated = True


def log_in(get_response):
    """Put a user on the request as AuthenticationMiddleware does, without its session and database."""
    member = Member()

    async def auser():
        return member

    def middleware(request):
        request.user, request.auser = member, auser
        return get_response(request)

    return markcoroutinefunction(middleware) if iscoroutinefunction(get_response) else middleware


log_in.sync_capable = log_in.async_capable = True

urlpatterns = [
    *both("function", hello_sync, hello_async),
    *both("View", ViewSync.as_view(), ViewAsync.as_view()),
    *both("TemplateView", TemplateViewSync.as_view(), TemplateViewAsync.as_view()),
    *both("TemplateResponse", template_response_sync, template_response_async),
    *both("render", render_sync, render_async),
    *both("all", decorated(hello_sync, list(DECORATORS)), decorated(hello_async, list(DECORATORS))),
]
for _name in DECORATORS:
    urlpatterns += both(_name, decorated(hello_sync, [_name]), decorated(hello_async, [_name]))
