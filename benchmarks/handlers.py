"""The handlers alone: what Django charges for a request before any middleware, database or template."""

from harness import cells


@cells.costed()
class Hello(cells.Cells):
    """What does the smallest request cost, where a server enters Django?

    Isolates the handlers, the routing of one path and one view. ASGI since Django 3.0, async views since 3.1.
    """

    rounds = 2
    layouts = 6
    pairs = 12
    track_threads = cells.exact("threads", "threads")
    track_event_loops = cells.exact("event_loops", "loops")
    track_tasks = cells.exact("tasks", "tasks")
    track_garbage = cells.garbage
