"""The measured project is an ordinary one: any server can serve all of it, on the oldest Django and the newest."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT, Djangos

SERVED = """
import django
from django.test import Client
from django.urls import get_resolver
django.setup()
assert len(get_resolver().url_patterns) > 10
for path in ("/hello/sync/", "/hello/async/")[: 1 if django.VERSION < (3, 1) else 2]:
    print(path, Client().get(path).status_code)
"""


@pytest.mark.parametrize("series", [Djangos.SERIES[0], Djangos.NEWEST])
def test_all_routes_are_there(djangos: Djangos, series: str) -> None:
    environment = {"PYTHONPATH": f"{djangos.path(series)}{os.pathsep}{ROOT}"}
    environment["DJANGO_SETTINGS_MODULE"] = "benchproject.settings"
    done = subprocess.run(
        [sys.executable, "-c", SERVED], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "/hello/sync/ 200" in done.stdout
    assert ("/hello/async/ 200" in done.stdout) == (series != "3.0")
