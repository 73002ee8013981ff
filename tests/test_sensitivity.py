"""One more Python call in a part of Django's request path is shown by that part's scenarios and by no other."""

import shutil
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


Times = dict[tuple[str, int], int]
"""How often something happens in one request, by benchmark and cell."""


class Sensitivity(NamedTuple):
    """How often the functions of plants start on the newest Django, and the calls that the plants add to it."""

    passed: dict[str, Times]
    added: dict[str, Times]


@pytest.fixture(scope="module")
def sensitivity(djangos: Djangos, tmp_path_factory: pytest.TempPathFactory) -> Sensitivity:
    """All plants are measured in one tree, each with so many calls that those of others cannot stand in for its own."""
    before = djangos.run_cells(djangos.path(Djangos.NEWEST), SCENARIOS, *(plant.function for plant in PLANTS.values()))
    passed = {
        name: {cell: outcome["starts"][number] for cell, outcome in measured(before).items()}
        for number, name in enumerate(PLANTS)
    }
    calls = {}
    each = 1
    for name, times in passed.items():
        calls[name] = each
        each *= max(times.values()) + 1
    after = measured(djangos.run_cells(planted(djangos, tmp_path_factory.mktemp("django"), calls), SCENARIOS))
    left = {cell: after[cell]["value"] - outcome["value"] for cell, outcome in measured(before).items()}
    added: dict[str, Times] = {}
    for name, each in reversed(calls.items()):
        added[name] = {cell: calls // each for cell, calls in left.items()}
        left = {cell: calls % each for cell, calls in left.items()}
    return Sensitivity(passed, added)


def measured(found: dict[str, Any]) -> dict[tuple[str, int], Any]:
    """Return the outcomes that have a value."""
    return {
        (benchmark, index): outcome
        for benchmark, cells in found.items()
        for index, outcome in enumerate(cells)
        if "value" in outcome
    }


def planted(djangos: Djangos, folder: Path, calls: dict[str, int]) -> Path:
    """Return a copy of the newest Django in which each plant's function makes so many calls more."""
    shutil.copytree(djangos.path(Djangos.NEWEST) / "django", folder / "django", ignore=shutil.ignore_patterns("static"))
    for name, plant in PLANTS.items():
        path = folder / "django" / plant.file
        source = path.read_text()
        assert source.count(plant.head) >= 1
        lines = f"{plant.head}\n        for _ in range({calls[name]}):\n            _planted()"
        path.write_text(f"{source.replace(plant.head, lines, 1)}\n\ndef _planted():\n    pass\n")
    return folder


@pytest.mark.parametrize("name", PLANTS)
def test_one_more_call_is_shown_where_it_is_and_nowhere_else(sensitivity: Sensitivity, name: str) -> None:
    assert any(sensitivity.passed[name].values())
    assert sensitivity.added[name] == sensitivity.passed[name]
