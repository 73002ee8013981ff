"""What came back from one request, and the error for a response that is not what was asked for."""

import collections

Response = collections.namedtuple("Response", "status headers body")


class Lie(AssertionError):
    """A benchmark did not do the work that its name says; its figure must not be reported."""
