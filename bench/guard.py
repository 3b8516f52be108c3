#!/usr/bin/env python3
"""Fails when a piece of the product's hot paths takes a tenth more instructions than was recorded.

    guard.py --programs <folder of cost_work, encode_work> --build <preset> [--compiler <id and version>]
    guard.py ... --record     writes what it counts into bench/recorded.json

A part of ./dev test, on programs of the tree `dev`: optimised a little, with assertions, so the
figures are that build's own; those of a release are what cost.py shows. Instructions wobble by less
than a hundredth, and depend on the compiler: with another one than was recorded nothing is compared.
Exit codes: 0 good, 1 a regression, 77 nothing was compared, and why was said.
"""

import argparse
import json
import pathlib
import sys

import callgrind
import cost

RECORDED = pathlib.Path(__file__).with_name("recorded.json")
GUARDED = ("flat_span", "encode_json", "encode_otlp")
ALLOWED = 1.10
SKIPPED = 77


def count(programs):
    works = {work.name: work for work in cost.WORKS}
    return {name: round(cost.cost_of(programs / works[name].program, works[name])[1]) for name in GUARDED}


def compare(recorded, counted):
    """The words to say of each, and whether all are good."""
    lines, good = [], True
    for name, now in counted.items():
        before = recorded[name]
        line = f"{name:<14}{now:>8,} instructions, recorded {before:,}: {100 * (now / before - 1):+.1f} %"
        if now > before * ALLOWED:
            good = False
            line += "   A REGRESSION: mend it, or say in the commit why and record it"
        elif now * ALLOWED < before:
            line += "   better: record it, so that it stays so"
        lines.append(line)
    return lines, good


def skip(why):
    print(f"NOTHING IS GUARDED: {why}", file=sys.stderr)
    return SKIPPED


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--compiler", default="")
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    if not callgrind.is_here():
        return skip("valgrind is not installed (apt-get install valgrind), so no instruction was counted")
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    if arguments.record:
        recorded[arguments.build] = {"compiler": arguments.compiler, "instructions": count(arguments.programs)}
        RECORDED.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")
        return 0
    if arguments.build not in recorded:
        return skip(f"no figures of the build '{arguments.build}' are in {RECORDED}; --record writes them")
    of_build = recorded[arguments.build]
    if arguments.compiler != of_build["compiler"]:
        return skip(f"built by {arguments.compiler}, but the figures were recorded with {of_build['compiler']}")
    lines, good = compare(of_build["instructions"], count(arguments.programs))
    print("\n".join(lines))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
