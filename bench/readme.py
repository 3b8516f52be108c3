#!/usr/bin/env python3
"""Writes the tables of bench/README.md anew from what ./dev bench measured.

    readme.py --results <build/bench/results>

A table stands between <!-- its name --> and <!-- end -->; one whose part was not measured stays as it is.
"""

import argparse
import pathlib
import re
import sys

import cost
import report
import speed
import stages
import targets
from targets import at, middle

README = pathlib.Path(__file__).with_name("README.md")


def ratio(ours, peer):
    found = targets.times(peer, ours)
    return f"{found:.1f}" if found else ""


def whole(value):
    return "" if value is None else f"{value:,.0f}"


def limit_of(work):
    said = [f"at most {work.most:,}"] if work.most is not None else []
    said += [f"at least {work.times:g} times fewer"] if work.times else []
    said += [f"{work.seconds:g} s"] if work.seconds else []
    return "; ".join(said)


def calls(results):
    yield "| instructions of | library | in all | allocations | the peer | allocations | ratio | limit |"
    yield "|---|---|---|---|---|---|---|---|"
    for work in cost.WORKS:
        if work.export:
            continue
        ours, peer = at(results, "cost", work.name, "ours") or {}, at(results, "cost", work.name, "peer") or {}
        yield (f"| `{work.name}` | {whole(ours.get('instructions'))} | {whole(ours.get('whole'))} "
               f"| {whole(ours.get('allocations'))} | {whole(peer.get('whole'))} | {whole(peer.get('allocations'))} "
               f"| {ratio(ours.get('whole'), peer.get('whole'))} | {limit_of(work)} |")


def exports(results):
    yield "| span by span | instructions | the peer's OTLP | ratio | seconds a million | the peer's OTLP | limit |"
    yield "|---|---|---|---|---|---|---|"
    for work in cost.WORKS:
        if not work.export:
            continue
        ours, peer = at(results, "cost", work.name, "ours") or {}, at(results, "cost", work.name, "peer") or {}
        seconds, theirs = (f"{of['seconds']:.2f}" if "seconds" in of else "" for of in (ours, peer))
        name = f"`{work.name}`" + (f", beyond `{work.beyond}`" if work.beyond else "")
        yield (f"| {name} | {whole(ours.get('whole'))} | {whole(peer.get('whole'))} "
               f"| {ratio(ours.get('whole'), peer.get('whole'))} | {seconds} | {theirs} | {limit_of(work)} |")


def times(results):
    yield "| call, threads | " + " | ".join(f"{name}, ns | the peer | ratio" for name in ("mean", "p99", "p99.9")) + " |"
    yield "|---|" + "---|" * 9
    for work in (*(work for work, _, _ in speed.WORKS), speed.EMPTY):
        for threads in speed.THREADS:
            cells = [whole(at(results, "speed", work, str(threads), measure, what, "median"))
                     for measure in ("mean", "p99", "p99.9") for what in ("ours", "peer", "ratio")]
            name = "an empty loop" if work == speed.EMPTY else f"`{work}`"
            yield f"| {name}, {threads} | " + " | ".join(cells) + " |"


def alone(results):
    yield "| ours alone, mean, ns | " + " | ".join(f"{threads} thread{'s' if threads > 1 else ''}"
                                                   for threads in speed.THREADS) + " |"
    yield "|---|" + "---|" * len(speed.THREADS)
    for work in speed.ALONE:
        means = [at(results, "speed", work, str(threads)) for threads in speed.THREADS]
        yield f"| `{work}` | " + " | ".join("" if mean is None else f"{mean:.1f}" for mean in means) + " |"


def curves(results):
    """What does not grow: of each curve all points."""
    works = results.get("works", {})
    yield "| does not grow with | points: cost |"
    yield "|---|---|"
    for name, label, path in (("threads", "threads: a flat span, ns", ("ours",)),
                              ("live_spans", "open spans: a flat span, instructions", ()),
                              ("store_fill", "batches in the store: appending 64 KiB, processor µs",
                               ("append_cpu_microseconds",)),
                              ("store_fill", "batches in the store: replaying one, µs", ("replay_microseconds",))):
        points = ((x, middle(at(of, *path) if path else of)) for x, of in works.get(name, {}).items())
        yield f"| {label} | " + ", ".join(f"{int(x):,}: {whole(y)}" for x, y in points) + " |"


TABLES = {  # name -> the part it needs, the lines
    "targets": ("facts", lambda results: report.lines(targets.rows(results))),
    "calls": ("cost", calls),
    "exports": ("cost", exports),
    "stages": ("stages", lambda results: stages.lines(results["stages"])),
    "times": ("speed", times),
    "alone": ("speed", alone),
    "curves": ("works", curves),
}


def rewritten(text, results):
    for name, (part, lines) in TABLES.items():
        if part not in results:
            continue
        table = "\n".join(lines(results))
        text, found = re.subn(rf"(<!-- {name} -->\n).*?(\n<!-- end -->)",
                              lambda match, table=table: match.group(1) + table + match.group(2), text, flags=re.DOTALL)
        if found != 1:
            raise SystemExit(f"{README}: there is no place for the table '{name}'")
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", type=pathlib.Path, required=True)
    results = report.gathered(parser.parse_args().results)
    README.write_text(rewritten(README.read_text(encoding="utf-8"), results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
