"""Views: what each of Django's styles costs over a function, and each of the decorators that people stack."""

from asgiref.sync import iscoroutinefunction
from django.core.cache.backends.locmem import LocMemCache
from django.template import Template
from django.urls import resolve
from django.views import View

from harness import cells, loop, project

LOCMEM, CACHED = "django.template.loaders.locmem.Loader", "django.template.loaders.cached.Loader"
TEMPLATES = {
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "OPTIONS": {"loaders": [(CACHED, [(LOCMEM, {"hello.html": "Hello, {{ name }}!"})])]},
}


class Style(cells.Cells):
    """What does a view of each style cost over the function, which handlers.Hello has?

    The template is compiled once and cached, as it is with DEBUG off. Async handlers in classes since Django 4.1.
    """

    STARTS = {
        "function": [],
        "render": [Template.render],
        "TemplateResponse": [Template.render],
        "View": [View.dispatch],
        "TemplateView": [View.dispatch, Template.render],
    }

    urlconf = "benchproject.views.views"
    params, param_names = cells.over(cells.Cells, style=list(STARTS))
    varies = True

    def settings(self, style):
        there = self.view == "sync" or "View" not in style or hasattr(View, "view_is_async")
        project.need("async handlers in class-based views (Django 4.1)", there)
        return {"TEMPLATES": [TEMPLATES]}

    def setup(self, interface, view, style):
        super().setup(interface, view, style)
        loop.settle(self.request())  # for the first time a template is compiled

    def path(self, style):
        return "/%s/%s/" % (style, self.view)

    def runs(self, style):
        return {Template.__init__: 0, **dict.fromkeys(self.STARTS[style], 1)}

    def answer(self, style):
        return 200, b"Hello, %s!" % (self.seed or "world").encode()

    def prove_another(self, style):
        from benchproject.views import views  # needs settings to be imported

        if Template.render in self.STARTS[style]:
            views.NAME["name"] = self.seed
            try:
                super().prove_another(style)
            finally:
                views.NAME["name"] = "world"


@cells.costed(["WSGI", "ASGI"], ["all"])
class Decorator(cells.NativeCells):
    """What does a decorator cost a view? Isolates it over views.Style's function; cache_page finds an empty cache.

    login_required has a user at hand, without a session. Each decorates async views since Django 5.0 or 5.1.
    """

    urlconf = "benchproject.views.views"
    params, param_names = cells.over(
        cells.NativeCells,
        decorator=["csrf_exempt", "never_cache", "cache_page", "require_http_methods", "login_required", "all"],
    )
    backend = "dummy.DummyCache"

    def settings(self, decorator):
        cache = {"default": {"BACKEND": "django.core.cache.backends." + self.backend}}
        log_in = ["benchproject.views.views.log_in"] if decorator in ("login_required", "all") else []
        return {"CACHES": cache, "MIDDLEWARE": log_in}

    def path(self, decorator):
        return "/%s/%s/" % (decorator, self.view)

    def prepare(self, decorator):
        there = self.interface == "WSGI" or iscoroutinefunction(resolve(self.path(decorator)).func)
        project.need("%s on async views (Django 5.0)" % decorator, there)

    def runs(self, decorator):
        from benchproject.views import views  # needs settings to be imported

        names = views.DECORATORS if decorator == "all" else [decorator]
        view = views.hello_sync if self.view == "sync" else views.hello_async
        return {views.decorated(view, [name]): 1 for name in names}


@cells.costed()
class CachedPage(Decorator):
    """What does cache_page cost where the page is in the cache, and the view does not run? Over LocMemCache."""

    params, param_names = cells.over(cells.NativeCells, decorator=["cache_page"])
    backend = "locmem.LocMemCache"

    def setup(self, interface, decorator):
        super().setup(interface, decorator)
        loop.settle(self.request())

    def runs(self, decorator):
        return dict(super().runs(decorator)) | {LocMemCache.get: 2}

    def view_function(self, decorator):
        return None
