"""Views that fail, with each of the exceptions that Django tells apart."""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from benchproject.views import answered, both

ERRORS = {"Http404": Http404, "PermissionDenied": PermissionDenied, "ValueError": ValueError}


def raise_sync(request, error):
    next(answered)
    raise ERRORS[error]("planned")


async def raise_async(request, error):
    next(answered)
    raise ERRORS[error]("planned")


urlpatterns = both("<error>", raise_sync, raise_async)
