"""A published site, served on this machine and opened in headless Chromium."""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PAINTED = """
([canvas, pixels]) => {
    const area = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return area.filter((value, index) => index % 4 == 3 && value > 0).length > pixels;
}
"""


def wait_until_painted(canvas: Locator, pixels: int) -> None:
    """Raises playwright's TimeoutError where a canvas does not come to have more than so many painted pixels.

    A link that was clicked leads to a page whose scripts have not run yet.
    """
    canvas.page.wait_for_function(PAINTED, arg=[canvas.element_handle(), pixels])


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder and yield its address."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def watch(page: Page, address: str) -> list[str]:
    """Return a list that will fill with all that is wrong with what ``page`` asks and says.

    Wrong are a request to any place but ``address``, an answer that is an error or none at all, unless the page was
    left before, an error on the console and an exception.
    """
    wrong: list[str] = []

    def on_request(request: Request) -> None:
        if not request.url.startswith((address, "data:")):
            wrong.append(f"foreign {request.url}")

    def on_response(response: Response) -> None:
        if response.status >= 400:
            wrong.append(f"{response.status} {response.url}")

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            wrong.append(message.text)

    def on_failure(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":
            wrong.append(f"{request.failure} {request.url}")

    page.on("request", on_request)
    page.on("response", on_response)
    page.on("console", on_console)
    page.on("requestfailed", on_failure)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    return wrong
