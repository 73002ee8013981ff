"""One more Python call in a part of Django's request path is shown by that part's scenarios and by no other."""

import shutil
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import Djangos

pytestmark = pytest.mark.xdist_group("sensitivity")  # its fixtures take long: one worker has them all

SCENARIOS = r"^(handlers|clients|signals|responses|sessions|middleware\.StartProject)\..*track_python_calls$"


class Plant(NamedTuple):
    """Where one more call is planted: a file, the line of the function's head, and the function's name."""

    file: str
    head: str
    function: str


PLANTS = {
    "WSGIHandler": Plant(
        "core/handlers/wsgi.py",
        "    def __call__(self, environ, start_response):",
        "django.core.handlers.wsgi:WSGIHandler.__call__",
    ),
    "ASGIHandler": Plant(
        "core/handlers/asgi.py",
        "    async def handle(self, scope, receive, send):",
        "django.core.handlers.asgi:ASGIHandler.handle",
    ),
    "MiddlewareMixin": Plant(
        "utils/deprecation.py",
        "    async def __acall__(self, request):",
        "django.utils.deprecation:MiddlewareMixin.__acall__",
    ),
    "Signal": Plant(
        "dispatch/dispatcher.py",
        "    async def asend(self, sender, **named):",
        "django.dispatch.dispatcher:Signal.asend",
    ),
    "StreamingHttpResponse": Plant(
        "http/response.py",
        "    def _set_streaming_content(self, value):",
        "django.http.response:StreamingHttpResponse._set_streaming_content",
    ),
    "SessionMiddleware": Plant(
        "contrib/sessions/middleware.py",
        "    def process_request(self, request):",
        "django.contrib.sessions.middleware:SessionMiddleware.process_request",
    ),
    "AsyncClient": Plant(
        "test/client.py",
        "    async def request(self, **request):",
        "django.test.client:AsyncClient.request",
    ),
}


@cache
def baseline(djangos: Djangos) -> dict[str, Any]:
    functions = [plant.function for plant in PLANTS.values()]
    return djangos.run_cells(djangos.path(Djangos.NEWEST), SCENARIOS, *functions)


@pytest.fixture
def own_django(djangos: Djangos, tmp_path: Path) -> Path:
    """A copy of the newest Django that a test may change."""
    ignored = shutil.ignore_patterns("static")
    shutil.copytree(djangos.path(Djangos.NEWEST) / "django", tmp_path / "django", ignore=ignored)
    return tmp_path


@pytest.mark.parametrize("name", PLANTS)
def test_one_more_call_is_shown_where_it_is_and_nowhere_else(djangos: Djangos, own_django: Path, name: str) -> None:
    plant = PLANTS[name]
    path = own_django / "django" / plant.file
    source = path.read_text()
    assert plant.head in source
    planted = source.replace(plant.head, f"{plant.head}\n        _planted()", 1)
    path.write_text(f"{planted}\n\ndef _planted():\n    pass\n")

    before, after = baseline(djangos), djangos.run_cells(own_django, SCENARIOS)
    added = {
        (benchmark, index): after[benchmark][index]["value"] - cell["value"]
        for benchmark, cells in before.items()
        for index, cell in enumerate(cells)
        if "value" in cell
    }
    passed = {
        (benchmark, index): cell["starts"][list(PLANTS).index(name)]
        for benchmark, cells in before.items()
        for index, cell in enumerate(cells)
        if "value" in cell
    }
    assert any(passed.values())
    assert added == passed
