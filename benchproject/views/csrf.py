"""A page with a form, which needs the CSRF token, and the view that the form is sent to."""

from django.http import HttpResponse
from django.middleware.csrf import get_token

from benchproject.views import answered, both


def form_sync(request):
    next(answered)
    get_token(request)
    return HttpResponse(b"Hello, world!")


async def form_async(request):
    next(answered)
    get_token(request)
    return HttpResponse(b"Hello, world!")


def submit_sync(request):
    next(answered)
    return HttpResponse(b"Hello, world!")


async def submit_async(request):
    next(answered)
    return HttpResponse(b"Hello, world!")


urlpatterns = [
    *both("form", form_sync, form_async),
    *both("submit", submit_sync, submit_async),
]
