"""The law of the house held against the receiver's own list, after a run of `posthaste load`.

The identities, by the names that the rows use:

    I1  offered = accepted + refused, and offered is what the producers say they recorded
    I2  accepted + recovered = delivered + stored + resident + for_others + dropped, for each output
    I3  stored: what a scan of the store finds (see `stored_records`)
    I4  nothing arrived that was never recorded; what did not arrive is stored, dropped or resident by number;
        what arrived beyond `delivered` is ambiguous
    I5  copies beyond the first are at most `ambiguous`
    I6  memory within the budget and 8 MiB, calls within their time

Spans alone are compared by id: use a profile of spans (flat, request).
"""

import json
import subprocess

MIB = 1 << 20


CHUNK = 50 * 2048    # of one producer; its lines stand at the beginning


def read_ids(path):
    """What the producers recorded: lines of 50 bytes "<trace id> <span id>\n", with gaps after a kill, and at most
    one line of each producer that was not written whole."""
    recorded = set()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            *lines, _ = chunk.rstrip(b"\0").split(b"\n")
            recorded.update(line.decode("ascii") for line in lines if len(line) == 49 and b"\0" not in line)
    return recorded


def total(value):
    return sum(value.values()) if isinstance(value, dict) else value


def check(bench, report, recorded, received, *, lost=0, duplicates=None, unnoted=0, budget=32 * MIB):
    """Checks I1, I2, I4, I5 and I6, and puts the figures into the table.

    report    of `posthaste load`, or None after a kill (then `lost` and `duplicates` decide alone)
    recorded  set of "<trace id> <span id>"
    received  a Counter of the same: how often each was accepted by the receiver
    lost      spans that may be missing beside those that the report names
    unnoted   spans that may arrive though nobody noted them: a killed thread's last one, and open ones
    duplicates  at most so many copies beyond the first; unset: `ambiguous` of the report
    """
    unique = set(received)
    copies = sum(received.values()) - len(unique)
    bench.measured(recorded=len(recorded), received=len(unique), duplicates=copies)
    strangers = len(unique - recorded)
    bench.check(strangers <= unnoted, f"I4: {strangers} spans arrived that nobody recorded, {unnoted} may")
    missing = len(recorded - unique)
    if report is None:
        bench.check(missing <= lost, f"I4: {missing} spans are missing, {lost} may be")
        bench.check(copies <= (duplicates or 0), f"I5: {copies} copies, {duplicates or 0} may be")
        return
    check_law(bench, report)
    named = sum(total(report[name]) for name in ("dropped", "stored", "resident"))
    bench.measured(delivered=report["delivered"], stored=report["stored"], dropped=total(report["dropped"]),
                   ambiguous=report["ambiguous"])
    bench.check(missing <= named + lost,
                f"I4: {missing} spans are missing, {named} are stored, resident or dropped by name")
    bench.check(len(unique) <= report["delivered"] + named,
                f"I4: {len(unique)} arrived, but only {report['delivered']} count as delivered")
    bench.check(report["delivered"] <= len(unique) + lost,
                f"I4: {report['delivered']} count as delivered, but only {len(unique)} arrived")
    allowed = report["ambiguous"] if duplicates is None else duplicates
    bench.check(copies <= allowed, f"I5: {copies} copies, {allowed} may be")
    check_bounds(bench, report, budget)


def check_law(bench, report):
    """I1 and I2, in numbers alone."""
    refused = total(report["refused"])
    bench.check(report["offered"] == report["recorded"],
                f"I1: {report['recorded']} were recorded, {report['offered']} were offered")
    bench.check(report["offered"] == report["accepted"] + refused,
                f"I1: offered {report['offered']} is not accepted {report['accepted']} + refused {refused}")
    for output in report["outputs"]:
        held = sum(total(output[name]) for name in ("delivered", "stored", "resident", "for_others", "dropped"))
        bench.check(report["accepted"] + output["recovered"] == held,
                    f"I2: {output['name']}: {report['accepted']} accepted + {output['recovered']} recovered, "
                    f"{held} accounted for")
        bench.check(report["resident"] == 0 or not report["complete"],
                    f"I2: {output['name']}: {output['resident']} resident after a complete shutdown")
    if refused:
        bench.measured(refused=refused)


def check_bounds(bench, report, budget=32 * MIB):
    """I6: memory, and what a call costs its thread."""
    growth = report["peak_rss_bytes"] - report["rss_at_start_bytes"]
    bench.check(growth <= budget + 8 * MIB, f"I6: memory grew by {growth / MIB:.1f} MiB")
    bench.measured(grew=f"{growth / MIB:.1f} MiB")
    bench.check_calls(report)


def stored_records(bench, store):
    """I3: records in a store that nobody owns, by a scan of it and not by any counter."""
    done = subprocess.run([bench.program("posthaste"), "store", "ls", "--json", str(store)],
                          capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        bench.check(False, f"I3: posthaste store ls: {done.stderr.strip()}")
        return 0
    return sum(batch["records"] for batch in json.loads(done.stdout)["batches"])


def check_store(bench, report, store):
    """I3: what the ledger says is stored is what a scan finds."""
    found = stored_records(bench, store)
    bench.check(found == report["stored"], f"I3: the ledger says {report['stored']} stored, a scan finds {found}")
