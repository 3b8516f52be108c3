#!/usr/bin/env python3
"""Counts the instructions that a piece of telemetry costs, and holds them against limits and the peer.

    cost.py --programs <folder of cost_work, collect_work, encode_work, export_work, peer_work,
            peer_span_work> [--json <file>] [work ...]

How is said in callgrind.py. Of a work on an application thread only the program's main thread counts: all of it,
and what of it is outside the program itself, in the library and what it calls; limits hold for the
latter, ratios for the former, as much of the peer stands in headers. Of a collection everything counts
that `collect_now` calls, of an encoding what `encode_now` calls, for one span. Of an export everything counts, all threads of the process, from
`start_span` to the receiver's answer, for one span; and the processor's time, without callgrind, of a
million of them, the best of three runs as time wobbles. The peer is opentelemetry-cpp's SDK, counted alike in the same run.
Allocations are those of one repetition, once warm, counted without callgrind.

Instruction counts hardly wobble, so each work has limits; the exit code is 1 when one is exceeded.
"""

import argparse
import dataclasses
import json
import pathlib
import sys

import callgrind
import programs

SPANS_OF_A_REQUEST = 4
SPANS_OF_A_BATCH = 400  # of encode_work
COUNTED_REQUESTS = 6_000
TIMED_REQUESTS = 250_000

METRICS, SPANS, EXPORTS = "peer_work", "peer_span_work", "peer_export_work"


@dataclasses.dataclass
class Work:
    name: str
    most: int | None = None           # instructions
    allocations: float | None = None  # at most
    times: float | None = None        # so many times fewer instructions than the peer, at least
    peer: str | None = None           # what the peer does meanwhile; "=": the same work
    peer_program: str = METRICS
    collection: bool = False
    encoding: bool = False
    export: bool = False
    beyond: str | None = None         # counted is what is more than that work costs
    seconds: float | None = None      # of processor time for a million, at most

    @property
    def of_peer(self):
        name = self.name if self.peer == "=" else self.peer
        return dataclasses.replace(self, name=name)

    @property
    def program(self):
        return ("export_work" if self.export else "encode_work" if self.encoding
                else "collect_work" if self.collection else "cost_work")

    @property
    def only_in(self):
        return "collect_now" if self.collection else "encode_now" if self.encoding else None

    @property
    def spans(self):
        """Of one repetition, where it has many."""
        return SPANS_OF_A_REQUEST if self.export else SPANS_OF_A_BATCH if self.encoding else 1

    @property
    def rounds(self):
        if self.encoding:
            return 4, 24  # batches
        if self.collection:
            return 10, 30
        # What costs little is repeated more often: starting up wobbles by some thousand instructions.
        if self.name == "bound_add":
            return 1_000, 201_000
        # Not so many records that the memory for them would be used up.
        return 1_000, 6_000 if self.peer_program == SPANS else 21_000


WORKS = (
    Work("flat_span", most=770, allocations=0, peer="=", peer_program=SPANS),
    Work("scoped_span", most=910, allocations=0, peer="no_op_scoped_span", peer_program=SPANS),
    Work("child_span", most=910, allocations=0, peer="scoped_span", peer_program=SPANS),
    Work("log_record", most=420, allocations=0, peer="=", peer_program=SPANS),
    Work("unsampled_internal", most=260, allocations=0, peer="unsampled_span", peer_program=SPANS),
    Work("unsampled_server", most=630, allocations=0, peer="unsampled_span", peer_program=SPANS),
    Work("bound_add", most=12, allocations=0, peer="="),
    Work("add_with_attributes", allocations=0, times=5, peer="="),
    Work("record_with_attributes", allocations=0, times=4, peer="="),
    Work("collect_counter", allocations=0, times=10, peer="=", collection=True),
    Work("collect_histogram", allocations=0, times=10, peer="=", collection=True),
    Work("encode_json", most=3_150, allocations=0, encoding=True),
    Work("encode_otlp", allocations=0, encoding=True),
    Work("gzip", most=2_300, allocations=0, encoding=True),
    Work("export_otlp", most=2_250, seconds=1.0, export=True, peer="=", peer_program=EXPORTS),
    Work("export_azure", most=7_500, export=True, peer="export_otlp", peer_program=EXPORTS),
    Work("export_both", export=True, beyond="export_azure", most=1_100),
)


