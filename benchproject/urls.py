"""All routes of the measured project, for who serves it; a benchmark has those of its part alone."""

from benchproject.views import hello

urlpatterns = [
    *hello.urlpatterns,
]
