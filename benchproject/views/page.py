"""The page of a site: who is logged in, the newest items of the forum and the oldest one's body, by a template."""

from django.shortcuts import render

from benchproject.forum.content import ROWS
from benchproject.forum.models import Item
from benchproject.views import answered, auth, both


def page_sync(request):
    next(answered)
    items = list(Item.objects.order_by("-pk")[:ROWS])
    context = {"name": request.user.get_username(), "items": items, "oldest": Item.objects.get(pk=1)}
    return render(request, "page.html", context)


async def page_async(request):
    next(answered)
    name = (await request.auser()).get_username()  # a template cannot wait for it
    items = [item async for item in Item.objects.order_by("-pk")[:ROWS]]
    return render(request, "page.html", {"name": name, "items": items, "oldest": await Item.objects.aget(pk=1)})


urlpatterns = [
    *both("page", page_sync, page_async),
    *both("login", auth.login_sync, auth.login_async),
]
