"""valgrind's callgrind, told by the process that it counts when to count.

A client request of valgrind is a sequence of machine instructions that do nothing outside of it: valgrind.h,
``__SPECIAL_INSTRUCTION_PREAMBLE``. Python reaches it as a function in executable memory.
"""

import ctypes
import mmap
import platform

MACHINE = "x86_64"
"""The one whose sequence is known here."""

# mov rax, rdi; xor edx, edx; rol rdi, 3, 13, 61, 51; xchg rbx, rbx; mov rax, rdx; ret
_REQUEST = bytes.fromhex("4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3")
_RUNNING_ON_VALGRIND = 0x1001
_START, _STOP = 0x43540004, 0x43540005  # callgrind.h: CALLGRIND_START_INSTRUMENTATION, CALLGRIND_STOP_INSTRUMENTATION


class CallgrindSwitch:
    """A clock of ``harness.awaitable.Batch`` that stands still: callgrind counts from an odd call to the next.

    What it counted valgrind writes as the process ends: "Collected : 123". Raises OSError where the process does not
    run under valgrind, or on a machine whose sequence is not known here.
    """

    def __init__(self):
        if platform.machine() != MACHINE:
            raise OSError("callgrind can be told when to count on %s only, not on %s" % (MACHINE, platform.machine()))
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
