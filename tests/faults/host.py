"""The host under test: `posthaste load`, with directories of the row's own and nothing of this machine's environment."""

import json
import os
import re
import signal
import subprocess
import threading

import ledger

PROGRESS = re.compile(r"([\d.]+) s: (\d+) recorded, (\d+) refused, (\d+) delivered, (\d+) stored")


class Host:
    """Starts at once. Of several in a row each has a `name`; those that share `store` and `arena` are successors.

    server       an Ingestion; None: `arguments` and `environment` say where to
    port         in place of the server's own, e.g. a proxy's
    store        False: none
    environment  beside PATH, HOME and the settings below
    delay        seconds until a batch that is not full is closed
    program      another program than `posthaste`, with the same arguments and report
    """

    def __init__(self, bench, server, *arguments, name="host", hostname="localhost", port=None, store=True,
                 arena=None, environment=None, delay=0.2, program=None, prefix=(), profile="flat", shutdown=5.0):
        self.bench, self.name = bench, name
        self.report_path = bench.path(f"{name}.json")
        self.ids_path = bench.path(f"{name}.ids")
        self.errors_path = bench.path(f"{name}.stderr")
        self.store = None if store is False else bench.path("store") if store is True else store
        self.arena = arena or bench.memory_directory()
        command = [*prefix, *(program or (bench.program("posthaste"), "load")), "--profile", profile,
                   "--report", self.report_path, "--ids", self.ids_path, "--arena-dir", self.arena,
                   "--shutdown-deadline", str(shutdown), *arguments]
        command += ["--no-store"] if self.store is None else ["--store", self.store]
        if server is not None:
            command += ["--connection-string", server.connection_string(hostname, port),
                        "--ca-file", bench.authority().pem]
        self.command = [str(part) for part in command]
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(bench.directory),
                            "OTEL_BSP_SCHEDULE_DELAY": str(int(delay * 1000)), **(environment or {})}
        for passed_on in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if passed_on in os.environ:
                self.environment.setdefault(passed_on, os.environ[passed_on])
        bench.note(f"{name}: {' '.join(self.command)}")
        with open(self.errors_path, "wb") as errors:
            self.process = subprocess.Popen(self.command, env=self.environment, cwd=bench.directory,
                                            stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def said(self):
        """What it wrote to stderr: diagnostics and progress."""
        return self.errors_path.read_text(encoding="utf-8", errors="replace")

    def codes(self):
        """Diagnostic codes in the order in which they were shown."""
        return re.findall(r"\bPH-[A-Z]{3}-\d+\b", self.said())

    def progress(self):
        """Of the last second: recorded, refused, delivered, stored; zeros before the first."""
        found = PROGRESS.findall(self.said())
        counts = [int(number) for number in found[-1][1:]] if found else [0, 0, 0, 0]
        return dict(zip(("recorded", "refused", "delivered", "stored"), counts))

    def terminate(self):
        """Ends the load early; the host shuts down in order."""
        if self.running():
            self.process.send_signal(signal.SIGTERM)

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait()

    def report(self, seconds=60):
        """Waits for its end, and reads its report; a host that does not end or has crashed is a failure."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"{self.name} did not end within {seconds:g} s") from None
        self.bench.note(f"{self.name} ended with {self.process.returncode}; it said:\n{self.said()}")
        if self.process.returncode < 0:
            raise RuntimeError(f"{self.name} was ended by signal {-self.process.returncode}")
        if not self.report_path.exists():
            raise RuntimeError(f"{self.name} left no report and ended with {self.process.returncode}")
        return json.loads(self.report_path.read_text(encoding="utf-8"))

    def recorded(self):
        return ledger.read_ids(self.ids_path) if self.ids_path.exists() else set()

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


class Sampled:
    """Samples what the host holds while it runs: most threads, descriptors and bytes of memory.

    `held` is its own memory and the flight recorder; `mapped` are pages of files, programs and the store, which the
    kernel may take back at any time.
    """

    def __init__(self, host, every=0.05):
        self.threads = self.descriptors = self.held = self.mapped = 0
        self._host, self._every, self._over = host, every, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._over.wait(self._every) and self._host.running():
            try:
                self.threads = max(self.threads, self._host.threads())
                self.descriptors = max(self.descriptors, self._host.descriptors())
                with open(f"/proc/{self._host.pid}/status", encoding="ascii") as status:
                    kibibytes = dict(re.findall(r"^(Rss\w+):\s+(\d+) kB", status.read(), re.MULTILINE))
                self.held = max(self.held, 1024 * (int(kibibytes["RssAnon"]) + int(kibibytes["RssShmem"])))
                self.mapped = max(self.mapped, 1024 * int(kibibytes["RssFile"]))
            except (OSError, KeyError):
                return

    def end(self):
        self._over.set()
        self._thread.join(2)
