"""Start: what a process pays before its second request, each step in a process that is fresh."""

import subprocess
import sys
from pathlib import Path

from harness.response import Lie

ROOT = str(Path(__file__).parent.parent)


def run(program):
    """Run a program in a fresh process, and return what it printed."""
    return subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True).stdout.decode()


class Fresh:
    """A few samples are enough: each is a process."""

    rounds = 1
    repeat = (2, 3, 0.5)
    warmup_time = 0


class Interpreter(Fresh):
    """What does a process cost that imports nothing? The floor of each start."""

    unproven = "a process that does nothing leaves nothing to look at, and one that fails is an error"

    def timeraw_start(self):
        return "subprocess.check_call([sys.executable, '-c', 'pass'])", "import subprocess, sys"


class Startup(Fresh):
    """What does each step of a start cost, with the apps and the middleware of startproject?

    Isolates the step: the steps before it are done. ASGI since Django 3.0.
    """

    SETTINGS = (
        "import os, sys; sys.path.insert(0, %r); os.environ['DJANGO_SETTINGS_MODULE'] = 'benchproject.startproject'"
    )

    # What is done before, the step, a module that it is the first to import, and what shows that it is done.
    STEPS = {
        "import django": (
            "",
            "import django",
            "django",
            "django.VERSION >= (3, 0)",
        ),
        "django.setup()": (
            "import django",
            "django.setup()",
            "django.contrib.admin.sites",
            "sys.modules['django.apps'].apps.ready",
        ),
        "get_wsgi_application()": (
            "import django; django.setup()",
            "from django.core.wsgi import get_wsgi_application; application = get_wsgi_application()",
            "django.core.wsgi",
            "application._middleware_chain",
        ),
        "get_asgi_application()": (
            "import django; django.setup()",
            "from django.core.asgi import get_asgi_application; application = get_asgi_application()",
            "django.core.asgi",
            "application._middleware_chain",
        ),
        "first WSGI request": (
            "from benchproject.wsgi import application; from harness.wsgi import WSGICaller;"
            "request = WSGICaller(application, '/hello/sync/')",
            "raw = request()",
            "benchproject.views.hello",
            "request.response(raw).body == b'Hello, world!'",
        ),
        "first ASGI request": (
            "from benchproject.asgi import application; from harness.asgi import ASGICaller; import asyncio;"
            "loop = asyncio.new_event_loop(); request = ASGICaller(application, '/hello/sync/')",
            "raw = loop.run_until_complete(request())",
            "benchproject.views.hello",
            "request.response(raw).body == b'Hello, world!'",
        ),
    }

    params = [list(STEPS)]
    param_names = ["step"]

    def timeraw_step(self, step):
        before, statement, _, _ = self.STEPS[step]
        return statement, "%s\n%s" % (self.SETTINGS % ROOT, before)

    def track_modules(self, step):
        statement, before = self.timeraw_step(step)
        return int(run("%s\nbefore = len(sys.modules)\n%s\nprint(len(sys.modules) - before)" % (before, statement)))

    track_modules.unit = "modules"

    def prove(self, step):
        _, _, module, shown = self.STEPS[step]
        statement, before = self.timeraw_step(step)
        asked = "print(%r in sys.modules, end=' ')" % module
        found = run("\n".join([before, asked, statement, asked, "print(bool(%s))" % shown]))
        if found != "False True True\n":
            raise Lie("%s: imported before and after, done: %s" % (step, found))
