"""Sets up the measured project, and says what the Django at hand cannot do."""

import importlib.util
import inspect
import os

import django
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.utils.module_loading import import_string

ENTRIES = {"WSGI": "benchproject.wsgi", "ASGI": "benchproject.asgi"}


def configure(**overrides):
    """Set Django up with ``benchproject.settings``, some of them overridden. Once a process: Django allows no more."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchproject.settings"
    for name, value in overrides.items():
        setattr(settings, name, value)
    django.setup()


def application(interface):
    """Return the measured project's application, as a server would import it.

    Raises NotImplementedError, asv's word for n/a, on a Django from before ASGI.
    """
    if interface == "ASGI":
        need("ASGI (Django 3.0)", _has("django.core.handlers.asgi"))
    return importlib.import_module(ENTRIES[interface]).application


def need_async_views():
    """Raise NotImplementedError on a Django that cannot run an async view."""
    need("async views (Django 3.1)", hasattr(BaseHandler, "get_response_async"))


def need(feature, there):
    """Raise NotImplementedError unless ``feature`` is ``there``: asv then stores n/a, and shows this reason."""
    if not there:
        raise NotImplementedError("Django %s lacks %s" % (django.get_version(), feature))


def method(name):
    """Return the function of a method by its dotted name, ``module.Class.method``."""
    name, _, method_name = name.rpartition(".")
    return inspect.unwrap(getattr(import_string(name), method_name))


def _has(module):
    return importlib.util.find_spec(module) is not None
