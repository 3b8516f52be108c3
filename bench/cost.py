#!/usr/bin/env python3
"""Counts the instructions that an application thread spends on a piece of telemetry.

    cost.py --program <cost_work> [--json <file>] [work ...]

Each work runs twice under callgrind, 1,000 and 6,000 times; the difference by 5,000 is what one costs
once all is warm. Only the program's main thread counts, and of it only what is outside the program
itself: the library, and what it calls. Instruction counts hardly wobble, so each work has a limit;
the exit code is 1 when one is exceeded.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

FEW, MANY = 1_000, 6_000
LIMITS = {  # instructions
    "flat_span": 1_000,
    "scoped_span": 1_220,
    "child_span": 1_470,
    "log_record": 1_450,
    "unsampled_internal": 720,
    "unsampled_server": 1_100,
}
NAME = re.compile(r"\((\d+)\)(?: (.*))?")


def instructions_by_object(profile):
    """Of one thread's callgrind file: how many instructions ran in each object file."""
    names, counts = {}, collections.Counter()
    where, in_call = None, False
    for line in profile.open():
        key, _, value = line.rstrip("\n").partition("=")
        if key in ("ob", "cob"):
            number, name = NAME.match(value).groups()
            if name:
                names[number] = name
            if key == "ob":
                where = number
        elif key == "calls":
            in_call = True  # the next line is what the callee cost
        elif line[:1] in "+-*0123456789":
            if not in_call:
                counts[where] += int(line.split()[1])
            in_call = False
    return {names.get(number, "?"): count for number, count in counts.items()}


def outside(program, work, times):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "profile"
        subprocess.run(["valgrind", "--tool=callgrind", "--separate-threads=yes", "-q",
                        f"--callgrind-out-file={out}", str(program), work, str(times)],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        counts = instructions_by_object(out.with_name("profile-01"))
    return sum(count for name, count in counts.items() if pathlib.Path(name).name != program.name)


def cost_of(program, work):
    return (outside(program, work, MANY) - outside(program, work, FEW)) / (MANY - FEW)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("works", nargs="*", metavar="work")
    arguments = parser.parse_args()
    costs = {}
    print(f"{'work':<18} {'instructions':>12} {'limit':>8}")
    for work in arguments.works or LIMITS:
        costs[work] = cost_of(arguments.program, work)
        mark = "" if costs[work] <= LIMITS[work] else "   too many"
        print(f"{work:<18} {costs[work]:>12,.0f} {LIMITS[work]:>8,}{mark}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(costs, indent=2) + "\n", encoding="utf-8")
    return any(cost > LIMITS[work] for work, cost in costs.items())


if __name__ == "__main__":
    sys.exit(main())
