"""The forum's view, in each way in which a view reaches the database."""

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.urls import path

from benchproject.forum import queries
from benchproject.views import answered, both


def forum_sync(request):
    next(answered)
    return HttpResponse("\n".join(queries.page()))


async def forum_async(request):
    next(answered)
    return HttpResponse("\n".join(await queries.apage()))


async def forum_sync_to_async(request):
    next(answered)
    return HttpResponse("\n".join(await sync_to_async(queries.page)()))


urlpatterns = [
    *both("forum", forum_sync, forum_async),
    path("forum/sync_to_async/", forum_sync_to_async),
]
