"""Enters Django through its test clients: sync by Client, async by AsyncClient."""

from harness.response import Lie, Response


class ClientCaller:
    """One request a call, by Client: from its method to the closed response, of which it keeps the content."""

    def __init__(self, client, path, status=200):
        self.client = client
        self.path = path
        self.status = status

    def __call__(self):
        """Return Django's response. Raises Lie where its status is not the one that is asked for."""
        return self.checked(self.client.get(self.path))

    def checked(self, response):
        if response.status_code != self.status:
            raise Lie("asked for status %s, got %s" % (self.status, response.status_code))
        return response

    @staticmethod
    def response(raw):
        """Return a raw response as a ``Response``."""
        return Response(raw.status_code, list(raw.items()), raw.content)


class AsyncClientCaller(ClientCaller):
    """The same by AsyncClient: a call is awaited."""

    async def __call__(self):
        return self.checked(await self.client.get(self.path))
