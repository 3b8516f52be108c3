"""N1 to N21: what networks, names and TLS do to a client."""

import time

import ledger
from frame import row


def live(bench, server, *arguments, **options):
    """A host that records 10,000 spans in two seconds, and waits for all to be delivered."""
    return bench.host(server, "--spans", "10000", "--rate", "5000", "--threads", "4", "--linger", "45",
                      *arguments, **options)


@row("N1", "connections refused for 5 s, then the endpoint is there", quick=True)
def connection_refused(bench):
    server = bench.ingestion(listening=False)
    host = live(bench, server)
    time.sleep(5)
    bench.check(host.progress()["delivered"] == 0, "delivered to nobody")
    server.listen()
    up = time.monotonic()
    report = host.report()
    bench.measured(recovery=f"{time.monotonic() - up:.1f} s")
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(report["delivered"] == 10000, f"lost: {report['delivered']} of 10000 delivered")
    bench.check(report["replayed"] > 0, "nothing went by way of the store")
