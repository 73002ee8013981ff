"""Each way in which the benchmarks of views and of errors can measure something else is refused."""

import pytest
from conftest import Suite
from test_lies import refused

BENCHMARKS, VIEWS, ERRORS = "benchmarks/views.py", "benchproject/views/views.py", "benchproject/views/errors.py"

BARE = 'HttpResponse(b"Hello, world!")'
TO_THE_CONSOLE = """
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"]},
}
"""
NOT_LOGGED = """
LOGGING = {"version": 1, "disable_existing_loggers": False, "loggers": {"django.request": {"level": "CRITICAL"}}}
"""
NOT_MAILED = """
LOGGING = {"version": 1, "disable_existing_loggers": False, "loggers": {"django": {"handlers": []}}}
"""


@pytest.mark.parametrize(
    ("benchmark", "file", "old", "new", "complaint"),
    [
        ("Style.track_hops-1", VIEWS, 'render(request, "hello.html", NAME)', BARE, "render ran 0 times"),
        ("Style.track_hops-2", VIEWS, 'TemplateResponse(request, "hello.html", NAME)', BARE, "render ran 0 times"),
        ("Style.track_hops-3", VIEWS, '"View", ViewSync.as_view()', '"View", hello_sync', "dispatch ran 0 times"),
        ("Style.track_hops-18", VIEWS, "    async def get", "    def get", "get is not async"),
        ("Style.track_hops-19", VIEWS, "    async def get", "    def get", "get is not async"),
        ("Style.track_hops-14", BENCHMARKS, "Hello, {{ name }}!", "Hello, {{ nobody }}!", "got 200 b'Hello, !'"),
        ("Decorator.track_hops-0", VIEWS, "for _name in DECORATORS", "for _name in ()", "404"),
        (
            "Decorator.track_hops-1",
            VIEWS,
            "both(_name, decorated(hello_sync, [_name])",
            "both(_name, hello_sync",
            "ran 0",
        ),
        (
            "Decorator.track_hops-4",
            VIEWS,
            "is_authenticated = True",
            "is_authenticated = False",
            "asked for status 200",
        ),
        ("Decorator.track_hops-11", VIEWS, "decorated(hello_async, list(DECORATORS))", "hello_async", "ran 0 times"),
        ("Decorator.track_hops-2", BENCHMARKS, "dummy.DummyCache", "locmem.LocMemCache", "hello_sync ran 0 times"),
        ("CachedPage.track_hops-0", BENCHMARKS, "locmem.LocMemCache", "dummy.DummyCache", "get ran 0 times"),
        ("CachedPage.track_hops-1", VIEWS, "24 * 60 * 60", "0", "ran 1 times, not"),
    ],
)
def test_a_view_that_is_not_what_its_name_says_is_refused(
    suite: Suite, benchmark: str, file: str, old: str, new: str, complaint: str
) -> None:
    suite.change(file, old, new)
    refused(suite, f"views.{benchmark}", complaint)


@pytest.mark.parametrize(
    ("benchmark", "old", "new", "complaint"),
    [
        (
            "NoRoute.track_hops-0",
            "= both(",
            "= [__import__('django').urls.path('nowhere/', raise_sync)] + both(",
            "500",
        ),
        ("Raised.track_hops-0", '"Http404": Http404', '"Http404": ValueError', "500"),
        ("Raised.track_hops-12", '"Http404": Http404', '"Http404": PermissionDenied', "403"),
        ("Raised.track_hops-14", "async def", "def", "not async"),
    ],
)
def test_an_error_that_is_another_is_refused(suite: Suite, benchmark: str, old: str, new: str, complaint: str) -> None:
    suite.change(ERRORS, old, new)
    refused(suite, f"errors.{benchmark}", complaint)


@pytest.mark.parametrize(
    ("logging", "complaint"),
    [
        (TO_THE_CONSOLE, "StreamHandler.emit ran 1 times, not 0"),
        (NOT_LOGGED, "_log ran 0 times"),
        (NOT_MAILED, "AdminEmailHandler.emit ran 0 times"),
    ],
)
@pytest.mark.parametrize("cell", [2, 14])
def test_an_error_that_is_logged_otherwise_is_refused(suite: Suite, cell: int, logging: str, complaint: str) -> None:
    suite.change("benchproject/settings.py", "DEBUG = False", "DEBUG = False" + logging)
    refused(suite, f"errors.Raised.track_hops-{cell}", complaint)


def test_an_error_that_the_view_answers_itself_is_refused(suite: Suite) -> None:
    suite.change(ERRORS, "from django.http import Http404", "from django.http import Http404, HttpResponse")
    suite.change(ERRORS, 'raise ERRORS[error]("planned")', f"return {BARE}")
    refused(suite, "errors.Raised.track_hops-3", "process_exception ran 0 times")
