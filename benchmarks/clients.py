"""The test clients: what a request of a test suite costs, which they also build and whose templates they record."""

import django.test

from harness import cells, client, project


@cells.costed()
class Hello(cells.Cells):
    """What does the smallest request cost through Client and AsyncClient?

    Isolates the clients over what handlers.Hello costs. AsyncClient and async views since Django 3.1.
    """

    params = (["Client", "AsyncClient"], ["sync", "async"])
    param_names = ("client", "view")
    sync_callers = ("Client",)
    rounds = 2

    def enter(self, path, message):
        if self.interface == "Client":
            return client.ClientCaller(django.test.Client(), path, **message)
        project.need("AsyncClient (Django 3.1)", hasattr(django.test, "AsyncClient"))
        return client.AsyncClientCaller(django.test.AsyncClient(), path, **message)
