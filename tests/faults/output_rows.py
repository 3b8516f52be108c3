"""OUT-1 and on: of two outputs one hangs; the other loses nothing and is not delayed.

Application Insights and OTLP (traces, http/json) side by side, both from the environment.
"""

import ledger
from frame import row
from host import Sampled
from ingestion import Reply
from names import NameServer
from proxy import Fault

SPANS = 20000
MIB = 1 << 20
OTLP = "otlp.traces"
AZURE = "azure_monitor"


def environment_of(bench, azure, otlp_url):
    return {"APPLICATIONINSIGHTS_CONNECTION_STRING": azure, "SSL_CERT_FILE": str(bench.authority().pem),
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp_url, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
            "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}


def url_of(server, host="localhost", port=None):
    return f"{server.scheme}://{host}:{port or server.port}"


def two_outputs(bench, azure, otlp_url, *arguments, more_environment=None, **options):
    """20,000 spans in 5 s through 8 MiB of memory: the output that hangs cannot keep its share in it."""
    host = bench.host(None, "--spans", str(SPANS), "--rate", "4000", "--threads", "2", "--budget", "8MiB", *arguments,
                      environment={**environment_of(bench, azure, otlp_url), **(more_environment or {})}, **options)
    host.sampled = Sampled(host)
    return host


def good_one(bench, report, name, host, server):
    """What the output that works has: everything, at once."""
    output = next(output for output in report["outputs"] if output["name"] == name)
    recorded, unique = host.recorded(), set(server.received)
    ledger.check_law(bench, report)
    host.sampled.end()
    held, mapped = (round(size / MIB, 1) for size in (host.sampled.held, host.sampled.mapped))
    bench.check(held <= 8 + 8, f"I6: {held} MiB of memory are held")
    bench.check_calls(report)
    bench.measured(held=f"{held} MiB", mapped=f"{mapped} MiB", threads=host.sampled.threads)
    bench.check(report["refused"] == {}, f"refused {report['refused']}")
    bench.check(unique == recorded, f"{name}: {len(recorded - unique)} of {len(recorded)} are missing")
    bench.check(output["delivered"] == report["accepted"] and output["dropped"] == {}, f"{name}: {output}")
    bench.check(server.copies() <= output["ambiguous"], f"{name}: {server.copies()} copies")
    delays = server.delays()
    p99 = delays[len(delays) * 99 // 100]
    bench.check(output["replayed"] == 0 and p99 <= 1.0, f"{name}: p99 of the delay is {p99:.2f} s")
    bench.measured(good=name, delivered=len(unique), duplicates=server.copies(), p99_delay=f"{p99:.2f} s",
                   max_delay=f"{delays[-1]:.2f} s")


def bad_one(bench, report, name, host, *, store=True):
    """What the output that hangs has: nothing delivered, all stored, or dropped by name where there is no store."""
    output = next(output for output in report["outputs"] if output["name"] == name)
    dropped = ledger.total(output["dropped"])
    bench.measured(bad=name, stored=output["stored"], **output["dropped"])
    bench.check(output["delivered"] == 0, f"{name}: {output['delivered']} delivered")
    if store:
        bench.check(output["stored"] == report["accepted"] and dropped == 0, f"{name}: {output}")
        ledger.check_store(bench, report, host.store)
    else:
        bench.check(set(output["dropped"]) <= {"lag", "shutdown_deadline"}, f"{name}: {output['dropped']}")
    bench.check(report["shutdown_seconds"] <= 5.2, f"the shutdown took {report['shutdown_seconds']:.2f} s")


@row("OUT-1", "OTLP is a black hole: it takes requests and never answers", quick=True)
def otlp_black_hole(bench):
    azure, otlp = bench.ingestion(), bench.ingestion()
    otlp.answer = lambda request: Reply(silent=True, accepted=False)
    host = two_outputs(bench, azure.connection_string(), url_of(otlp))
    report = host.report(60)
    good_one(bench, report, AZURE, host, azure)
    bad_one(bench, report, OTLP, host)


@row("OUT-2", "Application Insights is a black hole", quick=True)
def azure_black_hole(bench):
    azure, otlp = bench.ingestion(), bench.ingestion()
    azure.answer = lambda request: Reply(silent=True, accepted=False)
    host = two_outputs(bench, azure.connection_string(), url_of(otlp))
    report = host.report(60)
    good_one(bench, report, OTLP, host, otlp)
    bad_one(bench, report, AZURE, host)


@row("OUT-3", "OTLP is a tarpit: it reads 100 bytes a second")
def otlp_tarpit(bench):
    azure, otlp = bench.ingestion(), bench.ingestion()
    proxy = bench.proxy(otlp.port, receive_buffer=4096)
    proxy.rule = lambda link: Fault(client_rate=100)
    host = two_outputs(bench, azure.connection_string(), url_of(otlp, port=proxy.port))
    report = host.report(60)
    good_one(bench, report, AZURE, host, azure)
    bad_one(bench, report, OTLP, host)


@row("OUT-4", "the DNS server says nothing to OTLP's name, and answers for Application Insights", quick=True, root=True)
def otlp_silent_names(bench):
    azure, otlp = bench.ingestion(name="ingest.test"), bench.ingestion()
    names = NameServer(bench, {"ingest.test": "127.0.0.1", "otlp.test": "silent"})
    host = two_outputs(bench, azure.connection_string("ingest.test"), url_of(otlp, "otlp.test"), prefix=names.prefix)
    report = host.report(60)
    good_one(bench, report, AZURE, host, azure)
    bad_one(bench, report, OTLP, host)
    bench.check(names.asked.count("otlp.test") > 0, "nobody asked for the silent name")


@row("OUT-5", "SYNs to Application Insights are dropped", quick=True)
def azure_syn_black_hole(bench):
    azure, otlp = bench.ingestion(name="127.0.0.1", listening=False), bench.ingestion()
    azure.drop_syns()
    host = two_outputs(bench, azure.connection_string("127.0.0.1"), url_of(otlp))
    report = host.report(60)
    good_one(bench, report, OTLP, host, otlp)
    bad_one(bench, report, AZURE, host)


@row("OUT-6", "OTLP is a black hole, and there is no store")
def otlp_black_hole_without_store(bench):
    azure, otlp = bench.ingestion(), bench.ingestion()
    otlp.answer = lambda request: Reply(silent=True, accepted=False)
    host = two_outputs(bench, azure.connection_string(), url_of(otlp), store=False)
    report = host.report(60)
    good_one(bench, report, AZURE, host, azure)
    bad_one(bench, report, OTLP, host, store=False)


@row("OUT-7", "Application Insights answers 503 to everything, without end", quick=True)
def azure_unavailable(bench):
    azure, otlp = bench.ingestion(), bench.ingestion()
    azure.answer = lambda request: Reply(503)
    host = two_outputs(bench, azure.connection_string(), url_of(otlp))
    report = host.report(60)
    good_one(bench, report, OTLP, host, otlp)
    bad_one(bench, report, AZURE, host)
    bench.measured(requests_to_bad=len(azure.requests))
