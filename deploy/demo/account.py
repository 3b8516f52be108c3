"""The shop's ledger held against what it says it recorded, and that against what was received, by id.

The shop sends to two destinations at once, and each is held to account by itself: Azure Monitor, and
OTLP, whose three signals are outputs of their own. A record that is not of an output's kind counts
there as `for_others`.

The lists have a line an item: "<type> <trace id> <span id or ->". Log records and exceptions have no
id of their own; they are counted for each trace; with OTLP an exception is an event within its span.
Metric points have no line of the shop's: they are records of its ledger that the receiver counts, and
the orders that they sum up are held against what the customers were answered.
"""

from collections import Counter
from typing import NamedTuple


class Destination(NamedTuple):
    name: str
    prefix: str      # of the names of its outputs in the ledger

    def outputs(self, ledger):
        return [output for output in ledger["outputs"] if output["name"].startswith(self.prefix)]

    def total(self, ledger, name):
        """Of its outputs; reasons are summed."""
        return sum(sum(value.values()) if isinstance(value := output[name], dict) else value
                   for output in self.outputs(ledger))

    def meant(self, ledger):
        """Records that are for it to deliver."""
        return sum(ledger["accepted"] + output["recovered"] - output["for_others"]
                   for output in self.outputs(ledger))

    def waiting(self, ledger):
        return self.total(ledger, "in_store") + self.total(ledger, "resident")


AZURE = Destination("Azure Monitor", "azure_monitor")
OTLP = Destination("OTLP", "otlp.")
DESTINATIONS = (AZURE, OTLP)


class Comparison(NamedTuple):
    """Counts of spans and logs; an exception is an item beside its span's, a point is neither."""

    recorded: int
    received: int            # each once
    missing: int
    duplicates: int
    strange: int             # received, though the shop knows nothing of them
    recorded_exceptions: int
    missing_exceptions: int


def compare(recorded_file, received_file, destination):
    recorded = read_list(recorded_file)
    received = read_list(received_file)
    from_otlp = Counter({item: count for item, count in received.items() if item.startswith("otlp.")})
    if destination is OTLP:
        recorded, received = as_otlp(recorded), as_otlp(from_otlp)
    else:
        received -= from_otlp
    recorded, recorded_exceptions = without_exceptions(recorded)
    received, received_exceptions = without_exceptions(received)
    surplus = received - recorded
    strange = sum(count for item, count in surplus.items() if item not in recorded)
    missing = (recorded - received).total()
    return Comparison(
        recorded=recorded.total(), received=recorded.total() - missing, missing=missing,
        duplicates=surplus.total() - strange, strange=strange,
        recorded_exceptions=recorded_exceptions.total(),
        missing_exceptions=(recorded_exceptions - received_exceptions).total())


def read_list(path):
    with open(path, encoding="ascii") as lines:
        items = Counter(line.rstrip("\n") for line in lines)
    return Counter({item: count for item, count in items.items()
                    if not item.startswith(("metric ", "otlp.point "))})


def as_otlp(items):
    """In OTLP's words; exceptions are within their spans."""
    result = Counter()
    for item, count in items.items():
        kind, trace, span = item.split(" ")
        if kind in ("request", "dependency", "otlp.span"):
            result[f"span {trace} {span}"] += count
        elif kind in ("trace", "otlp.log"):
            result[f"log {trace} -"] += count
    return result


def without_exceptions(items):
    exceptions = Counter({item: count for item, count in items.items() if item.startswith("exception ")})
    return items - exceptions, exceptions


def nothing_waits(ledger):
    return all(destination.waiting(ledger) == 0 for destination in DESTINATIONS)


def points_in(summary, destination):
    """Metric points that were received, each once."""
    if destination is OTLP:
        return summary["otlp"]["points"]["distinct"]
    return summary["by_type"].get("metric", {"distinct": 0})["distinct"]


def records_in(summary, destination):
    """Exceptions are items beside the record that they belong to."""
    if destination is OTLP:
        return sum(summary["otlp"][kind]["distinct"] for kind in ("spans", "logs", "points"))
    return sum(tally["distinct"] for kind, tally in summary["by_type"].items() if kind != "exception")


def rejected_in(summary, destination):
    if destination is OTLP:
        return sum(summary["otlp"][kind]["rejected"] for kind in ("spans", "logs", "points"))
    return summary["items"]["rejected"]


def orders_in(summary, destination):
    metrics = summary["otlp"]["metrics"] if destination is OTLP else summary["metrics"]
    return round(metrics.get("shop.orders", {"sum": 0})["sum"])


def faults(ledger, compared, summary, load):
    """What is wrong, a line each; none when the books balance. `compared` by destination."""
    found = common_faults(ledger, load)
    for destination in DESTINATIONS:
        found += [f"{destination.name}: {text}"
                  for text in faults_of(destination, ledger, compared[destination], summary, load)]
    return found


def common_faults(ledger, load):
    checks = (
        (load["requests"] == 0, "no request was answered"),
        (ledger["offered"] != ledger["accepted"] + refused(ledger), "offered is not accepted + refused"),
    )
    return [text for wrong, text in checks if wrong]


def refused(ledger):
    return sum(ledger["refused"].values())


def open_books(destination, ledger):
    """Outputs whose law does not hold: accepted + recovered = what became of it."""
    for output in destination.outputs(ledger):
        became = sum(output[name] for name in ("delivered", "in_store", "resident", "for_others"))
        became += sum(output["dropped"].values())
        offered = ledger["accepted"] + output["recovered"]
        if offered != became:
            yield f"the ledger of {output['name']} does not close: {offered:,} accepted, {became:,} accounted for"


def faults_of(destination, ledger, compared, summary, load):
    meant = destination.meant(ledger)
    received = compared.received + points_in(summary, destination)
    confirmed = load["by_status"].get("201", 0)
    orders = orders_in(summary, destination)
    rejected = rejected_in(summary, destination)
    all_answered = load["failed"] == 0
    checks = (
        (not destination.outputs(ledger), "the shop has no such output"),
        (received != meant, f"{meant:,} records were meant for it, {received:,} were received"),
        (all_answered and orders != confirmed,
         f"{confirmed:,} orders were confirmed to customers, the metric says {orders:,}"),
        (destination.total(ledger, "delivered") != meant, "not every accepted record is booked as delivered"),
        (compared.missing > refused(ledger), f"{compared.missing:,} records are missing at the receiver"),
        (destination is AZURE and compared.missing_exceptions > refused(ledger),
         f"{compared.missing_exceptions:,} exceptions are missing"),
        (compared.duplicates > destination.total(ledger, "ambiguous"),
         f"{compared.duplicates:,} records arrived twice"),
        (compared.strange > 0, f"{compared.strange:,} items arrived that the shop never recorded"),
        (rejected > 0, f"the receiver rejected {rejected:,} items"),
    )
    return [*open_books(destination, ledger), *(text for wrong, text in checks if wrong)]
