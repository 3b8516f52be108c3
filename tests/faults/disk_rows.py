"""D1 and on: a disk that does not fail, but hangs: calls on the store's files do not return until it is released.

The log file of the diagnostics lies on the same disk.
"""

import ledger
from frame import row
from ingestion import Reply
from output_rows import AZURE, OTLP, good_one, two_outputs, url_of
from shim import Shim

SPANS = 5000


def hanging_disk(bench):
    """Not hanging yet; the store's directory and the log file's, and what their hosts need to be told."""
    disk = bench.path("disk/store").parent
    shim = Shim(bench, path=disk)
    shim.disk = disk
    shim.for_hosts = {**shim.environment, "POSTHASTE_DIAGNOSTICS_LOG_FILE": str(disk / "posthaste.log")}
    return shim


def hang(shim):
    shim.arm("disk", 1, 0, forever=True, path=shim.disk)


def back_in_time(bench, report, deadline):
    bench.check(report["shutdown_seconds"] <= deadline + 0.2, f"the shutdown took {report['shutdown_seconds']:.2f} s")
    bench.measured(shutdown=f"{report['shutdown_seconds']:.2f} s")


def successor(bench, server, shim, arena):
    """On a disk that works, with nothing to record: it sends what was left."""
    shim.disarm()
    return bench.host(server, "--linger", "45", name="successor", store=shim.disk / "store", arena=arena,
                      environment=shim.for_hosts).report(90)


@row("D1", "the store's disk hangs in an outage; shutdown of 2 s, then a start on a disk that works", quick=True)
def hung_in_an_outage(bench):
    server = bench.ingestion(listening=False)
    shim = hanging_disk(bench)
    hang(shim)
    host = bench.host(server, "--spans", str(SPANS), "--rate", "5000", "--linger", "2", shutdown=2.0,
                      store=shim.disk / "store", environment=shim.for_hosts)
    report = host.report(60)
    back_in_time(bench, report, 2)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(shim.struck > 0, "the disk was never asked")
    bench.check(report["resident"] == SPANS, f"{report['resident']} of {SPANS} are in the flight recorder")
    server.listen()
    later = successor(bench, server, shim, host.arena)
    bench.check(later["recovered"] == SPANS, f"{later['recovered']} of {SPANS} recovered")
    ledger.check(bench, None, host.recorded(), server.received)


@row("D2", "the store's disk hangs in an outage until the host says so, then goes on", quick=True)
def hung_for_a_while(bench):
    server = bench.ingestion(listening=False)
    shim = hanging_disk(bench)
    host = bench.host(server, "--duration", "6", "--rate", "2000", "--linger", "40", store=shim.disk / "store",
                      environment=shim.for_hosts)
    bench.wait_for(lambda: host.progress()["stored"] > 0, 20, "something is stored")
    hang(shim)
    bench.wait_for(lambda: "PH-STO-400" in host.codes(), 30, "the host says that the disk hangs")
    shim.disarm()
    server.listen()
    report = host.report(90)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(report["delivered"] == report["accepted"], f"{report['delivered']} of {report['accepted']} delivered")
    bench.check(report["refused"] == {}, f"refused {report['refused']}")


@row("D3", "the store's disk hangs while OTLP is a black hole: Application Insights goes on")
def hung_beside_a_good_output(bench):
    azure, otlp = bench.ingestion(), bench.ingestion()
    otlp.answer = lambda request: Reply(silent=True, accepted=False)
    shim = hanging_disk(bench)
    hang(shim)
    host = two_outputs(bench, azure.connection_string(), url_of(otlp), more_environment=shim.for_hosts,
                       store=shim.disk / "store")
    report = host.report(60)
    good_one(bench, report, AZURE, host, azure)
    bad = next(output for output in report["outputs"] if output["name"] == OTLP)
    bench.check(bad["delivered"] == 0 and bad["stored"] == 0, f"{OTLP}: {bad}")
    bench.check(set(bad["dropped"]) <= {"store_io"}, f"{OTLP}: dropped {bad['dropped']}")
    bench.check(bad["resident"] + ledger.total(bad["dropped"]) == report["accepted"], f"{OTLP}: {bad}")
    bench.check("PH-STO-400" in host.codes(), "nobody is told that the disk hangs")
    back_in_time(bench, report, 5)
    bench.measured(resident=bad["resident"], **bad["dropped"])


@row("D4", "the store's disk hangs before the start, and the endpoint works: nothing waits for it", quick=True)
def hung_before_the_start(bench):
    server = bench.ingestion()
    shim = hanging_disk(bench)
    (shim.disk / "store").mkdir(parents=True)
    hang(shim)
    host = bench.host(server, "--spans", str(SPANS), "--rate", "5000", store=shim.disk / "store",
                      environment=shim.for_hosts)
    report = host.report(60)
    back_in_time(bench, report, 5)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(report["delivered"] == SPANS, f"{report['delivered']} of {SPANS} delivered")
