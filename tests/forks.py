"""Forks a process for each program on its input, after it has imported what takes longest: Django and asv_runner.

A line of the input is JSON, ``[folder, program, arguments]``. The program runs as ``python -c`` runs it, in the folder,
where its output goes to the files ``stdout`` and ``stderr``. Its return code is the line of the answer.
"""

import importlib
import json
import os
import signal
import sys

IMPORTED = [
    "asv_runner.run",
    "django.core.handlers.asgi",
    "django.core.handlers.wsgi",
    "django.db.backends.sqlite3.base",
    "django.test.client",
]
SECONDS = 120


def told():
    """Return, in each forked process, the line that it is to run. The process that forks ends with its input."""
    while line := sys.stdin.readline():
        pid = os.fork()
        if pid == 0:
            return json.loads(line)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    sys.exit()


def redirect(number, path, flags):
    opened = os.open(path, flags)
    os.dup2(opened, number)
    os.close(opened)


if __name__ == "__main__":
    for name in IMPORTED:
        importlib.import_module(name)
    from django.conf import settings

    assert not settings.configured  # a program says its own
    folder, program, arguments = told()
    signal.alarm(SECONDS)
    os.chdir(folder)
    redirect(0, os.devnull, os.O_RDONLY)
    for number, name in enumerate(["stdout", "stderr"], 1):
        redirect(number, name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    sys.argv, sys.path[0] = ["-c", *arguments], ""
    exec(program, {"__name__": "__main__"})
