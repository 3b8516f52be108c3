"""The programs of the demo, each with a port of its own choice, ended with the `with` that began them."""

import json
import os
import queue
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request


class Failure(Exception):
    """Something that the demo cannot go on without; the text says what."""


def ask(url, method="GET", body=None):
    request = urllib.request.Request(url, data=None if body is None else body.encode(), method=method)
    try:
        with direct.open(request, timeout=10) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise Failure(f"{method} {url}: {error}") from None


direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever HTTP_PROXY says


class Program:
    """A child process whose log lies beside its data."""

    def __init__(self, program, arguments, directory, environment=None, **pipes):
        self.name = program.name if program.name != "posthaste" else arguments[0]
        self.log = directory / f"{self.name}.log"
        if not program.exists():
            raise Failure(f"{program} is not there: ./dev build makes it")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [program, *arguments], stdin=subprocess.DEVNULL, stderr=log,
                stdout=pipes.get("stdout", log), env=environment or os.environ,
                start_new_session=True)  # ^C is for the demo, which ends them in order

    def wait_for_ready(self, path, seconds=30):
        deadline = time.monotonic() + seconds
        while not path.exists():
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended at once, with code {self.process.returncode}: {self.last_words()}")
            if time.monotonic() > deadline:
                raise Failure(f"{self.name} was not ready within {seconds} s: {self.last_words()}")
            time.sleep(0.02)
        return json.loads(path.read_text())

    def end(self, seconds=15):
        """Asks it to end, and makes it after a while. Its exit code, or None when it was made to."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def last_words(self):
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


class Emulator(Program):
    """The receiver of both: `posthaste emulator`, which lists what it has accepted in received.ids."""

    def __init__(self, bin_directory, directory):
        ready = directory / "emulator.ready"
        super().__init__(bin_directory / "posthaste",
                         ["emulator", "--port", "0", "--otlp-port", "0", "--control-port", "0", "--no-https",
                          "--ready-file", str(ready), "--record-ids", str(directory / "received.ids")],
                         directory)
        try:
            address = self.wait_for_ready(ready)
        except Failure:
            self.end()
            raise
        self.url = f"http://127.0.0.1:{address['http']}"
        self.control = f"http://127.0.0.1:{address['control']}/control"
        self.otlp_url = f"http://127.0.0.1:{address['otlp']}"
        self.connection_string = address["connection_string"]

    def refuse(self, down):
        """Application Insights alone: OTLP stays."""
        ask(f"{self.control}/fault", "PUT" if down else "DELETE", "refuse,only=track" if down else None)

    def summary(self):
        return ask(f"{self.control}/summary")

    def operations(self):
        return ask(f"{self.control}/operations")["operations"]

    def flush(self):
        ask(f"{self.control}/flush", "POST", "")


class Shop(Program):
    """The watched application; lists what it has recorded in recorded.ids."""

    def __init__(self, bin_directory, directory, emulator):
        ready = directory / "shop.ready"
        self.ledger_file = directory / "ledger.json"
        # Nothing of the caller's own settings: the demo is about what it starts itself.
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("OTEL_", "APPLICATIONINSIGHTS_"))}
        environment["APPLICATIONINSIGHTS_CONNECTION_STRING"] = emulator.connection_string
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = emulator.otlp_url
        environment["OTEL_METRIC_EXPORT_INTERVAL"] = "2000"  # the demo is over before the minute is
        environment["OTEL_BSP_SCHEDULE_DELAY"] = "1000"  # nobody waits for the last five seconds
        super().__init__(bin_directory / "shop",
                         ["--port", "0", "--ready-file", str(ready), "--store", str(directory / "store"),
                          "--ledger", str(self.ledger_file), "--ids", str(directory / "recorded.ids")],
                         directory, environment)
        try:
            address = self.wait_for_ready(ready)
        except Failure:
            self.end()
            raise
        self.port = address["port"]
        self.url = address["url"]

    def telemetry(self):
        return ask(f"{self.url}/telemetry")

    def stop(self):
        """Its last ledger."""
        code = self.end()
        if code != 0:
            raise Failure(f"the shop did not end well (code {code}): {self.last_words()}")
        return json.loads(self.ledger_file.read_text())


class Load(Program):
    """The customers; `counts` is their latest report."""

    def __init__(self, bin_directory, directory, port, options):
        self.counts = {"requests": 0, "failed": 0, "by_status": {}}
        self._reports = queue.Queue()
        self._over = False
        super().__init__(bin_directory / "shop_load",
                         ["--port", str(port), "--rate", str(options.rate), "--seconds", str(round(options.seconds))],
                         directory, stdout=subprocess.PIPE)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._reports.put(json.loads(line))
        self._reports.put(None)

    def running(self):
        return not self._over

    def wait(self, seconds):
        """So long, or until the load is over."""
        deadline = time.monotonic() + seconds
        while not self._over and (left := deadline - time.monotonic()) > 0:
            try:
                report = self._reports.get(timeout=left)
            except queue.Empty:
                return
            if report is None:
                self._over = True
            else:
                self.counts = report

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Parts:
    """Receiver and shop, which end with the demo unless they are let go."""

    def __init__(self, bin_directory, directory):
        self.emulator = Emulator(bin_directory, directory)
        try:
            self.shop = Shop(bin_directory, directory, self.emulator)
        except BaseException:
            self.emulator.end()
            raise
        self._ours = True

    def let_go(self):
        """They outlive the demo."""
        self._ours = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._ours:
            self.shop.end()
            self.emulator.end()
