"""Machine instructions in user space, by the CPU's own counter: perf_event_open(2).

The environment variable ``INSTRUCTIONS=callgrind`` closes it, as most virtual machines do: what needs instructions then
counts them as it would there.
"""

import ctypes
import os
import platform
import struct

_SYSCALL = {"x86_64": 298, "aarch64": 241}
_HARDWARE, _INSTRUCTIONS = 0, 1
_SIZE = 64  # of the first version of struct perf_event_attr, which every kernel takes
_INHERIT, _EXCLUDE_KERNEL, _EXCLUDE_HYPERVISOR = 1 << 1, 1 << 5, 1 << 6


class InstructionCounter:
    """A clock of instructions: call it for those of this thread, and of each thread that it starts, since it was made.

    Raises OSError where the kernel, the machine or INSTRUCTIONS allows no counter.
    """

    def __init__(self):
        if os.environ.get("INSTRUCTIONS") == "callgrind":
            raise OSError("the CPU's counter is closed by INSTRUCTIONS=callgrind")
        attributes = struct.pack(
            "=IIQQQQQ", _HARDWARE, _SIZE, _INSTRUCTIONS, 0, 0, 0, _INHERIT | _EXCLUDE_KERNEL | _EXCLUDE_HYPERVISOR
        ).ljust(_SIZE, b"\0")
        libc = ctypes.CDLL(None, use_errno=True)
        number = _SYSCALL.get(platform.machine())
        if number is None:
            raise OSError("no counter of instructions is known for %s" % platform.machine())
        self.descriptor = libc.syscall(number, attributes, 0, -1, -1, ctypes.c_ulong(0))
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), "perf_event_open: " + os.strerror(ctypes.get_errno()))

    def __call__(self):
        return struct.unpack("Q", os.read(self.descriptor, 8))[0]

    def close(self):
        os.close(self.descriptor)
