"""Scenarios of a visitor with cookies: what a response sets, the next request carries, as in a browser."""

from http.cookies import SimpleCookie

from harness import cells, loop


class CookieCells(cells.NativeCells):
    """One request that carries the cookies of the page which the visitor saw before, if any."""

    def before(self, *variant):
        """Return the path of the page that the visitor saw before; None where this is the first."""
        return None

    def setup(self, interface, *variant):
        self.cookies = ""
        super().setup(interface, *variant)
        before = self.before(*variant)
        if before:
            self.cookies = self.cookies_after(self.visit(before))
        message = dict(self.message(*variant), status=self.answer(*variant)[0])
        self.request = self.caller(self.path(*variant), self.cookies, **message)

    def visit(self, path, after=None, **message):
        """Return the response to another request, with the cookies of the measured one or, ``after`` it, the next's."""
        caller = self.caller(path, self.cookies_after(after) if after else self.cookies, **message)
        return caller.response(loop.settle(caller()))

    def caller(self, path, cookies, headers=(), **message):
        carried = [("Cookie", cookies)] if cookies else []
        return type(self.request)(self.request.application, path, headers=[*carried, *headers], **message)

    def cookies_after(self, response):
        """Return the cookies that the visitor has after ``response``, as the header that carries them."""
        jar = SimpleCookie(self.cookies)
        for name, value in response.headers:
            if name.lower() == "set-cookie":
                jar.load(value)
        return "; ".join(morsel.OutputString([]) for morsel in jar.values())
