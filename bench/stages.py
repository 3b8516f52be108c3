#!/usr/bin/env python3
"""Where the instructions of one span go, from start_span to the wire, stage by stage.

    stages.py --programs <folder of export_work> [--json <file>]

The spans are those of export_work's request traces (four spans, four attributes each, an exception in
one span of a hundred), sent as JSON with gzip and as OTLP. Counted by callgrind, all threads, once all is
warm; a stage is what its functions take with all that they call. The budget is what the product gives
each stage on this class of machine, in nanoseconds.
"""

import argparse
import dataclasses
import json
import pathlib
import sys

import callgrind
import cost

OUTPUTS = {"json": "export_azure", "otlp": "export_otlp"}


@dataclasses.dataclass
class Stage:
    name: str
    where: str
    functions: tuple            # whose instructions it is, by how their names begin
    less: tuple = ()            # without what these take, which they call
    budget: str = "–"           # ns a span


# start_span stands in the header; the compiler may call what is beneath it.
START = ("posthaste::Tracer::start_span(", "posthaste::Tracer::start(", "posthaste::Tracer::start_plain(")
PRODUCER, ACTORS, IO = "application thread", "actors", "io thread"
STAGES = (
    Stage("start: clock, ids, parent, sampling", PRODUCER, START, budget="50"),
    Stage("four attributes", PRODUCER, ("(anonymous namespace)::set_attributes(",), budget="20"),
    Stage("end: clock, copy into the lane", PRODUCER, ("posthaste::Span::finish_now(",), budget="30"),
    Stage("scope, exceptions, the program's own", PRODUCER, ("(anonymous namespace)::record(",),
          less=(*START, "(anonymous namespace)::set_attributes(",
                "posthaste::Span::finish_now(")),
    Stage("collect: lanes into the log", ACTORS, ("posthaste::actors::Sampler::step(",), budget="25"),
    Stage("encode", ACTORS, ("posthaste::actors::ExtentEncoder::encode(",),
          less=("posthaste::wire::Compressor::gzip(",), budget="250"),
    Stage("gzip", ACTORS, ("posthaste::wire::Compressor::gzip(",), budget="730"),
    Stage("batch: close, checksum, body", ACTORS, ("posthaste::actors::Batcher::step(",),
          less=("posthaste::actors::ExtentEncoder::encode(",)),
    Stage("settle, retry, deliveries", ACTORS, ("posthaste::actors::Transmitter::step(",)),
    Stage("HTTP", IO, ("posthaste::http::IoLoop::run(",), budget="250"),
)


def taken_by(functions, beginnings):
    return sum(count for name, count in functions.items()
               if name.startswith(beginnings) and not name.endswith("'2"))


def table(functions, spans):
    """Instructions of one span by stage, then of everything else, then in all."""
    rows = {stage.name: (taken_by(functions, stage.functions) - taken_by(functions, stage.less)) / spans
            for stage in STAGES}
    whole = functions[""] / spans
    return rows | {"mailboxes, timers, the rest": whole - sum(rows.values()), "in all": whole}


def measured(programs):
    program = programs / "export_work"
    spans = cost.COUNTED_REQUESTS * cost.SPANS_OF_A_REQUEST
    return {name: table(callgrind.by_function(program, work, cost.COUNTED_REQUESTS), spans)
            for name, work in OUTPUTS.items()}


def lines(results):
    known = {stage.name: stage for stage in STAGES}
    yield "| stage of a span | where | JSON + gzip, instructions | OTLP, instructions | budget, ns |"
    yield "|---|---|---|---|---|"
    for name in results["json"]:
        stage = known.get(name, Stage(name, "", (), budget="1,300" if name == "in all" else "–"))
        yield (f"| {name} | {stage.where} | {results['json'][name]:,.0f} | {results['otlp'][name]:,.0f} "
               f"| {stage.budget} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    results = measured(arguments.programs)
    print("\n".join(lines(results)))
    unseen = [stage.name for stage in STAGES if results["json"][stage.name] <= 0]
    if unseen:
        print(f"stages.py: no function of these ran, are they called otherwise now? {', '.join(unseen)}", file=sys.stderr)
        return 1
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
