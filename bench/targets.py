"""What the product is to cost, against what the bench measured: each row of the report's first table."""

import dataclasses
from typing import Callable, Optional


def at(results, *path):
    """What is there, or None."""
    for name in path:
        if not isinstance(results, dict) or name not in results:
            return None
        results = results[name]
    return results


def times(peer, ours):
    return peer / ours if peer and ours else None


@dataclasses.dataclass
class Target:
    measure: str
    says: str                       # the target, in words
    ours: Callable                  # results -> a number or a spread
    peer: Callable = lambda results: None
    ratio: Callable = lambda results: None  # how many times better ours is, a number or a spread
    most: Optional[float] = None    # of ours
    least: Optional[float] = None   # of ours
    ratio_at_least: Optional[float] = None
    unit: str = ""

    def row(self, results):
        ours, peer, ratio = self.ours(results), self.peer(results), self.ratio(results)
        if ratio is None and isinstance(ours, (int, float)) and isinstance(peer, (int, float)):
            ratio = times(peer, ours)
        return {"measure": self.measure, "unit": self.unit, "target": self.says, "ours": ours, "peer": peer,
                "ratio": ratio, "met": self.met(middle(ours), middle(ratio))}

    def met(self, ours, ratio):
        """None: it was not measured."""
        checks = [(ours, self.most, lambda value, limit: value <= limit),
                  (ours, self.least, lambda value, limit: value >= limit),
                  (ratio, self.ratio_at_least, lambda value, limit: value >= limit)]
        asked = [(value, limit, holds) for value, limit, holds in checks if limit is not None]
        if any(value is None for value, _, _ in asked):
            return None
        return all(holds(value, limit) for value, limit, holds in asked)


def middle(value):
    return value["median"] if isinstance(value, dict) else value


def cost(work, who="ours", what="whole"):
    return lambda results: at(results, "cost", work, who, what)


def speed(work, threads, measure, what):
    return lambda results: at(results, "speed", work, str(threads), measure, what)


def beside_peer(measure, says, work, ratio):
    return Target(measure, says, cost(work), cost(work, "peer"), ratio_at_least=ratio, unit="instructions")


def faster(measure, says, work, threads, what, ratio):
    return Target(measure, says, speed(work, threads, what, "ours"), speed(work, threads, what, "peer"),
                  speed(work, threads, what, "ratio"), ratio_at_least=ratio, unit="ns")


def own_megabytes(who):
    def megabytes(results):
        found = at(results, "loads", "rss", who, "own_bytes")
        return found / 1e6 if found is not None else None
    return megabytes


def load(*path):
    return lambda results: at(results, "loads", *path)


def idle_percent(results):
    share = at(results, "loads", "idle", "ours")
    return share * 100 if share is not None else None


BATCH = 512

TARGETS = (
    Target("flat span, application thread", "at most 900 (650)", cost("flat_span", what="instructions"),
           cost("flat_span", "peer"), most=900, unit="instructions"),
    faster("flat span, exported, 1 thread", "20 times faster (40)", "exporting_span", 1, "mean", 20),
    faster("flat span, exported, 4 threads", "20 times faster (40)", "exporting_span", 4, "mean", 20),
    faster("flat span, discarded, 1 thread", "20 times faster (40)", "flat_span", 1, "mean", 20),
    faster("flat span, discarded, 4 threads", "20 times faster (40)", "flat_span", 4, "mean", 20),
    beside_peer("span with Scope, against the peer's no-op span with Scope", "at most 0.5 (0.35) of it", "scoped_span", 2),
    Target("allocations of a span, application thread", "0", cost("flat_span", what="allocations"),
           cost("flat_span", "peer", "allocations"), most=0, unit="allocations"),
    faster("p99 of a flat span, exported, 2 threads", "10 times lower", "exporting_span", 2, "p99", 10),
    faster("p99.9 of a flat span, exported, 2 threads", "50 times lower", "exporting_span", 2, "p99.9", 50),
    beside_peer("unsampled internal span", "8 times fewer (12)", "unsampled_internal", 8),
    beside_peer("unsampled server span with standard metrics", "4 times fewer", "unsampled_server", 4),
    Target("request-trace span, whole process, JSON + gzip (the peer: bare OTLP)", "at most 5,500 (3,500)",
           cost("export_azure"), cost("export_azure", "peer"), most=5_500, unit="instructions"),
    Target("a million spans, JSON + gzip over TLS (the peer: bare OTLP)", "at most 1.5 s (1.0)",
           load("cpu", "json_gzip_tls", "ours"), load("cpu", "otlp", "peer"),
           lambda results: times(middle(load("cpu", "otlp", "peer")(results)),
                                 middle(load("cpu", "json_gzip_tls", "ours")(results))),
           most=1.5, unit="CPU seconds"),
    Target("a million spans, OTLP", "at most 1 s", load("cpu", "otlp", "ours"), load("cpu", "otlp", "peer"),
           load("cpu", "otlp", "ratio"), most=1.0, unit="CPU seconds"),
    Target("rate without loss, default settings, the sink on the same machine", "5 times the peer's (12)",
           load("throughput", "ours"), load("throughput", "peer"), load("throughput", "ratio"), ratio_at_least=5,
           unit="spans/s"),
    Target("spans in a request at a steady 20,000/s", f"at least 95 % of {BATCH}",
           load("batching", "ours", "spans_a_request"), load("batching", "peer", "spans_a_request"),
           lambda results: times(load("batching", "ours", "spans_a_request")(results),
                                 load("batching", "peer", "spans_a_request")(results)),
           least=0.95 * BATCH, unit="spans"),
    Target("idle, everything on", "at most 0.05 % of a core", idle_percent, most=0.05, unit="%"),
    beside_peer("log with 3 attributes", "15 times fewer", "log_record", 15),
    Target("10 s outage at 20,000 spans/s", "0 lost", load("outage", "ours", "lost"), load("outage", "peer", "lost"),
           most=0, unit="spans lost"),
    Target("memory at 60,000 spans/s, beside the arena", "at most 24 MB", own_megabytes("ours"), own_megabytes("peer"),
           most=24, unit="MB"),
)


def rows(results):
    return [target.row(results) for target in TARGETS]
