"""A view that reads an upload, beside hello world."""

from benchproject.views import both, hello, requests
from benchproject.views.responses import answering

urlpatterns = [*hello.urlpatterns, *both("body", *answering(requests.body))]
