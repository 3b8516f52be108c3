#!/usr/bin/env python3
"""Puts telemetry under load beside the peer, in turn in the same run.

    loads.py --programs <folder of export_work, life_work, peer_export_work> --posthaste <the command>
             [--quick] [--json <file>]

    throughput   the highest rate at which every span arrives, default settings, a sink on the same machine
    cpu          processor time of a million spans: JSON with gzip over TLS, and OTLP
    rss          memory at 60,000 spans/s, without the arena, which is shared memory
    batching     spans in a request at a steady 20,000/s
    idle         processor time of a process that records nothing, everything on
    outage       20,000 spans/s while the endpoint refuses for ten seconds: spans lost

The sink reads requests and answers 200, nothing more (`export_work receive`); TLS and the outage are
those of `posthaste emulator`. The peer is opentelemetry-cpp's SDK with its OTLP/HTTP exporter and its
own defaults. Rates and times wobble on a machine that others share: each is measured several times,
ours and the peer's right after one another, and the range is shown.
"""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

import programs as runs

KEY = "InstrumentationKey=00000000-0000-0000-0000-000000000001"
OURS, PEER = "ours", "peer"
# A rate is one that holds when nothing is lost for so many seconds; each is this much above the last.
RATES = {OURS: (220e3, 330e3, 500e3, 750e3, 1.1e6, 1.5e6, 2e6), PEER: (45e3, 60e3, 80e3, 100e3, 150e3, 220e3, 330e3)}
SETTLE = 0.05


def spread(values):
    values = [value for value in values if value is not None]
    if not values:
        return None
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


class Sink:
    """A receiver that answers 200; when it has ended it knows how many requests came."""

    def __init__(self, programs):
        listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.process = subprocess.Popen([str(programs / "export_work"), "receive", str(listening.fileno())],
                                        pass_fds=[listening.fileno()], stdout=subprocess.PIPE, text=True)
        listening.close()
        self.requests = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate(timeout=30)
        self.requests = runs.figures_of(said)["requests"]


