"""Settings of the served project behind startproject's middleware: sessions and users in its database."""

from benchproject import startproject
from benchproject.served.settings import *  # noqa: F403

ROOT_URLCONF = "benchproject.served.for_user"
INSTALLED_APPS = [*startproject.INSTALLED_APPS, "benchproject.forum"]
MIDDLEWARE = startproject.MIDDLEWARE

# What runserver's checks, and the static files' app, want to be there.
STATIC_URL = "static/"
_PROCESSORS = ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"]
_PROCESSORS += ["django.contrib.messages.context_processors.messages"]
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"context_processors": _PROCESSORS}}
]
