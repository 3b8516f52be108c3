"""The n-th call of a kind fails, or clocks are moved, in a program that runs under shim.cpp.

    shim = Shim(bench, "write", 3, errno.EIO, path=store)
    host = bench.host(server, environment=shim.environment)
    ...
    shim.struck        # how many calls failed
    shim.disarm()
    shim.shift(wall=3 * 86400)

With an error of 0 the call does not fail but hangs until disarmed, and then goes on.

Kinds: open, write, sync, map, extend, allocate, connect, resolve, remove; disk: write, sync, extend, and open to write.
It can be armed and read while the program runs, and after it was killed.
"""

import mmap
import os
import struct

CALLS = ("none", "open", "write", "sync", "map", "extend", "allocate", "connect", "resolve", "disk", "remove")
SECOND = 1_000_000_000


class Shim:
    def __init__(self, bench, call="none", nth=0, error=0, *, forever=False, path="", name="shim"):
        self.library = bench.program("libshim.so")
        self._control = bench.path(f"{name}.control")
        self._control.write_bytes(bytes(256))
        with open(self._control, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 256)
        bench.check(os.access(self.library, os.R_OK), f"{self.library} is not built")
        self.arm(call, nth, error, forever=forever, path=path)

    @property
    def environment(self):
        return {"LD_PRELOAD": str(self.library), "POSTHASTE_SHIM": str(self._control)}

    def arm(self, call, nth, error, *, forever=False, path=""):
        """Counts from here on."""
        self._put("<q", 8, 0)
        self._memory[56:256] = os.fsencode(str(path)).ljust(200, b"\0")
        self._put("<Ii", 0, CALLS.index(call), error)
        self._put("<II", 16, int(forever), 0)
        self._put("<qq", 24, 0, 0)
        self._put("<q", 8, nth)

    def disarm(self):
        self._put("<q", 8, 0)

    def shift(self, wall=0.0, boot=0.0):
        """Seconds on top of the real clocks."""
        self._put("<qq", 40, int(wall * SECOND), int(boot * SECOND))

    @property
    def seen(self):
        return struct.unpack_from("<q", self._memory, 24)[0]

    @property
    def struck(self):
        return struct.unpack_from("<q", self._memory, 32)[0]

    def _put(self, form, offset, *values):
        struct.pack_into(form, self._memory, offset, *values)