@contextlib.contextmanager
def emulator(posthaste, *options):
    """What its ready file says."""
    with runs.environment() as variables:
        ready = pathlib.Path(variables["POSTHASTE_CONFIG_FILE"]).with_name("ready.json")
        folder = ready.parent
        process = subprocess.Popen([str(posthaste), "emulator", "--port", "0", "--https-port", "0", "--otlp-port", "0",
                                    "--control-port", "0",
                                    "--ready-file", str(ready), "--cert-dir", f"{folder}/certificates", *options],
                                   env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while not ready.exists() or not ready.read_text(encoding="utf-8"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("posthaste emulator did not start")
                time.sleep(SETTLE)
            yield json.loads(ready.read_text(encoding="utf-8"))
        finally:
            process.terminate()
            process.wait(timeout=30)


def memory_of(pid):
    """Bytes that are resident, of files or its own, and bytes of shared memory: the arena."""
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    kilobytes = {name: int(fields[name].split()[0]) for name in ("RssAnon", "RssFile", "RssShmem")}
    return (kilobytes["RssAnon"] + kilobytes["RssFile"]) * 1024, kilobytes["RssShmem"] * 1024


def run_and_watch(command, variables):
    """Its exit code, its output, and the most memory that it was seen to have."""
    process = subprocess.Popen(list(map(str, command)), env=variables, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    own = arena = 0
    while process.poll() is None:
        with contextlib.suppress(FileNotFoundError, KeyError, ProcessLookupError):  # it just ended
            now = memory_of(process.pid)
            own, arena = max(own, now[0]), max(arena, now[1])
        time.sleep(SETTLE)
    return process.returncode, process.stdout.read(), own, arena


class Loads:
    def __init__(self, programs, posthaste, quick):
        self.programs, self.posthaste, self.quick = programs, posthaste, quick
        self.rounds = 1 if quick else 3
        self.seconds = 3 if quick else 8
        self.has_peer = (programs / "peer_export_work").exists()

    def ours(self, connection, rate, seconds, threads=2, otlp=False, more=()):
        """`posthaste load`, request traces; its report, and the memory it had."""
        given = {"OTEL_EXPORTER_OTLP_ENDPOINT": connection} if otlp else {}
        where = () if otlp else ("--connection-string", connection)
        with runs.environment(**given) as variables:
            command = (self.posthaste, "load", "--profile", "request", "--rate", rate, "--duration", seconds,
                       "--threads", threads, "--shutdown-deadline", 30, *where, *more)
            _, said, own, arena = run_and_watch(command, variables)
        report = json.loads(said)
        report |= {"own_bytes": own, "arena_bytes": arena,
                   "lost": report["recorded"] - report["delivered"] - report["stored"]}
        return report

    def peer(self, url, rate, seconds, threads=2):
        with runs.environment() as variables:
            command = (self.programs / "peer_export_work", "load", url, rate, seconds, threads)
            _, said, own, _ = run_and_watch(command, variables)
        report = runs.figures_of(said)
        return report | {"own_bytes": own, "lost": report["recorded"] - report["exported"]}

    def once(self, who, rate, seconds, threads=2, otlp=False):
        with Sink(self.programs) as sink:
            if who == PEER:
                report = self.peer(sink.url, rate, seconds, threads)
                arrived = report["exported"]
            else:
                where = sink.url if otlp else f"{KEY};IngestionEndpoint={sink.url}/"
                report = self.ours(where, rate, seconds, threads, otlp)
                arrived = report["delivered"]
        return report | {"arrived": arrived, "requests": sink.requests}

    def both(self, measure, more_is_better=False):
        """`measure(who)` in turn, several times: the spread of each, and of how many times better than its neighbour
        ours is."""
        values = {OURS: [], PEER: []}
        for _ in range(self.rounds):
            values[OURS].append(measure(OURS))
            if self.has_peer:
                values[PEER].append(measure(PEER))
        result = {who: spread(found) for who, found in values.items()}
        result["ratio"] = spread([ours / peer if more_is_better else peer / ours
                                  for ours, peer in zip(values[OURS], values[PEER]) if ours and peer])
        return result

    # What is measured.

    def throughput(self):
        def highest(who, otlp=False):
            held = 0.0
            for rate in RATES[who]:
                if not (holds(who, rate, otlp) or holds(who, rate, otlp)):  # once may be somebody else's fault
                    break
                held = rate
            return held

        def holds(who, rate, otlp):
            report = self.once(who, rate, self.seconds, otlp=otlp)
            return report["lost"] == 0 and report["recorded"] >= 0.9 * rate * report["load_seconds"]

        return self.both(highest, more_is_better=True) | {"otlp": spread([highest(OURS, otlp=True)])}

    def cpu(self):
        requests = 50_000 if self.quick else 250_000
        work = self.programs / "export_work"
        result = {"otlp": self.both(lambda who: runs.figures(
            work if who == OURS else self.programs / "peer_export_work", "export_otlp", requests)
            ["cpu_seconds_per_million"])}
        with emulator(self.posthaste, "--bare") as ready:
            given = ("export_azure", requests, ready["https_connection_string"], ready["ca"])
            result["json_gzip_tls"] = {OURS: spread([
                runs.figures(work, *given)["cpu_seconds_per_million"] for _ in range(max(self.rounds, 2))])}
        return result

    def rss(self):
        reports = {who: self.once(who, 60_000, self.seconds) for who in self.who()}
        return {who: {"own_bytes": report["own_bytes"], "arena_bytes": report.get("arena_bytes", 0),
                      "lost": report["lost"]} for who, report in reports.items()}

    def batching(self):
        """Time for the last, smaller requests included: so many seconds that they do not weigh."""
        reports = {who: self.once(who, 20_000, 10 if self.quick else 30) for who in self.who()}
        return {who: {"spans_a_request": report["arrived"] / max(report["requests"], 1)}
                for who, report in reports.items()}

    def idle(self):
        seconds = 10 if self.quick else 60
        with Sink(self.programs) as sink:
            said = runs.figures(self.programs / "life_work", "idle", seconds, sink.url)
        return {OURS: said["cpu_share"]}

    def outage(self):
        """Refused from the third to the thirteenth second; then all must come, or be in the store."""
        result = {}
        for who in self.who():
            with emulator(self.posthaste) as ready:
                fault = urllib.request.Request(f"http://127.0.0.1:{ready['control']}/control/fault",
                                               data=b"refuse,after=3s,for=10s", method="PUT")
                urllib.request.urlopen(fault, timeout=30).close()
                if who == OURS:
                    report = self.ours(ready["connection_string"], 20_000, 20, more=("--linger", 20))
                    arrived = report["delivered"] + report["stored"]
                else:
                    report = self.peer(f"http://127.0.0.1:{ready['otlp']}", 20_000, 20)
                    arrived = spans_received(ready)
            result[who] = {"recorded": report["recorded"], "lost": report["recorded"] - arrived}
        return result

    def who(self):
        return (OURS, PEER) if self.has_peer else (OURS,)


def spans_received(ready):
    address = f"http://127.0.0.1:{ready['control']}/control/summary"
    with urllib.request.urlopen(address, timeout=30) as answer:
        summary = json.load(answer)
    return summary["otlp"]["spans"]["accepted"]


LOADS = ("throughput", "cpu", "rss", "batching", "idle", "outage")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--posthaste", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("loads", nargs="*", metavar="load", choices=[[], *LOADS])
    arguments = parser.parse_args()
    loads = Loads(arguments.programs, arguments.posthaste, arguments.quick)
    results = {"load_average": os.getloadavg()[0]}
    for name in arguments.loads or LOADS:
        results[name] = getattr(loads, name)()
        print(f"{name:<12} {json.dumps(results[name])}", flush=True)
    if not loads.has_peer:
        print("NO PEER: opentelemetry-cpp-dev is not installed, so nothing is loaded beside it.")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
