"""Routes: few and many, nested, with converters; and views that answer with what the routes made of the path."""

from django.http import HttpResponse
from django.urls import include, path, reverse

from benchproject.views import both
from benchproject.views.responses import answering


def route(request):
    return HttpResponse(request.resolver_match.route)


def namespaces(request):
    return HttpResponse(" ".join(request.resolver_match.namespaces))


def converters(request, number, slug, key, word, rest):
    return HttpResponse("%d %s %s %s %s" % (number, slug, key.hex, word, rest))


def home_url(request):
    return HttpResponse(reverse("home"))


def article_url(request):
    return HttpResponse(reverse("article", kwargs={"year": 2024, "month": 5, "slug": "async-django"}))


route_sync, route_async = answering(route)


def urlconf(count, view):
    """Return a URLconf of ``count`` routes to one view, as a module would be one."""
    return type("URLconf", (), {"urlpatterns": [path("page-%d/" % number, view) for number in range(count)]})


def nested(depth):
    """Return the routes of the namespaces view under ``depth`` includes, level/level/..., each with its namespace."""
    routes = both("page", *answering(namespaces))
    for level in range(depth, 0, -1):
        routes = [path("level/", include((routes, "level%d" % level)))]
    return routes


urlpatterns = [
    *both("converters/<int:number>/<slug:slug>/<uuid:key>/<str:word>/<path:rest>", *answering(converters)),
    *both("home_url", *answering(home_url)),
    *both("article_url", *answering(article_url)),
    path("home/", route_sync, name="home"),
    path("articles/<int:year>/<int:month>/<slug:slug>/", route_sync, name="article"),
    path("includes/1/", include(nested(1))),
    path("includes/4/", include(nested(4))),
]
