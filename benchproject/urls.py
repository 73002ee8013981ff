"""Routes of the measured project: a path for each view, the sync and the async version side by side."""

from django.urls import path

from benchproject import views

urlpatterns = [
    path("hello/sync/", views.hello_sync),
    path("hello/async/", views.hello_async),
]
