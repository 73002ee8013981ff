"""Views that read what a request carries, and answer with a proof of what they read."""

import json
import zlib

from django.http import HttpResponse

from benchproject.views import both
from benchproject.views.responses import answering


def summary(content):
    """Return the length of some bytes and a checksum of one in 4,099: cheap, and each 64 KB has its part in it."""
    return "%d %d" % (len(content), zlib.crc32(content[::4099]))


def query(request):
    return HttpResponse("%d %s" % (len(request.GET), request.GET["page"]))


def headers(request):
    return HttpResponse("%d %s" % (len(request.headers), request.headers["Accept-Language"]))


def cookies(request):
    return HttpResponse("%d %s" % (len(request.COOKIES), request.COOKIES["sessionid"]))


def form(request):
    return HttpResponse("%d %s" % (len(request.POST), request.POST["comment"]))


def json_body(request):
    items = json.loads(request.body)["items"]
    return HttpResponse("%d %s" % (len(items), items[-1]["name"]))


def upload(request):
    return HttpResponse(summary(request.FILES["file"].read()))


def body(request):
    return HttpResponse(summary(request.body))


def unread(request):
    return HttpResponse(request.META["CONTENT_LENGTH"])


urlpatterns = [
    route
    for view in (query, headers, cookies, form, json_body, upload, body, unread)
    for route in both(view.__name__, *answering(view))
]
