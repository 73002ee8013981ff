"""Middleware of each kind, which passes the request on and does nothing else, so that its kind alone is measured.

Each kind is a factory as MIDDLEWARE names it, beside the functions that run for a request.
"""

from asgiref.sync import iscoroutinefunction
from django.http import HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.utils import decorators

try:
    from django.middleware import MiddlewareMixin  # since Django 6.2
except ImportError:
    from django.utils.deprecation import MiddlewareMixin

# Django 3.0 knows no kinds; each of its middlewares is sync.
_sync_and_async = getattr(decorators, "sync_and_async_middleware", lambda factory: factory)
_async_only = getattr(decorators, "async_only_middleware", lambda factory: factory)


def sync_only(get_response):
    def middleware(request):
        return get_response(request)

    return middleware


@_async_only
def async_only(get_response):
    async def middleware(request):
        return await get_response(request)

    return middleware


@_sync_and_async
def hybrid(get_response):
    return async_only(get_response) if iscoroutinefunction(get_response) else sync_only(get_response)


class Mixin(MiddlewareMixin):
    def process_request(self, request):
        pass

    def process_response(self, request, response):
        return response


class ViewHook(MiddlewareMixin):
    def process_view(self, request, view_func, view_args, view_kwargs):
        pass


class ExceptionHook(MiddlewareMixin):
    def process_exception(self, request, exception):
        return HttpResponse(b"Hello, world!")


class TemplateResponseHook(MiddlewareMixin):
    def process_template_response(self, request, response):
        return response


class GZip(GZipMiddleware):
    """Without the bytes that Django adds since 4.2, since chance decides how many they are."""

    max_random_bytes = 0
