"""Locust's users: a closed loop of users who wait for their answers, or arrivals at a fixed rate that wait for nothing.

A master hands its options on to its workers, on whichever machine they are.
"""

import time
from argparse import ArgumentParser
from http import HTTPStatus

import gevent
from locust import FastHttpUser, constant, events, task
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS, ResponseContextManager
from locust.env import Environment


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--path", default="/hello/sync/", help="What the users get.")
    parser.add_argument("--arrivals", type=float, default=0.0, help="A second, of all users; 0 is a closed loop.")
    parser.add_argument("--cookie", default="", help="What each request carries.")
    parser.add_argument("--first-byte", action="store_true", help="Tell when the first byte of each body came.")
    parser.add_argument(
        "--leave", type=int, default=0, help="Milliseconds without a byte until a user leaves; 0: none."
    )
    parser.add_argument("--close", action="store_true", help="A connection for each request.")
    parser.add_argument("--sources", type=int, default=1, help="The users among whom the arrivals are shared out.")


class Visitor(FastHttpUser):
    """Sends a request as soon as the last one is answered, or requests at a fixed rate.

    In an open loop a request's time starts when it was due, so that one which had to wait its turn is not taken for a
    short one: the omission that Gil Tene calls coordinated.
    """

    concurrency = 10_000
    wait_time = constant(0)

    def __init__(self, environment: Environment) -> None:
        assert environment.parsed_options
        if environment.parsed_options.leave:
            self.network_timeout = environment.parsed_options.leave / 1000
        super().__init__(environment)

    @task
    def visit(self) -> None:
        options = self.environment.parsed_options
        if options.arrivals:
            self.arrive(options.path, options.sources / options.arrivals)
        else:
            self.get(options.path, time.perf_counter())

    def headers(self) -> dict[str, str]:
        options = self.environment.parsed_options
        named = {"Connection": "close" if options.close else "", "Cookie": options.cookie}
        return {name: value for name, value in named.items() if value}

    def arrive(self, path: str, interval: float) -> None:
        due = time.perf_counter()
        while True:
            gevent.sleep(max(0.0, due - time.perf_counter()))
            gevent.spawn(self.get, path, due)
            due += interval

    def get(self, path: str, due: float) -> None:
        stream = self.environment.parsed_options.first_byte
        with self.client.get(path, headers=self.headers(), catch_response=True, stream=stream, name="get") as response:
            if stream and response.status_code == HTTPStatus.OK:
                self.read(response, due)
            response.request_meta["response_time"] = (time.perf_counter() - due) * 1000

    def read(self, response: ResponseContextManager, due: float) -> None:
        """Read a body and tell when its first byte came, since servers may send the headers long before."""
        try:
            response.stream.read(1)
            first = (time.perf_counter() - due) * 1000
            response.stream.read()
        except FAILURE_EXCEPTIONS as problem:
            response.failure(problem)  # type: ignore[no-untyped-call]
        else:
            self.environment.events.request.fire(
                request_type="GET",
                name="first byte",
                response_time=first,
                response_length=0,
                exception=None,
                context={},
            )
