"""What every row of the fault matrix has: how it is registered, and what it is given.

    @row("N1", "connection refused for 4 s", quick=True)
    def connection_refused(bench):
        server = bench.ingestion(listening=False)
        host = bench.host(server, "--spans", "10000")
        ...
        bench.check(server.copies() == 0, "...")

A row runs in a process and a directory of its own. It passes when it returns without a failed check; it
raises Skip(reason) when this machine lacks what it needs. `bench.figures` is what the table shows of it.
"""

import importlib
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time
from typing import Callable, NamedTuple

MODULES = ("network_rows", "http_rows", "security_rows", "output_rows", "store_rows", "disk_rows", "pressure_rows",
           "crash_rows", "arena_rows", "part_rows")

ROWS = {}


class Row(NamedTuple):
    name: str
    fault: str              # what is injected, one line of the table
    run: Callable
    quick: bool             # part of ./dev test: a few seconds, no wait for a real deadline
    root: bool              # needs to be root
    alone: bool             # measures the machine: nothing else may run beside it
    needs: tuple            # programs beside `posthaste`, by name
    deadline: float         # seconds, then it is killed and has failed


class Skip(Exception):
    """This machine cannot produce the fault; the text says what is missing."""


def row(name, fault, *, quick=False, root=False, alone=False, needs=(), deadline=120):
    def register(function):
        if name in ROWS:
            raise ValueError(f"two rows are called {name}")
        ROWS[name] = Row(name, fault, function, quick, root, alone, tuple(needs), deadline)
        return function
    return register


def load_rows():
    here = pathlib.Path(__file__).resolve().parent
    for module in MODULES:
        if (here / f"{module}.py").exists():
            importlib.import_module(module)
    return ROWS


def program(directory, name):
    """The commands are in bin/, what is built for these rows alone in bin/faults/."""
    return directory / name if name == "posthaste" else directory / "faults" / name


class Bench:
    """What a row works with: its directories, its figures, its checks, and whatever it has started."""

    def __init__(self, directory, programs, call_limit_us=50):
        self.call_limit_us = call_limit_us  # p99.9 of what a call may take
        self.directory = pathlib.Path(directory)
        self.programs = pathlib.Path(programs)
        self.figures = {}
        self.failures = []
        self._ends = []
        self._authority = None
        self._lock = threading.Lock()
        self.began = time.monotonic()

    def program(self, name):
        return program(self.programs, name)

    def note(self, text):
        """A line in the row's own log, for whoever looks into a failure."""
        print(f"[{time.monotonic() - self.began:7.3f}] {text}", file=sys.stderr, flush=True)

    def check_calls(self, report):
        """What a call costs the application's thread, in nanoseconds; of few calls the slowest is no percentile."""
        if report["recorded"] == 0:  # it only delivers what others left
            return
        p99_9 = report["latency_ns"]["p99_9"]
        self.check(report["recorded"] < 2000 or p99_9 <= self.call_limit_us * 1000,
                   f"I6: p99.9 of a call is {p99_9 / 1000:.1f} us")
        self.measured(p99_9=f"{p99_9 / 1000:.1f} us")

    def check(self, holds, text):
        """What must be true; the row goes on, so that all that is wrong is told at once."""
        if not holds:
            self.note(f"FAILED: {text}")
            self.failures.append(text)
        return bool(holds)

    def measured(self, **figures):
        """Figures for the table, by name; of one name the last counts."""
        self.figures.update(figures)

    def path(self, name):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def memory_directory(self):
        """A directory of this row's own on a memory file system, for flight recorders; removed at the end."""
        if not os.access("/dev/shm", os.W_OK):
            raise Skip("/dev/shm is not writable")
        path = pathlib.Path(tempfile.mkdtemp(prefix="posthaste-faults-", dir="/dev/shm"))
        self.at_end(lambda: shutil.rmtree(path, ignore_errors=True))
        return path

    def at_end(self, function):
        """Runs when the row is over, however it went; the last first."""
        self._ends.append(function)

    def wait_for(self, condition, seconds, what):
        """Whether `condition()` became true in time; if not, that is a failed check."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if condition():
                return True
            time.sleep(0.02)
        return self.check(condition(), f"not within {seconds:g} s: {what}")

    # The parts, so that a row needs no imports of its own for the usual ones.

    def ingestion(self, **options):
        from ingestion import Ingestion
        server = Ingestion(self.authority(), note=self.note, **options)
        self.at_end(server.close)
        return server

    def proxy(self, port, **options):
        from proxy import ChaosProxy
        proxy = ChaosProxy(port, note=self.note, **options)
        self.at_end(proxy.close)
        return proxy

    def authority(self):
        from authority import Authority
        with self._lock:
            if self._authority is None:
                self._authority = Authority(self.directory / "certificates")
            return self._authority

    def host(self, server, *arguments, **options):
        """`posthaste load` that sends to `server`; see host.py."""
        from host import Host
        host = Host(self, server, *arguments, **options)
        self.at_end(host.kill)
        return host

    def end(self):
        while self._ends:
            try:
                self._ends.pop()()
            except Exception as error:  # the row's own outcome counts, not how its parts were cleared away
                self.note(f"while clearing up: {error!r}")
