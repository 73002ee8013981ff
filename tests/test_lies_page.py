"""Each way in which the page of a site can be less than one is refused."""

import pytest
from conftest import Suite
from test_lies import refused

BENCHMARKS, VIEWS, CONTENT = "benchmarks/page.py", "benchproject/views/page.py", "benchproject/forum/content.py"

COMPILED = "[(CACHED, [(LOCMEM, TEMPLATES)])]"


@pytest.mark.parametrize(
    ("cell", "file", "old", "new", "complaint"),
    [
        (0, CONTENT, "{% for item in items %}", "{% for item in nobody %}", "Hello, bob"),
        (1, CONTENT, "ROWS = 20", "ROWS = 0", "execute ran 3 times"),
        (0, VIEWS, '"oldest": Item.objects.get(pk=1)', '"oldest": items[0]', "execute ran 3 times"),
        (1, VIEWS, '"oldest": await Item.objects.aget(pk=1)', '"oldest": items[0]', "execute ran 3 times"),
        (0, VIEWS, "request.user.get_username()", '"bob"', "execute ran 2 times"),
        (0, BENCHMARKS, '"/login/%s/"', '"/page/%s/"', "execute ran 2 times"),
        (0, BENCHMARKS, COMPILED, "[(LOCMEM, TEMPLATES)]", "__init__ ran 1 times"),
        (
            0,
            "benchproject/startproject.py",
            '    "django.contrib.messages.middleware.MessageMiddleware",\n',
            "",
            "_messages",
        ),
        (1, "benchproject/startproject.py", '    "django.middleware.clickjacking.XFrame', '    # "', "X-Frame-Options"),
    ],
)
def test_a_page_that_is_less_than_one_is_refused(
    suite: Suite, cell: int, file: str, old: str, new: str, complaint: str
) -> None:
    suite.change(file, old, new)
    refused(suite, f"page.Page.track_hops-{cell}", complaint)
