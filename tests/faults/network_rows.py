"""N1 to N21: what networks, names, TLS and broken answers do to a client."""

import gzip
import itertools
import ssl
import time

import ledger
from frame import row
from host import Sampled
from ingestion import Reply
from names import NameServer
from proxy import Fault
from wires import SERVER, Wires

SPANS = 10000


def live(bench, server, *arguments, spans=SPANS, rate=5000, linger=60, **options):
    """A host that records 10,000 spans in two seconds, and then waits for all to be delivered."""
    return bench.host(server, "--spans", str(spans), "--rate", str(rate), "--threads", "4",
                      "--linger", str(linger), *arguments, **options)


def all_delivered(bench, host, server, *, seconds=100, duplicates=None, spans=SPANS):
    """Waits for its end: nothing is lost, and the books balance."""
    report = host.report(seconds)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=duplicates)
    bench.check(report["delivered"] == report["accepted"] == spans,
                f"lost: {report['delivered']} of {spans} delivered")
    return report


def first(count, fault):
    """A rule of a chaos proxy: `fault` for the first connections, nothing for the others."""
    return lambda link: fault if link.number < count else Fault()


def misbehave(server, count, reply):
    """The first requests get `reply`, or what `reply(request)` says; the others are taken."""
    left = itertools.count()
    server.answer = lambda request: (
        (reply(request) if callable(reply) else reply) if next(left) < count else Reply())


def when_said(bench, host, text, seconds):
    """Seconds from now until the host said it; a failure if it did not."""
    began = time.monotonic()
    bench.wait_for(lambda: text in host.said(), seconds, f"the host says '{text}'")
    return time.monotonic() - began


# ---- connections and names


@row("N1", "connections refused for 5 s, then the endpoint is there", quick=True)
def connection_refused(bench):
    server = bench.ingestion(listening=False)
    host = live(bench, server)
    time.sleep(5)
    bench.check(host.progress()["delivered"] == 0, "delivered to nobody")
    server.listen()
    up = time.monotonic()
    report = all_delivered(bench, host, server, duplicates=0)
    bench.measured(recovery=f"{time.monotonic() - up:.1f} s", ambiguous=report["ambiguous"])
    bench.check(report["ambiguous"] == 0, "a refused connection counts as ambiguous")
    bench.check(report["replayed"] > 0, "nothing went by way of the store")


