"""The project as servers serve it: the forum's queries by each driver, calls to an upstream, waiting, working.

Each view has a sync and an async version that answer with the same bytes; what a version cannot do is answered 501
with the reason.
"""