def cost_of(program, work):
    """All instructions of one repetition, or of a span of an export or a batch, and those outside the program."""
    if work.export:
        whole = callgrind.by_function(program, work.name, COUNTED_REQUESTS)[""] / COUNTED_REQUESTS
        return [whole / work.spans] * 2
    few, many = work.rounds
    return [cost / work.spans for cost in callgrind.cost_of(program, work.name, few, many, only_in=work.only_in)]


def seconds_of(program, work):
    """Processor time of a million spans, the best of three runs."""
    return min(programs.figures(program, work.name, TIMED_REQUESTS)["cpu_seconds_per_million"] for _ in range(3))


def said_by(program, work):
    """What the program itself tells, without callgrind: allocations of one repetition, and more of an encoding."""
    return programs.figures(program, work.name, work.rounds[1])


def faults(work, cost, peer):
    """What is beyond its limits, in words."""
    found = []
    if work.most is not None and cost["instructions"] > work.most:
        found.append(f"more than {work.most:,} instructions")
    if work.allocations is not None and cost["allocations"] > work.allocations:
        found.append(f"more than {work.allocations:g} allocations")
    if work.seconds is not None and cost["seconds"] > work.seconds:
        found.append(f"more than {work.seconds:g} s a million")
    if work.times and peer and peer["whole"] < work.times * cost["whole"]:
        found.append(f"less than {work.times:g} times fewer than the peer")
    return found


def measured(program, work, costs):
    """`costs` of the works before it."""
    whole, outside = cost_of(program, work)
    cost = {"whole": whole, "instructions": outside}
    if not work.export:
        return cost | said_by(program, work)
    cost["seconds"] = seconds_of(program, work)
    if work.beyond:
        if work.beyond not in costs:
            raise SystemExit(f"{work.name} is what is more than {work.beyond}: name both")
        first = costs[work.beyond]["ours"]
        cost = {name: value - first[name] for name, value in cost.items()}
    return cost


def row(work, cost, peer):
    limits = []
    if work.most is not None:
        limits.append(f"<={work.most:,}")
    if work.times:
        limits.append(f">={work.times:g}x")
    if work.export:
        limits.append(f"{cost['seconds']:.2f} s/M" + (f" <={work.seconds:g}" if work.seconds else ""))
    beside = (f"{peer['whole']:>11,.0f} {peer.get('allocations', 0):>7,.5g} {peer['whole'] / cost['whole']:>6.1f}x"
              if peer else f"{'':>11} {'':>7} {'':>7}")
    allocations = f"{cost['allocations']:.4g}" if "allocations" in cost else ""
    return (f"{work.name:<23} {cost['instructions']:>10,.0f} {cost['whole']:>10,.0f} {allocations:>7} {beside}  "
            f"{' '.join(limits)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("works", nargs="*", metavar="work", choices=[[], *(w.name for w in WORKS)])
    arguments = parser.parse_args()
    has_peer = (arguments.programs / SPANS).exists()
    costs, failed = {}, False
    print(f"{'instructions':<23} {'in our':>10} {'':>10} {'':>7} {'the':>11}\n"
          f"{'of the work':<23} {'library':>10} {'in all':>10} {'allocs':>7} {'peer':>11} {'allocs':>7} {'ratio':>7}  "
          "limits")
    for work in WORKS:
        if arguments.works and work.name not in arguments.works:
            continue
        cost = measured(arguments.programs / work.program, work, costs)
        peer = None
        if has_peer and work.peer:
            peer = measured(arguments.programs / work.peer_program, work.of_peer, {})
        costs[work.name] = {"ours": cost, "peer": peer}
        wrong = faults(work, cost, peer)
        failed = failed or bool(wrong)
        print(row(work, cost, peer) + "".join(f"   {fault.upper()}" for fault in wrong), flush=True)
    if not has_peer:
        print("\nNO PEER: opentelemetry-cpp-dev is not installed, so NO RATIO WAS CHECKED. "
              "It is in Debian's bookworm-backports.")
    if arguments.json:
        arguments.json.write_text(json.dumps(costs, indent=2) + "\n", encoding="utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(main())
