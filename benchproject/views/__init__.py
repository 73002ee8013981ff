"""Views of the measured project, a file for each part of the request path, each with its routes.

Every view has a sync and an async version that return the same bytes. Each takes a number of ``answered`` as it starts:
so a request that no view answered is known, also where nobody watches.
"""

import itertools

from django.urls import path

answered = itertools.count()


def both(route, sync_view, async_view):
    """Return the routes of a view's two versions: ROUTE/sync/ and ROUTE/async/."""
    return [path(route + "/sync/", sync_view), path(route + "/async/", async_view)]
