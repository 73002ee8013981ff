"""Counts machine instructions by valgrind's callgrind: of the measured calls alone, over layouts of memory.

A client request of valgrind, which switches counting on and off, is a sequence of machine instructions that do nothing
outside of it: valgrind.h, ``__SPECIAL_INSTRUCTION_PREAMBLE``. Python reaches it as a function in executable memory.
"""

import collections
import contextlib
import ctypes
import json
import mmap
import os
import platform
import re
import shutil
import subprocess
import sys

from harness import kept

MACHINE = "x86_64"
"""The one whose sequence is known here."""

LAYOUTS = 8
"""Layouts of memory, each in a process of its own with a hash seed of its own: which keys of a table collide depends on
both, and by them a request's instructions: two layouts of 24 differ by 0.2 to 0.3 % in the median, 1.1 % at most. With
one seed for all a folder's name moved all by 0.8 %."""

FINEST = 0.004
"""The smallest change of instructions that is believed, whatever the layouts say: code that is never run moves objects
in memory too, by which the instructions of 32 cells, in eight trees, moved by 0.31 % at most."""

START, PATIENCE = 120.0, 30.0
"""Seconds that a process may take to start, and for each cell: some fifty times what they take on a quiet machine."""

# Without vgdb, whose pipes would be left of what is killed.
_COMMAND = ("valgrind", "--tool=callgrind", "--instr-atstart=no", "--vgdb=no", "--callgrind-out-file=/dev/null")

# mov rax, rdi; xor edx, edx; rol rdi, 3, 13, 61, 51; xchg rbx, rbx; mov rax, rdx; ret
_REQUEST = bytes.fromhex("4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3")
_RUNNING_ON_VALGRIND = 0x1001
_START, _STOP = 0x43540004, 0x43540005  # callgrind.h: CALLGRIND_START_INSTRUMENTATION, CALLGRIND_STOP_INSTRUMENTATION


class NoCallgrind(Exception):
    """callgrind cannot count here. The message says why, and what to do."""


class CallgrindFailed(Exception):
    """callgrind did not count. The message holds its last words."""


def count(cells, layouts=LAYOUTS, python=sys.executable, **env):
    """Yield the instructions of one call of each cell, ``{cell: number}``, layout by layout.

    ``cells`` are words ``NAME:INDEX``, a benchmark and the number of its parameters. In place of a number stands
    ``{"n/a": reason}`` or ``{"failed": reason}`` where there is none. ``env`` is added to the environment. As many
    layouts are counted at once as there are CPUs; the same code counts the same in the same layout. Raises NoCallgrind,
    CallgrindFailed.
    """
    need()
    with kept.temporary_folder("callgrind-") as folder, contextlib.ExitStack() as running:
        processes = collections.deque()
        for layout in range(layouts):
            if len(processes) == len(os.sched_getaffinity(0)):
                yield _counted(processes.popleft(), cells)
            command = [*_COMMAND, python, "-m", "harness.layout", str(layout), *cells]
            process = kept.Kept(command, folder / ("%d.log" % layout), env=dict(env, PYTHONHASHSEED=str(layout + 1)))
            processes.append(running.enter_context(process))
        for process in processes:
            yield _counted(process, cells)


def need():
    """Raise NoCallgrind unless callgrind is here."""
    if platform.machine() != MACHINE:
        raise NoCallgrind("callgrind needs %s, this is %s" % (MACHINE, platform.machine()))
    if not shutil.which(_COMMAND[0]):
        raise NoCallgrind("callgrind needs valgrind, install it")


def _counted(process, cells):
    """Wait for the process of a layout, and return what it counted."""
    seconds = START + PATIENCE * len(cells)
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired as problem:
        raise CallgrindFailed("callgrind has not counted within %d seconds" % seconds) from problem
    if status:
        raise CallgrindFailed("callgrind ended with status %s: %s" % (status, process.last_words()))
    said = process.log.read_text(errors="replace")
    collected = {int(pid): int(number) for pid, number in re.findall(r"^==(\d+)== Collected : (\d+)", said, re.M)}
    answers = {each.pop("cell"): each for each in map(json.loads, re.findall(r"^\{.*\}$", said, re.M))}
    return {cell: _per_call(answers.get(cell, {"pid": 0}), collected) for cell in cells}


def _per_call(answer, collected):
    if "pid" not in answer:
        return answer
    if answer["pid"] not in collected:
        return {"failed": "the process that counts ended before it had: was it killed, has it run out of memory?"}
    return collected[answer["pid"]] / answer["calls"]


class CallgrindSwitch:
    """A clock of ``harness.awaitable.Batch`` that stands still: callgrind counts from an odd call to the next.

    What it counted valgrind writes as the process ends: "Collected : 123". Raises OSError where the process does not
    run under valgrind.
    """

    def __init__(self):
        self.memory = mmap.mmap(-1, len(_REQUEST), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self.memory.write(_REQUEST)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self.function = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p)(address)
        if not self.request(_RUNNING_ON_VALGRIND):
            raise OSError("the process does not run under valgrind")
        self.counts = False

    def __call__(self):
        self.counts = not self.counts
        self.request(_START if self.counts else _STOP)
        return 0

    def request(self, number):
        """Return valgrind's answer to a client request, 0 outside of it."""
        return self.function((ctypes.c_size_t * 6)(number))
