#!/usr/bin/env python3
"""All of ./dev bench, part by part, ours and the peer's in turn; then the report.

    run.py --build <build tree> [--quick] [part ...]

What each part measured lies in <build tree>/results, and the report, <build tree>/report.html and report.json, is made
of what lies there: a part may be measured again alone. --quick takes less of everything, and under ten minutes.
Exit code 1: a limit of cost.py is exceeded, or a part failed.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

import programs as runs
import report

HERE = pathlib.Path(__file__).resolve().parent
PARTS = ("cost", "stages", "speed", "loads", "works")


def said_by(*command, **how):
    """Nothing when it fails, or is not there."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE, **how)
    except FileNotFoundError:
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""


def facts(programs):
    """Of this machine and of what runs on it."""
    model = [line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    with runs.environment() as variables:
        built = said_by(str(programs / "life_work"), "facts", env=variables)
    told = {name: line.removeprefix(name).strip() for line in built.splitlines()
            for name in ("compression", "clock", "flight recorder") if line.startswith(name)}
    peer = said_by("dpkg-query", "-W", "-f=${Version}", "opentelemetry-cpp-dev")
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": said_by("git", "describe", "--always", "--dirty"),
        "processor": model[0] if model else platform.machine(),
        "processors": str(os.cpu_count()),
        "kernel": platform.release(),
        "compiler": said_by(os.environ.get("CXX", "g++"), "--version").split("\n")[0],
        "compressor": told.get("compression", "?"), "clock": told.get("clock", "?"),
        "flight recorder": told.get("flight recorder", "?"),
        "opentelemetry-cpp": peer or "not installed: NOTHING IS COMPARED",
        "load average before": f"{os.getloadavg()[0]:.1f}",
    }


def options_of(part, build, quick):
    options = {
        "cost": [],
        "stages": [],
        "speed": ["--rounds", "2"] if quick else [],
        "loads": ["--posthaste", f"{build}/bin/posthaste"],
        "works": ["--library", f"{build}/libposthaste.so"],
    }[part]
    return options + (["--quick"] if quick and part in ("loads", "works") else [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("parts", nargs="*", metavar="part", choices=[[], *PARTS])
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    programs, results = build / "bench", build / "results"
    results.mkdir(exist_ok=True)
    (results / "facts.json").write_text(json.dumps(facts(programs), indent=2) + "\n", encoding="utf-8")
    failed = []
    for part in arguments.parts or PARTS:
        began = time.monotonic()
        print(f"\n== {part}", flush=True)
        code = subprocess.run([sys.executable, str(HERE / f"{part}.py"), "--programs", str(programs), "--json",
                               str(results / f"{part}.json"), *options_of(part, build, arguments.quick)],
                              check=False).returncode
        print(f"{part}: {'ok' if code == 0 else 'FAILED'}, {time.monotonic() - began:.0f} s", flush=True)
        failed += [part] if code else []
    rows = report.write(report.gathered(results), build)
    print("\n" + "\n".join(report.lines(rows)) + f"\n\nthe page: {build}/report.html; its data: {build}/report.json")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
