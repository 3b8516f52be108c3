#!/usr/bin/env python3
"""Tests against other people's programs, from npm.

    peers.py azure-monitor|otlp --program posthaste --work DIR

azure-monitor  Microsoft's distribution for Node.js sends traces, logs and metrics over HTTPS to `posthaste emulator`,
               which must accept every item, and count what was sent.
otlp           OpenTelemetry's encoders write the same telemetry as JSON and as protobuf; `posthaste convert` must
               make the same envelopes of both.

The packages go to DIR (package-lock.json says which). Where node or npm is not there, or no registry answers, it says
so and ends with 77: skipped.
"""

import argparse
import collections
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
DEADLINE = 240  # seconds for one program
OUR_FAULTS = ("EUSAGE", "EINTEGRITY", "EJSONPARSE", "ETARGET")  # of npm's codes: the lock file is wrong
SILENT = {  # what the distribution would send elsewhere
    "APPLICATION_INSIGHTS_NO_STATSBEAT": "true",
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
}


def skip(why):
    print(f"SKIPPED: {why}; nothing was tested", flush=True)
    sys.exit(SKIPPED)


def install(work):
    """The packages of package-lock.json in `work`, installed once for all tests."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            skip(f"{tool} is not installed")
    work.mkdir(parents=True, exist_ok=True)
    with open(work / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        wanted = (HERE / "package-lock.json").read_bytes()
        installed = work / "installed-lock.json"
        if not installed.is_file() or installed.read_bytes() != wanted:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, work)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline",
                       "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
            done = run(command, work, check=False)
            if done.returncode != 0:
                codes = [line.split()[-1] for line in done.stderr.splitlines() if line.startswith("npm error code")]
                if not codes or codes[0] in OUR_FAULTS:
                    sys.exit(f"npm ci: exit code {done.returncode}\n{done.stderr}")
                skip(f"the packages cannot be had ({codes[0]})")
            installed.write_bytes(wanted)
        for script in HERE.glob("*.js"):
            shutil.copy(script, work)


def run(command, directory, check=True, **environment):
    done = subprocess.run(command, cwd=directory, env={**os.environ, **SILENT, **environment}, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE, check=False)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done


@contextlib.contextmanager
def emulator(program, work, record):
    record.unlink(missing_ok=True)
    process = subprocess.Popen([program, "emulator", "--port", "0", "--https-port", "0", "--cert-dir", work / "certificates",
                                "--record", record], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE)


def control(port, path, method="GET"):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/control/{path}", method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def azure_monitor(program, work):
    record = work / "items.ndjson"
    with emulator(program, work, record) as ready:
        done = run(["node", "send_to_azure_monitor.js"], work,
                   PEER_CONNECTION_STRING=ready["https_connection_string"], NODE_EXTRA_CA_CERTS=ready["ca"])
        sent = json.loads(done.stdout.splitlines()[-1])
        summary = control(ready["control"], "summary")["items"]
    # Not splitlines(): it takes U+2028, which JSON may hold, for the end of a line.
    items = [json.loads(line)["item"] for line in record.read_text(encoding="utf-8").split("\n") if line]
    return [*judge_items(sent, items, summary)]


def judge_items(sent, items, summary):
    """What is not as it should be."""
    metrics = set(sent.pop("metrics"))
    counts = collections.Counter(item["name"].rsplit(".", 1)[-1] for item in items)
    print(f"received {dict(counts)}, rejected {summary['rejected']}")
    if summary["rejected"] != 0 or summary["accepted"] != summary["received"]:
        yield f"items were rejected: {json.dumps(summary)}"
    for kind, count in sent.items():
        if counts[kind] != count:
            yield f"{kind}: sent {count}, received {counts[kind]}"
    seen = {item["data"]["baseData"]["metrics"][0]["name"] for item in items if item["data"]["baseType"] == "MetricData"}
    if missing := metrics - seen:
        yield f"metrics that did not arrive: {sorted(missing)} (arrived: {sorted(seen)})"


def otlp(program, work):
    folder = work / "otlp"
    folder.mkdir(exist_ok=True)
    run(["node", "encode_otlp.js", folder], work)
    for signal_name in ("traces", "logs", "metrics"):
        json_lines, protobuf_lines = (
            run([program, "convert", folder / f"{signal_name}.{kind}"], work).stdout.splitlines() for kind in ("json", "pb"))
        print(f"{signal_name}: {len(json_lines)} envelopes")
        if not json_lines:
            yield f"{signal_name}: no envelopes"
        if len(json_lines) != len(protobuf_lines):
            yield f"{signal_name}: {len(json_lines)} envelopes out of JSON, {len(protobuf_lines)} out of protobuf"
        for left, right in zip(json_lines, protobuf_lines):
            if left != right:
                yield f"{signal_name}: out of JSON and out of protobuf:\n  {left}\n  {right}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("test", choices=("azure-monitor", "otlp"))
    parser.add_argument("--program", required=True, type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--work", required=True, type=lambda path: pathlib.Path(path).resolve())
    arguments = parser.parse_args()
    install(arguments.work)
    test = {"azure-monitor": azure_monitor, "otlp": otlp}[arguments.test]
    faults = list(test(arguments.program, arguments.work))
    print("\n".join(faults))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
