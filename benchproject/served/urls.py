"""Routes of the served project; each ends in sync/ or async/. ``?ms=20`` has a query, a call or a wait take so long."""

from django.urls import path

from benchproject.served import forum, stream, upstream, work
from benchproject.views import both, hello

urlpatterns = [
    *both("hello", hello.hello_sync, hello.hello_async),
    *both("cpu", work.cpu_sync, work.cpu_async),
    *both("wait", work.wait_sync, work.wait_async),
    path("forum/<driver>/<connections>/sync/", forum.page_sync),
    path("forum/<driver>/<connections>/async/", forum.page_async),
    path("upstream/<client>/<order>/sync/", upstream.calls_sync),
    path("upstream/<client>/<order>/async/", upstream.calls_async),
    path("stream/<iterator>/sync/", stream.stream_sync),
    path("stream/<iterator>/async/", stream.stream_async),
    *both("file", stream.file_sync, stream.file_async),
]
