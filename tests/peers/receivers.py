#!/usr/bin/env python3
"""Tests of our OTLP outputs against other people's receivers.

    receivers.py victoria-metrics|collector --program posthaste --work DIR

victoria-metrics  of Debian 13, unpacked in DIR beside the system: what `posthaste load` has measured must be what its
                  queries say, in protobuf with gzip and without.
collector         the OpenTelemetry Collector that OTELCOL names: it must count the spans, logs and points that
                  `posthaste load` says were delivered, in protobuf and JSON, with gzip and without.

Where the receiver cannot be had it says so and ends with 77: skipped.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

SKIPPED = 77
DEADLINE = 60  # seconds for one program to start, or to have stored what it was sent
PACKAGE = "victoria-metrics"
MIRROR = "http://deb.debian.org/debian"
KEYS = pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def skip(why):
    print(f"SKIPPED: {why}; NO THIRD-PARTY RECEIVER WAS TESTED", flush=True)
    sys.exit(SKIPPED)


# ---- VictoriaMetrics

def victoria_metrics_program(work):
    """Downloaded and unpacked once, by an apt of its own: the machine's packages are not touched."""
    unpacked = work / "unpacked"
    program = unpacked / "usr/bin/victoria-metrics"
    if program.is_file():
        return program
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            skip(f"{tool} is not installed")
    if not KEYS.is_file():
        skip(f"{KEYS} is not there, so no package could be trusted")
    root = work / "apt"
    for folder in ("state/lists/partial", "cache/archives/partial", "packages"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "state/status").touch()
    (root / "sources.list").write_text(f"deb [signed-by={KEYS}] {MIRROR} trixie main\n", encoding="ascii")
    options = [part for name, value in {
        "Dir::State": root / "state", "Dir::State::status": root / "state/status", "Dir::Cache": root / "cache",
        "Dir::Etc::sourcelist": root / "sources.list", "Dir::Etc::sourceparts": "-",
        "Acquire::Retries": "1", "Acquire::http::Timeout": "20"}.items() for part in ("-o", f"{name}={value}")]
    for command in (["update", "--error-on=any"], ["download", PACKAGE]):
        done = subprocess.run(["apt-get", *options, *command], cwd=root / "packages", text=True, capture_output=True,
                              timeout=300, check=False)
        if done.returncode != 0:
            skip(f"{PACKAGE} cannot be had: {done.stderr.strip().splitlines()[-1]}")
    package = next((root / "packages").glob(f"{PACKAGE}_*.deb"))
    fresh = work / "unpacked.new"
    shutil.rmtree(fresh, ignore_errors=True)
    subprocess.run(["dpkg", "-x", package, fresh], check=True)
    fresh.rename(unpacked)
    shutil.rmtree(root)
    return program


def victoria_metrics(program, work):
    receiver = victoria_metrics_program(work)
    for compression in ("none", "gzip"):
        port = free_port()
        data = work / f"data-{compression}"
        shutil.rmtree(data, ignore_errors=True)
        base = f"http://127.0.0.1:{port}"
        with running([receiver, f"-storageDataPath={data}", f"-httpListenAddr=127.0.0.1:{port}",
                      "-search.latencyOffset=0s"], work / "victoria-metrics.log"):
            wait_for(lambda: ask(f"{base}/health") == "OK", "VictoriaMetrics did not start")
            report = load(program, work, "metric",
                          OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=f"{base}/opentelemetry/v1/metrics",
                          OTEL_EXPORTER_OTLP_COMPRESSION=compression,
                          OTEL_TRACES_EXPORTER="none", OTEL_LOGS_EXPORTER="none")
            yield from judge_sums(base, report, compression)


def judge_sums(base, report, compression):
    recorded = report["recorded"]
    print(f"victoria-metrics, {compression}: {recorded} measurements, {report['delivered']} points delivered")
    if report["delivered"] == 0 or not report["nothing_lost"]:
        yield f"{compression}: not all was delivered: {json.dumps(report)}"
    for metric in ("load.measurements", "load.sizes_count"):
        def stored(name=metric):
            ask(f"{base}/internal/force_flush")
            return value_of(base, f'sum(last_over_time({{__name__="{name}"}}[1h]))')
        with contextlib.suppress(TimeoutError):
            wait_for(lambda: stored() == recorded, "")
        if stored() != recorded:
            yield f"{compression}: {metric} is {stored()}, {recorded} were recorded"
    service = value_of(base, 'count({__name__="load.measurements",service.name="posthaste-load"})')
    if not service:
        yield f"{compression}: no series says which service it is of"


def value_of(base, query):
    found = json.loads(ask(f"{base}/api/v1/query?{urllib.parse.urlencode({'query': query})}"))["data"]["result"]
    return float(found[0]["value"][1]) if found else None


# ---- the Collector

CONFIGURATION = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{port}"}}}}}}}}
exporters: {{debug: {{verbosity: normal}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [debug]}}
    metrics: {{receivers: [otlp], exporters: [debug]}}
    logs: {{receivers: [otlp], exporters: [debug]}}
"""


def collector(program, work):
    receiver = os.environ.get("OTELCOL")
    if not receiver:
        skip("OTELCOL names no OpenTelemetry Collector")
    for protocol in ("http/protobuf", "http/json"):
        for compression in ("none", "gzip"):
            port = free_port()
            configuration = work / "collector.yaml"
            configuration.write_text(CONFIGURATION.format(port=port), encoding="ascii")
            log = work / "collector.log"
            with running([receiver, f"--config={configuration}"], log):
                wait_for(lambda: listens(port), "the Collector did not start")
                report = load(program, work, "mixed", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
                              OTEL_EXPORTER_OTLP_PROTOCOL=protocol, OTEL_EXPORTER_OTLP_COMPRESSION=compression)
            counted = sum(map(int, re.findall(r'"(?:spans|log records|data points)": (\d+)',
                                              log.read_text(errors="replace"))))
            print(f"collector, {protocol}, {compression}: {report['delivered']} delivered, {counted} counted")
            if counted != report["delivered"] or not report["nothing_lost"]:
                yield f"{protocol}, {compression}: {report['delivered']} were delivered, the Collector counts {counted}"


# ---- for both

def load(program, work, profile, **environment):
    report = work / "report.json"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "APPLICATIONINSIGHTS_"))}
    subprocess.run([program, "load", "--profile", profile, "--spans", "3000", "--rate", "0", "--threads", "2", "--no-store",
                    "--report", report], env={**kept, **environment}, check=True, timeout=DEADLINE,
                   stderr=subprocess.DEVNULL)
    return json.loads(report.read_text())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def running(command, log):
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(DEADLINE)


def ask(url):
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def wait_for(condition, failure, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(failure)
        time.sleep(0.05)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("receiver", choices=("victoria-metrics", "collector"))
    parser.add_argument("--program", required=True, type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--work", required=True, type=lambda path: pathlib.Path(path).resolve())
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    test = {"victoria-metrics": victoria_metrics, "collector": collector}[arguments.receiver]
    faults = list(test(arguments.program, arguments.work))
    print("\n".join(faults))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
