"""The shop's ledger held against what it says it recorded, and that against what was received, by id.

Both lists have a line an item: "<type> <trace id> <span id or ->". Log records and exceptions have no
id of their own; they are counted for each trace.
"""

from collections import Counter
from typing import NamedTuple


class Comparison(NamedTuple):
    """Counts of records (spans and logs); an exception is an item beside its span's."""

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
    return items - exceptions, exceptions


def total(ledger, name):
    """Of all outputs; reasons are summed."""
    return sum(sum(value.values()) if isinstance(value := output[name], dict) else value
               for output in ledger["outputs"])


def nothing_waits(ledger):
    return total(ledger, "in_store") == 0 and total(ledger, "resident") == 0


def faults(ledger, compared, summary, load):
    """What is wrong, a line each; none when the books balance."""
    refused = sum(ledger["refused"].values())
    accounted = sum(total(ledger, name) for name in ("delivered", "in_store", "resident", "for_others", "dropped"))
    checks = (
        (load["requests"] == 0, "no request was answered"),
        (ledger["offered"] != ledger["accepted"] + refused, "offered is not accepted + refused"),
        (ledger["accepted"] + total(ledger, "recovered") != accounted,
         f"the ledger does not close: {ledger['accepted']:,} accepted, {accounted:,} accounted for"),
        (compared.received != ledger["accepted"],
         f"{ledger['accepted']:,} records were accepted, {compared.received:,} were received"),
        (total(ledger, "delivered") != ledger["accepted"], "not every accepted record is booked as delivered"),
        (compared.missing > refused, f"{compared.missing:,} records are missing at the receiver"),
        (compared.missing_exceptions > refused, f"{compared.missing_exceptions:,} exceptions are missing"),
        (compared.duplicates > total(ledger, "ambiguous"), f"{compared.duplicates:,} records arrived twice"),
        (compared.strange > 0, f"{compared.strange:,} items arrived that the shop never recorded"),
        (summary["items"]["rejected"] > 0, f"the receiver rejected {summary['items']['rejected']:,} items"),
    )
    return [text for wrong, text in checks if wrong]
