"""How the demo looks: progress, the two ledgers, the operations."""

import shutil
import sys

from account import AZURE, DESTINATIONS, OTLP, orders_in, points_in, records_in


class Progress:
    """A line that follows along on a terminal, elsewhere a line a second."""

    def __init__(self):
        self._live = sys.stdout.isatty()
        self._second = -1

    def head(self):
        print(f"{'':>24}   {'Azure Monitor':<29}   OTLP\n"
              f"{'':>6}{'requests':>9}{'records':>9}   {'received':<9}{'in memory':>11}{'on disk':>9}   "
              f"{'received':<9}", flush=True)

    def show(self, now, load, report, summary, last=False):
        if not self._live and int(now) == self._second and not last:
            return
        self._second = int(now)
        ledger = report["ledger"]
        line = (f"{clock(now):>6}{load['requests']:>9,}{ledger['accepted']:>9,}   "
                f"{records_in(summary, AZURE):>9,}{AZURE.total(ledger, 'resident'):>11,}"
                f"{AZURE.total(ledger, 'in_store'):>9,}   "
                f"{records_in(summary, OTLP):>9,}")
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


def ledger(books, compared, summary, load):
    """`compared` by destination."""
    def each(count):
        return [count(destination) for destination in DESTINATIONS]

    rows = [("meant for it", each(lambda to: to.meant(books)), f"of {books['accepted']:,}; the rest are the other's points"),
            *reasons("refused to record", books["refused"]),
            ("delivered", each(lambda to: to.total(books, "delivered")), ""),
            ("  after a time on disk", each(lambda to: to.total(books, "replayed")), ""),
            ("in memory or on disk", each(lambda to: to.waiting(books)), ""),
            ("dropped", each(lambda to: to.total(books, "dropped")), ""),
            ("sent, never answered", each(lambda to: to.total(books, "ambiguous")), "may arrive twice")]
    received = [("spans and logs listed", each(lambda to: compared[to].recorded), "by the shop, by id"),
                ("  of these received", each(lambda to: compared[to].received), ""),
                ("  missing", each(lambda to: compared[to].missing), ""),
                ("  twice", each(lambda to: compared[to].duplicates), ""),
                ("metric points received", each(lambda to: points_in(summary, to)), "delta; cumulative"),
                ("  orders they sum up to", each(lambda to: orders_in(summary, to)),
                 f"of {load['by_status'].get('201', 0):,} confirmed to customers")]
    names = "".join(f"{destination.name:>15}" for destination in DESTINATIONS)
    return "\n".join([f"{'The ledger, in records':<26}{names}", *map(row, rows), "",
                      f"{'Against what arrived':<26}{names}", *map(row, received), ""])


def row(cells):
    name, counts, remark = cells
    return f"  {name:<24}{''.join(f'{count:>15,}' for count in counts)}   {remark}".rstrip()


def reasons(name, counts):
    """A line for each reason that is not zero; no output gets what was refused."""
    return [(f"{name}", [count] * len(DESTINATIONS), reason) for reason, count in counts.items()]


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


def good_end(books, compared):
    twice = sum(each.duplicates for each in compared.values())
    return (f"All {books['accepted']:,} accepted records arrived wherever they were meant to, outage or not; "
            f"{twice:,} of them twice.")


def left_running(parts, directory):
    return (f"\nStill running:\n"
            f"  shop       {parts.shop.url}/products   {parts.shop.url}/telemetry\n"
            f"  emulator   {parts.emulator.control}/summary   {parts.emulator.control}/operations\n"
            f"Stop them:   kill {parts.shop.process.pid}; kill {parts.emulator.process.pid}; rm -r {directory}")
