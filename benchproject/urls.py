"""All routes of the measured project, each part's below its name; a benchmark has those of its part alone."""

from django.urls import include, path

from benchproject.views import hello

PARTS = ["auth", "bridging", "concurrency", "csrf", "database", "disconnect", "errors"]
PARTS += ["messages", "page", "requests", "responses", "routing", "sessions", "signals", "uploads", "views"]

urlpatterns = [
    *hello.urlpatterns,
    *[path(part + "/", include("benchproject.views." + part)) for part in PARTS],
]
