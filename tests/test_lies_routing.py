"""Routes that are fewer, elsewhere or of another kind than their benchmark says are refused."""

import pytest
from conftest import Suite
from test_lies import refused

ONE, FIRST_OF_100, LAST_OF_100, FIRST_OF_1000, LAST_OF_1000 = range(5)
TWICE = '"urlpatterns": [path("page-%d/" % (count - 1), view)] + ['
FLAT = """
    for level in [1]:
        routes = [path("level/" * (depth - 1), include(routes))]
"""


@pytest.mark.parametrize(
    ("benchmark", "old", "new", "complaint"),
    [
        (f"Routes.track_hops-{FIRST_OF_100}", "range(count)", "range(count - 1)", "number 0 of 99"),
        (f"Routes.track_hops-{LAST_OF_1000}", "range(count)", "range(count - 1)", "404"),
        (f"Routes.track_hops-{ONE}", "range(count)", "range(count + 1)", "number 0 of 2"),
        (f"Routes.track_hops-{FIRST_OF_1000}", "range(count)", "reversed(range(count))", "number 999 of 1000"),
        (f"Routes.track_hops-{LAST_OF_100}", "range(count)", "[99, *range(99)]", "number 0 of 100"),
        (f"Routes.track_hops-{FIRST_OF_100}", "% number, view", "% min(number, 1), view", "number 0 of 2"),
        (f"Routes.track_hops-{5 + LAST_OF_100}", '"urlpatterns": [', TWICE, "number 0 of 100"),
        ("Includes.track_hops-0", "range(depth, 0, -1)", "[2, 1]", "404"),
        ("Includes.track_hops-1", "range(depth, 0, -1)", "[1]", "404"),
        ("Includes.track_hops-3", "    for level in range(depth, 0, -1):\n", FLAT, "got 200 b'level1'"),
        ("Converters.track_hops-0", "<int:number>", "<number>", "500"),
        ("Converters.track_hops-1", "<uuid:key>", "<key>", "500"),
        ("Converters.track_hops-1", "<slug:slug>", "<str:slug>", "asked for the converters"),
        ("Reverse.track_hops-0", 'reverse("home")', '"/home/"', "reverse ran 0 times"),
        ("Reverse.track_hops-1", '"month": 5', '"month": 6', "got 200 b'/articles/2024/6/"),
    ],
)
def test_other_routes_are_refused(suite: Suite, benchmark: str, old: str, new: str, complaint: str) -> None:
    suite.change("benchproject/views/routing.py", old, new)
    refused(suite, f"routing.{benchmark}", complaint)
