"""How the demo looks: progress, the ledger, the operations."""

import shutil
import sys

from account import points_in, total


class Progress:
    """A line that follows along on a terminal, elsewhere a line a second."""

    def __init__(self):
        self._live = sys.stdout.isatty()
        self._second = -1

    def show(self, now, load, report, summary, down=False, last=False):
        if not self._live and int(now) == self._second and not last:
            return
        self._second = int(now)
        ledger = report["ledger"]
        line = (f"{clock(now)}  requests {load['requests']:>7,}   records {ledger['accepted']:>7,}   "
                f"received {records_in(summary):>7,}   in memory {total(ledger, 'resident'):>6,}   "
                f"on disk {total(ledger, 'in_store'):>6,}{'   no ingestion' if down else ''}")
        if self._live:
            line = f"\r\033[K{line[:shutil.get_terminal_size().columns - 1]}"
        print(line, end="" if self._live else "\n", flush=True)

    def event(self, now, text):
        print(f"{self._clear()}{clock(now)}  -- {text}", flush=True)

    def end(self):
        print("" if not self._live else "\n", flush=True)

    def _clear(self):
        return "\r\033[K" if self._live else ""


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def records_in(summary):
    """Exceptions are items beside the record that they belong to."""
    return sum(tally["distinct"] for kind, tally in summary["by_type"].items() if kind != "exception")


def ledger(account, compared, summary):
    rows = [("offered", account["offered"], ""), ("accepted", account["accepted"], "")]
    rows += reasons("refused", [account["refused"]])
    rows.append(("delivered", total(account, "delivered"), ""))
    rows.append(("  of these replayed", total(account, "replayed"), "after a time on disk"))
    rows.append(("stored", total(account, "in_store"), "still on disk"))
    rows.append(("in memory", total(account, "resident"), ""))
    rows += reasons("dropped", [output["dropped"] for output in account["outputs"]])
    rows.append(("ambiguous", total(account, "ambiguous"), "sent, answer never seen"))
    received = [("recorded", compared.recorded, "spans and logs that the shop lists by id"),
                ("received", compared.received, "of these the receiver lists"),
                ("missing", compared.missing, ""),
                ("duplicates", compared.duplicates, ""),
                ("metric points", points_in(summary), "that the receiver has beside them"),
                ("exceptions", compared.recorded_exceptions, f"beside them; {compared.missing_exceptions} missing")]
    return "\n".join(["The shop's ledger, in records:", *map(row, rows), "",
                      "Held against what was received, by id:", *map(row, received), ""])


def row(cells):
    name, count, remark = cells
    return f"  {name:<20}{count:>9,}   {remark}".rstrip()


def reasons(name, counts):
    """The sum, and a line for each reason that is not zero."""
    merged = {}
    for each in counts:
        for reason, count in each.items():
            merged[reason] = merged.get(reason, 0) + count
    return [(name, sum(merged.values()), ""), *((f"  {reason}", count, "") for reason, count in merged.items())]


def operations(lines):
    table = [f"{'operation':<22}{'requests':>9}{'failed':>8}{'p50 ms':>9}{'p95 ms':>9}"
             f"{'calls out':>11}{'failed':>8}{'p50 ms':>9}{'p95 ms':>9}{'exceptions':>12}{'logs':>7}"]
    for line in lines:
        inward, outward = line["requests"], line["dependencies"]
        table.append(f"{line['name'][:21]:<22}{calls(inward, 9)}{calls(outward, 11)}"
                     f"{line['exceptions']:>12,}{line['traces']:>7,}")
    return "\n".join(table) + "\n"


def metrics(by_name):
    table = [f"{'metric':<62}{'points':>8}{'sum':>18}{'last':>18}"]
    for name, metric in sorted(by_name.items()):
        table.append(f"{name[:61]:<62}{metric['points']:>8,}{metric['sum']:>18,.1f}{metric['last']:>18,.1f}")
    return "\n".join(table) + "\n"


def calls(counted, width):
    return (f"{counted['count']:>{width},}{counted['failures']:>8,}"
            f"{counted['p50_ms']:>9.1f}{counted['p95_ms']:>9.1f}")


def good_end(account, compared):
    return (f"All {account['accepted']:,} accepted records were received, outage or not; {compared.duplicates:,} of them "
            f"twice, where {total(account, 'ambiguous'):,} may be.")


def left_running(parts, directory):
    return (f"\nStill running:\n"
            f"  shop       {parts.shop.url}/products   {parts.shop.url}/telemetry\n"
            f"  emulator   {parts.emulator.control}/summary   {parts.emulator.control}/operations\n"
            f"Stop them:   kill {parts.shop.process.pid}; kill {parts.emulator.process.pid}; rm -r {directory}")
