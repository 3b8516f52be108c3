#!/usr/bin/env python3
"""What is no call: starting and stopping, the store, the library's size, what including it costs; and curves: what a
span costs beside threads, open spans, and a filling store.

    works.py --programs <folder of cost_work, life_work, peer_span_work> --library <libposthaste.so> [--quick]
             [--json <file>]

Times wobble on a machine that others share: of each several, ours and the peer's in turn, the median and the range.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

import callgrind
import programs as runs
from loads import Sink, spread

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDES = {  # the least that a program of one signal each includes
    "ours": ("#include <posthaste/posthaste.h>\n", ["-I", str(ROOT / "api/include")]),
    "peer": ("#include <opentelemetry/trace/provider.h>\n#include <opentelemetry/metrics/provider.h>\n"
             "#include <opentelemetry/logs/provider.h>\n", ["-DHAVE_ABSEIL", "-DOPENTELEMETRY_ABI_VERSION_NO=1"]),
}
THREADS = (1, 2, 4, 8)
LIVE = (0, 1_000, 10_000, 50_000)
FILLS = (0, 200, 800, 2_000)
ARENA_FOR_LIVE = 512  # MiB: a quarter of it are slots, 1 KiB each
CALLS = 20_000


def start_and_stop(programs, quick):
    with Sink(programs) as sink:
        lives = [runs.figures(programs / "life_work", "start_stop", 5, sink.url) for _ in range(2 if quick else 5)]
    return {name: spread([life[name] for life in lives]) for name in lives[0]}


def size_of(library):
    """Bytes of the file as a package ships it, without what only a debugger reads."""
    with tempfile.TemporaryDirectory() as folder:
        stripped = pathlib.Path(folder) / "stripped.so"
        subprocess.run(["strip", "--strip-unneeded", "-o", str(stripped), str(library.resolve())], check=True)
        return {"stripped_bytes": stripped.stat().st_size}


def seconds_to_compile(source, options):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([os.environ.get("CXX", "g++"), "-std=c++20", "-O2", "-x", "c++", "-c", "-o", "/dev/null", "-",
                    *options], input=source + "int main() {}\n", text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def include(has_peer, quick):
    who = ("ours", "peer") if has_peer else ("ours",)
    seconds = {name: [] for name in who}
    for _ in range(2 if quick else 5):
        for name in who:
            seconds[name].append(seconds_to_compile(*INCLUDES[name]))
    return {name: spread(found) for name, found in seconds.items()}


def by_threads(programs, has_peer, quick):
    """Mean nanoseconds of a flat span, ours and the peer's."""
    curve = {}
    for threads in THREADS:
        found = {"ours": [], "peer": []}
        for _ in range(1 if quick else 3):
            found["ours"].append(runs.figures(programs / "cost_work", "flat_span", CALLS, threads)["mean"])
            if has_peer:
                found["peer"].append(runs.figures(programs / "peer_span_work", "flat_span", CALLS, threads)["mean"])
        curve[threads] = {who: spread(values) for who, values in found.items()}
    return curve


def by_live_spans(programs, quick):
    """Instructions of a flat span in the library. So many open spans take the arena a minute to make room for."""
    works = {live: f"flat_span_beside_{live}" if live else "flat_span" for live in (LIVE[:-1] if quick else LIVE)}
    return {live: callgrind.cost_of(programs / "cost_work", work, 1_000, 6_000, arena_megabytes=ARENA_FOR_LIVE)[1]
            for live, work in works.items()}


def by_fill(programs, quick):
    """Of a store that holds so many batches already: processor time to append one, and time until it is replayed."""
    curve = {}
    with tempfile.TemporaryDirectory(prefix="posthaste-bench-", dir=runs.memory_folder()) as folder:
        for fill in FILLS:
            said = [runs.figures(programs / "life_work", "store", fill, TMPDIR=folder) for _ in range(1 if quick else 3)]
            curve[fill] = {name: spread([figures[name] for figures in said]) for name in said[0]}
    return curve


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--library", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    programs, quick = arguments.programs, arguments.quick
    has_peer = (programs / "peer_span_work").exists()
    results = {"start_stop": start_and_stop(programs, quick), "size": size_of(arguments.library)}
    if shutil.which(os.environ.get("CXX", "g++")):
        results["include_seconds"] = include(has_peer, quick)
    results["threads"] = by_threads(programs, has_peer, quick)
    results["live_spans"] = by_live_spans(programs, quick)
    results["store_fill"] = by_fill(programs, quick)
    for name, result in results.items():
        print(f"{name:<16} {json.dumps(result)}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