@row("N2", "SYNs are dropped for 12 s, then taken", deadline=150)
def syn_black_hole(bench):
    server = bench.ingestion(name="127.0.0.1", listening=False)
    server.drop_syns()
    host = live(bench, server, hostname="127.0.0.1", linger=90)
    bench.measured(gave_up_after=f"{when_said(bench, host, 'within 5000 ms', 7):.1f} s")
    time.sleep(5)
    bench.check(host.progress()["stored"] > SPANS // 2, "what cannot be sent is not in the store")
    server.take_syns()
    report = all_delivered(bench, host, server, duplicates=0)
    bench.check(report["ambiguous"] == 0, "a connection that never was counts as ambiguous")


@row("N3", "DNS says that the name does not exist, then heals", quick=True, root=True)
def name_unknown(bench):
    server = bench.ingestion(name="ingest.test")
    names = NameServer(bench, {"ingest.test": "denied"})
    host = live(bench, server, hostname="ingest.test", prefix=names.prefix)
    when_said(bench, host, "it does not exist", 5)
    time.sleep(2)
    bench.check(server.connections == 0, "connected without an address")
    names.answers["ingest.test"] = "127.0.0.1"
    all_delivered(bench, host, server, duplicates=0)
    bench.measured(look_ups=len(names.asked))


@row("N4", "the DNS server of the endpoint says nothing for 15 s, then answers", root=True, deadline=150)
def name_server_silent(bench):
    server = bench.ingestion(name="ingest.test")
    names = NameServer(bench, {"ingest.test": "silent"})
    host = live(bench, server, hostname="ingest.test", prefix=names.prefix, linger=90)
    bench.measured(gave_up_after=f"{when_said(bench, host, 'did not answer in time', 8):.1f} s")
    bench.wait_for(lambda: host.progress()["stored"] > SPANS // 2, 10, "what cannot be sent is stored")
    bench.measured(threads=host.threads())
    bench.check(host.threads() <= 1 + 4 + 7, f"{host.threads()} threads in all")
    time.sleep(5)
    names.answers["ingest.test"] = "127.0.0.1"
    all_delivered(bench, host, server, duplicates=0)


@row("N5", "DNS is silent while the host shuts down, deadline 2 s", quick=True, root=True)
def name_server_silent_at_shutdown(bench):
    server = bench.ingestion(name="ingest.test")
    names = NameServer(bench, {"ingest.test": "silent"})
    host = live(bench, server, hostname="ingest.test", prefix=names.prefix, linger=0, shutdown=2)
    began = time.monotonic()
    report = host.report(15)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    ledger.check_store(bench, report, host.store)
    bench.check(report["shutdown_seconds"] <= 2.2, f"the shutdown took {report['shutdown_seconds']:.2f} s")
    bench.check(report["stored"] == SPANS, f"{report['stored']} of {SPANS} stored")
    bench.check(report["resident"] == 0, f"{report['resident']} resident")
    bench.measured(shutdown=f"{report['shutdown_seconds']:.2f} s",
                   ended=f"{time.monotonic() - began:.1f} s")


# ---- TLS


@row("N6", "TLS stalls amid the server's first flight, three times", deadline=180)
def handshake_stalls(bench):
    server = bench.ingestion()
    proxy = bench.proxy(server.port)
    proxy.rule = first(3, Fault(hold_after_server=100))
    host = live(bench, server, port=proxy.port, linger=120)
    report = all_delivered(bench, host, server, duplicates=0, seconds=150)
    stalled = proxy.links[:3]
    waits = [link.closed_by_client_at - link.began for link in stalled if link.closed_by_client_at]
    bench.measured(gave_up_after=", ".join(f"{wait:.1f} s" for wait in waits))
    bench.check(len(waits) == 3 and all(9.5 <= wait <= 10.5 for wait in waits), f"handshakes ended after {waits}")
    bench.check(report["ambiguous"] == 0, "a handshake that never ended counts as ambiguous")


def never_trusted(bench, server, mend, says):
    """The certificate does not do: not a byte is sent, all is stored; after `mend` all is delivered."""
    host = live(bench, server, linger=4)
    report = host.report(30)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    ledger.check_store(bench, report, host.store)
    bench.check(server.bytes_read == 0, f"{server.bytes_read} bytes of a request were sent")
    bench.check(report["stored"] == SPANS and report["ambiguous"] == 0, f"{report['stored']} of {SPANS} stored")
    bench.check(says in host.said(), f"no line says '{says}'")
    warnings = sum(code.startswith("PH-DEL") for code in host.codes())
    bench.check(warnings == 1, f"{warnings} lines about it instead of one")
    bench.measured(connections=server.connections, warnings=warnings)
    mend()
    recorded = host.recorded()
    after = bench.host(server, "--linger", "30", name="after", arena=host.arena)
    again = after.report(45)
    ledger.check(bench, again, recorded, server.received, duplicates=0)
    bench.check(again["delivered"] == SPANS, f"only {again['delivered']} of {SPANS} delivered once it is mended")


@row("N7", "the server's certificate has expired", quick=True)
def certificate_expired(bench):
    server = bench.ingestion(expired=True)
    never_trusted(bench, server, server.show_certificate, "certificate has expired")


@row("N8", "the server's certificate is another host's")
def certificate_of_another_host(bench):
    server = bench.ingestion(name="other.test")
    never_trusted(bench, server, server.show_certificate, "hostname mismatch")


@row("N9", "the server speaks TLS 1.1 only", quick=True)
def old_tls(bench):
    server = bench.ingestion(highest=ssl.TLSVersion.TLSv1_1)
    host = live(bench, server, linger=4)
    report = host.report(30)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    ledger.check_store(bench, report, host.store)
    bench.check(server.handshakes == 0 and server.bytes_read == 0, "a handshake was completed")
    bench.check(report["stored"] == SPANS, f"{report['stored']} of {SPANS} stored")
    bench.measured(connections=server.connections)


# ---- connections that end


@row("N10", "an idle connection is closed as the next request arrives, and between requests", quick=True)
def idle_connection_closed(bench):
    server = bench.ingestion()
    ends = itertools.cycle(["close-at-next", "keep", "keep", "close-later", "keep"])

    def answer(request):
        end = next(ends)
        if end == "close-later":  # an orderly end after the answer, without a word in it
            return Reply(then="close-at-next", headers={"Keep-Alive": "timeout=1"})
        return Reply(then=end)
    server.answer = answer
    host = live(bench, server)
    report = all_delivered(bench, host, server, duplicates=0)
    bench.check(report["ambiguous"] > 0, "no request met a closing connection: the fault was not met")
    bench.measured(connections=server.connections, requests=len(server.requests))


@row("N11", "a reset after the whole request, which the server has accepted, three times", quick=True)
def reset_after_accept(bench):
    server = bench.ingestion()
    misbehave(server, 3, Reply(raw=b"", accepted=True, then="reset"))
    host = live(bench, server)
    report = all_delivered(bench, host, server)
    twice = sum(len(request.items) for request in server.requests[:3])
    bench.check(server.copies() == twice, f"{server.copies()} copies, {twice} were in the requests that were reset")
    bench.check(report["ambiguous"] == twice, f"{report['ambiguous']} count as ambiguous, {twice} are")


@row("N12", "a reset amid the request's body, four times", quick=True)
def reset_amid_body(bench):
    server = bench.ingestion()
    proxy = bench.proxy(server.port)
    proxy.rule = first(4, Fault(reset_after_client=6000))
    host = live(bench, server, port=proxy.port)
    all_delivered(bench, host, server, duplicates=0)
    bench.check(sum(link.ended == "reset" for link in proxy.links) == 4, "the fault was not met")


@row("N13", "the way to the endpoint goes black in both directions for 40 s, connections stay", deadline=240)
def half_open(bench):
    server = bench.ingestion()
    proxy = bench.proxy(server.port)
    host = live(bench, server, port=proxy.port, spans=40000, rate=1000, linger=90)
    bench.wait_for(lambda: len(server.received) > 2000, 10, "some are delivered at first")
    proxy.blackhole.set()
    sampled = Sampled(host)
    time.sleep(40)
    bench.check(host.progress()["stored"] > 10000, "what cannot be sent is not in the store")
    proxy.blackhole.clear()
    all_delivered(bench, host, server, spans=40000, seconds=180)
    sampled.end()
    bench.measured(threads=sampled.threads, descriptors=sampled.descriptors)
    bench.check(sampled.descriptors <= 60, f"{sampled.descriptors} descriptors open")


@row("N13-wire", "a router drops every packet for 45 s, in both directions, then passes them again", root=True,
     deadline=240)
def lost_packets(bench):
    wires = Wires(bench)
    server = bench.ingestion(name=SERVER, address=SERVER)
    host = live(bench, server, hostname=SERVER, prefix=wires.prefix, spans=50000, rate=1000, linger=90)
    bench.wait_for(lambda: len(server.received) > 2000, 10, "some are delivered at first")
    wires.lose_everything(True)
    sampled = Sampled(host)
    time.sleep(45)
    bench.check(host.progress()["stored"] > 10000, "what cannot be sent is not in the store")
    wires.lose_everything(False)
    back = time.monotonic()
    bench.wait_for(lambda: len(server.received) > 45000, 60, "the rest is delivered")
    bench.measured(recovery=f"{time.monotonic() - back:.1f} s")
    all_delivered(bench, host, server, spans=50000, seconds=180)
    sampled.end()
    bench.measured(threads=sampled.threads, descriptors=sampled.descriptors)
    bench.check(sampled.descriptors <= 60, f"{sampled.descriptors} descriptors open")


# ---- slow ends


@row("N14", "a tarpit: the endpoint reads 100 bytes a second", deadline=240)
def tarpit(bench):
    server = bench.ingestion()
    proxy = bench.proxy(server.port, receive_buffer=4096)
    proxy.rule = first(3, Fault(client_rate=100))
    host = live(bench, server, port=proxy.port, linger=150)
    all_delivered(bench, host, server, seconds=200)
    slow = proxy.links[:3]
    held = [link.closed_by_client_at - link.began for link in slow if link.closed_by_client_at]
    bench.measured(held=", ".join(f"{seconds:.0f} s" for seconds in held))
    bench.check(len(held) == 3 and max(held) <= 32, f"connections were held for {held}")


@row("N15", "answers come one byte a second, for ever", deadline=240)
def dripped_answer(bench):
    server = bench.ingestion()
    lasted = []

    def drip(request):
        def parts():
            began = time.monotonic()
            try:
                yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Drip: "
                while True:
                    yield b"x"
                    time.sleep(1)
            finally:
                lasted.append(time.monotonic() - began)
        return Reply(raw=parts())
    misbehave(server, 3, drip)
    host = live(bench, server, linger=150)
    all_delivered(bench, host, server, seconds=200)
    bench.wait_for(lambda: len(lasted) == 3, 5, "three answers are over")
    bench.measured(lasted=", ".join(f"{seconds:.0f} s" for seconds in lasted))
    bench.check(len(lasted) == 3 and max(lasted) <= 32, f"the host listened for {lasted}")


# ---- answers that break HTTP


def broken_answer(bench, raw, count=3, accepted=True, says=None, duplicates=None, **options):
    """The first answers are `raw`; nothing may be lost, the memory stays, and the host says what is wrong."""
    server = bench.ingestion()
    misbehave(server, count, lambda request: Reply(raw=raw(), accepted=accepted, then="close", **options))
    host = live(bench, server)
    sampled = Sampled(host)
    report = all_delivered(bench, host, server, duplicates=duplicates)
    sampled.end()
    bench.measured(threads=sampled.threads, descriptors=sampled.descriptors)
    if says:
        bench.check(says in host.said(), f"no line says '{says}'")
    return server, report


def endless(head, piece, megabytes=256):
    """`head`, then `piece` again and again until the client has had enough."""
    def parts():
        yield head
        block = piece * (65536 // len(piece) + 1)
        for _ in range(megabytes * 16):
            yield block
    return parts


@row("N16", "200 and a body of 1 GiB by Content-Length", quick=True)
def huge_body(bench):
    raw = endless(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", b"x")
    server, report = broken_answer(bench, raw, count=10**9, duplicates=0)
    bench.check(report["inconsistent"] == len(server.requests), "answers that cannot be read are not counted")
    bench.measured(inconsistent=report["inconsistent"])


@row("N17", "200 and a chunk extension without end", quick=True)
def endless_chunk_extension(bench):
    raw = endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"ext=1;")
    broken_answer(bench, raw)


@row("N18", "headers without end", quick=True)
def endless_headers(bench):
    raw = endless(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n")
    broken_answer(bench, raw, says="its headers are longer than")


@row("N19", "a bad chunk size; both framings; two lengths; a negative one", quick=True)
def contradicting_framing(bench):
    answers = itertools.cycle([
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 20\r\n\r\n",
        b"\x16\x03\x01 this is not HTTP\r\n\r\n",
    ])
    server, report = broken_answer(bench, lambda: next(answers), count=7)
    bench.check(0 < server.copies() <= report["ambiguous"], "protocol errors are not ambiguous")


@row("N20", "200 and a body that says it is compressed: a bomb", quick=True)
def compressed_answer(bench):
    bomb = gzip.compress(b"\0" * (32 << 20), 9)
    raw = (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + str(len(bomb)).encode() + b"\r\n\r\n"
           + bomb)
    server, report = broken_answer(bench, lambda: raw, count=10**9, duplicates=0)
    bench.check(report["inconsistent"] == len(server.requests), "answers that cannot be read are not counted")
    bench.measured(bomb="32 MiB in 32 KiB", inconsistent=report["inconsistent"])


@row("N21", "interim answers (100 Continue) without end", quick=True)
def endless_interim_answers(bench):
    raw = endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n")
    server, _ = broken_answer(bench, raw, says="more than 3 interim")
