"""The shop's ledger held against what it says it recorded, and that against what was received, by id.

Both lists have a line an item: "<type> <trace id> <span id or ->". Log records and exceptions have no
id of their own; they are counted for each trace. Metric points have no line of the shop's: they are
records of its ledger that the receiver counts, and the orders that they sum up are held against what
the customers were answered.
"""

from collections import Counter
from typing import NamedTuple


class Comparison(NamedTuple):
    """Counts of spans and logs; an exception is an item beside its span's, a point is neither."""

    recorded: int
    received: int            # each once
    missing: int
    duplicates: int
    strange: int             # received, though the shop knows nothing of them
    recorded_exceptions: int
    missing_exceptions: int


def compare(recorded_file, received_file):
    recorded, recorded_exceptions = read_list(recorded_file)
    received, received_exceptions = read_list(received_file)
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
    exceptions = Counter({item: count for item, count in items.items() if item.startswith("exception ")})
    points = Counter({item: count for item, count in items.items() if item.startswith("metric ")})
    return items - exceptions - points, exceptions


def total(ledger, name):
    """Of all outputs; reasons are summed."""
    return sum(sum(value.values()) if isinstance(value := output[name], dict) else value
               for output in ledger["outputs"])


def nothing_waits(ledger):
    return total(ledger, "in_store") == 0 and total(ledger, "resident") == 0


def points_in(summary):
    """Metric points that were received, each once."""
    return summary["by_type"].get("metric", {"distinct": 0})["distinct"]


def orders_in(summary):
    return round(summary["metrics"].get("shop.orders", {"sum": 0})["sum"])


def faults(ledger, compared, summary, load):
    """What is wrong, a line each; none when the books balance."""
    received = compared.received + points_in(summary)
    orders = load["by_status"].get("201", 0)
    all_answered = load["failed"] == 0
    refused = sum(ledger["refused"].values())
    accounted = sum(total(ledger, name) for name in ("delivered", "in_store", "resident", "for_others", "dropped"))
    checks = (
        (load["requests"] == 0, "no request was answered"),
        (ledger["offered"] != ledger["accepted"] + refused, "offered is not accepted + refused"),
        (ledger["accepted"] + total(ledger, "recovered") != accounted,
         f"the ledger does not close: {ledger['accepted']:,} accepted, {accounted:,} accounted for"),
        (received != ledger["accepted"],
         f"{ledger['accepted']:,} records were accepted, {received:,} were received"),
        (all_answered and orders_in(summary) != orders,
         f"{orders:,} orders were confirmed to customers, the metric says {orders_in(summary):,}"),
        (total(ledger, "delivered") != ledger["accepted"], "not every accepted record is booked as delivered"),
        (compared.missing > refused, f"{compared.missing:,} records are missing at the receiver"),
        (compared.missing_exceptions > refused, f"{compared.missing_exceptions:,} exceptions are missing"),
        (compared.duplicates > total(ledger, "ambiguous"), f"{compared.duplicates:,} records arrived twice"),
        (compared.strange > 0, f"{compared.strange:,} items arrived that the shop never recorded"),
        (summary["items"]["rejected"] > 0, f"the receiver rejected {summary['items']['rejected']:,} items"),
    )
    return [text for wrong, text in checks if wrong]
