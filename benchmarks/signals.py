"""Signals: what sending one costs, and what the signals cost that Django itself sends around each request."""

import functools
import inspect

from django.core.cache import close_caches
from django.core.handlers.base import BaseHandler, reset_urlconf
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries
from django.db.backends.base.base import BaseDatabaseWrapper
from django.dispatch import Signal

from harness import cells, project, proof, sqlite
from harness.response import Lie


def sync_receiver():
    return lambda **named: "received"


def async_receiver():
    async def receive(**named):
        return "received"

    return receive


class Send(cells.Calls):
    """What does sending a signal cost, by its method and its receivers, which do nothing?

    Async receivers and asend since Django 5.0.
    """

    RECEIVERS = {
        "none": (0, 0),
        "1 sync": (1, 0),
        "10 sync": (10, 0),
        "1 async": (0, 1),
        "10 async": (0, 10),
        "5 sync, 5 async": (5, 5),
    }

    params = (["send", "send_robust", "asend", "asend_robust"], list(RECEIVERS))
    param_names = ("method", "receivers")
    track_threads = cells.exact("threads", "threads")
    track_tasks = cells.exact("tasks", "tasks")

    def call(self, method, receivers):
        sync, many = self.RECEIVERS[receivers]
        project.need("async signals (Django 5.0)", hasattr(Signal, "asend") or not (method[0] == "a" or many))
        self.receivers = [sync_receiver() for _ in range(sync)] + [async_receiver() for _ in range(many)]
        self.signal = Signal()
        for receiver in self.receivers:
            self.signal.connect(receiver)
        return functools.partial(getattr(self.signal, method), sender=Send)

    def prove(self, method, receivers):
        sync, many = self.RECEIVERS[receivers]
        sync_one, async_one = sync_receiver(), async_receiver()
        answers, starts = proof.prove_runs(self.request, {getattr(Signal, method): 1}, sync_one, async_one)
        in_async = method[0] == "a"
        proof.prove_place("sync receivers", starts[sync_one], not in_async, in_loop=False, times=sync)
        proof.prove_place("async receivers", starts[async_one], in_async, in_loop=True, times=many)
        if answers != [(receiver, "received") for receiver in self.receivers]:
            raise Lie("the signal's receivers answered %s" % answers)


@cells.costed(["WSGI", "ASGI"], ["sync", "async"], ["all"])
class RequestSignals(cells.Cells):
    """What do request_started and request_finished cost a request, by the receivers that Django connects to them?

    The connections are not in use. "all" is what each request pays, whether or not it has a database.
    """

    RECEIVERS = {
        "none": [],
        "database": [reset_queries, close_old_connections],
        "cache": [close_caches],
        "all": [reset_queries, close_old_connections, close_caches, reset_urlconf],
    }
    SENT = {reset_queries: 1, close_old_connections: 2, close_caches: 1, reset_urlconf: 1}

    params, param_names = cells.over(cells.Cells, receivers=list(RECEIVERS))

    def settings(self, receivers):
        return {"DATABASES": sqlite.DATABASES}

    def prepare(self, receivers):
        for receiver in set(self.SENT).difference(self.RECEIVERS[receivers]):
            request_started.disconnect(receiver)
            request_finished.disconnect(receiver)

    def runs(self, receivers):
        return {receiver: times * (receiver in self.RECEIVERS[receivers]) for receiver, times in self.SENT.items()}


class OpenConnection(RequestSignals):
    """What does a connection cost that a request opens, and that request_finished closes as CONN_MAX_AGE = 0 has it?

    Isolates opening and closing over RequestSignals; an async view opens it by a crossing. No SQL is sent.
    """

    urlconf = "benchproject.views.signals"
    params, param_names = cells.over(cells.Cells, receivers=["all"])
    track_instructions = track_time_to_anchor = track_anchor_to_itself = track_anchor_seconds = None

    def prepare(self, receivers):
        super().prepare(receivers)
        there = self.interface == "WSGI" or hasattr(BaseHandler, "get_response_async")
        project.need("closing the connections of ASGI requests (Django 3.1)", there)

    def path(self, receivers):
        return "/connect/%s/" % self.view

    def runs(self, receivers):
        opened = inspect.unwrap(BaseDatabaseWrapper.connect)
        return {**super().runs(receivers), opened: 1, BaseDatabaseWrapper._close: 1}
