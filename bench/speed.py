#!/usr/bin/env python3
"""Times telemetry on one, two and four threads beside the peer, in turn in the same run.

    speed.py --programs <folder of cost_work, export_work and the peer_* ones> [--rounds N] [--json <file>]

Times wobble on a machine that others share, so nothing is held against a limit in nanoseconds: only
ratios count, each of two runs right after one another, and of several such pairs the median and the
range are shown. A call is one whole span with four attributes, or a log record with three; "mean" is
how long one keeps its thread, "p99" and "p99.9" are of single calls, with the clock's own cost in them:
of a loop that calls nothing they are shown last. Calls come in bursts of 200 every 4 ms, and what is
recorded is discarded; exporting_span is the flat span in bursts of 2,000 every 40 ms while all of them
are exported by OTLP to a receiver on the same machine: what a call costs beside an exporter at work.
"""

import argparse
import json
import pathlib
import statistics
import sys

import programs as runs

THREADS = (1, 2, 4)
COST, EXPORT = ("cost_work", "peer_span_work"), ("export_work", "peer_export_work")
WORKS = (("flat_span", "flat_span", COST), ("exporting_span", "exporting_span", EXPORT),
         ("scoped_span", "scoped_span", COST), ("log_record", "log_record", COST),
         ("unsampled_internal", "unsampled_span", COST))
EMPTY = "nothing"
ALONE = ("bound_add", "add_with_attributes", "record_with_attributes")
MEASURES = ("mean", "p50", "p99", "p99.9")
CALLS = {EXPORT: 60_000, COST: 20_000}  # a thread


def timed(program, work, threads, calls):
    return runs.figures(program, work, calls, threads)


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def beside_peer(programs, work, peer_work, threads, rounds, pair=COST):
    pairs = []
    for _ in range(rounds):
        pairs.append((timed(programs / pair[0], work, threads, CALLS[pair]),
                      timed(programs / pair[1], peer_work, threads, CALLS[pair])))
    result = {"refused": max(ours["refused"] for ours, _ in pairs)}
    for measure in MEASURES:
        result[measure] = {"ours": spread([ours[measure] for ours, _ in pairs]),
                           "peer": spread([peer[measure] for _, peer in pairs]),
                           "ratio": spread([peer[measure] / max(ours[measure], 0.1) for ours, peer in pairs])}
    return result


def show(work, threads, result):
    cells = []
    for measure in ("mean", "p99", "p99.9"):
        of = result[measure]
        cells.append(f"{of['ours']['median']:>7,.0f} {of['peer']['median']:>9,.0f} {of['ratio']['median']:>6.0f}x "
                     f"{of['ratio']['least']:>4.0f}-{of['ratio']['most']:<5.0f}")
    refused = f"   {result['refused']:.0f} REFUSED" if result["refused"] else ""
    print(f"{work:<20}{threads:>2}  " + "  ".join(cells) + refused, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    results = {}
    if (arguments.programs / "peer_span_work").exists():
        print(f"{'':<24}{'mean, ns':<31}{'p99, ns':<31}{'p99.9, ns'}\n"
              f"{'threads':>22}  " + "  ".join(f"{'ours':>7} {'peer':>9} {'ratio':>7} {'range':<10}" for _ in range(3)))
        for work, peer_work, pair in WORKS:
            for threads in THREADS:
                result = beside_peer(arguments.programs, work, peer_work, threads, arguments.rounds, pair)
                results.setdefault(work, {})[threads] = result
                show(work, threads, result)
    else:
        print("NO PEER: opentelemetry-cpp-dev is not installed, so no span is timed beside it.")
    for threads in THREADS:
        runs_of_it = [timed(arguments.programs / "cost_work", EMPTY, threads, CALLS[COST]) for _ in range(arguments.rounds)]
        result = {measure: {"ours": spread([run[measure] for run in runs_of_it])} for measure in MEASURES}
        results.setdefault(EMPTY, {})[threads] = result
        cells = [f"{result[measure]['ours']['median']:>7,.0f} {'':<24}" for measure in ("mean", "p99", "p99.9")]
        print(f"{'an empty loop':<20}{threads:>2}  " + "  ".join(cells), flush=True)
    print(f"\n{'ours alone, mean, ns':<24}" + "".join(f"{threads:>3} thread(s)" for threads in THREADS))
    for work in ALONE:
        means = [statistics.median(timed(arguments.programs / "cost_work", work, threads, CALLS[COST])["mean"]
                                   for _ in range(arguments.rounds)) for threads in THREADS]
        results[work] = dict(zip(THREADS, means))
        print(f"{work:<24}" + "".join(f"{mean:>12,.1f}" for mean in means), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
