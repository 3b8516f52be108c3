"""SEC-1 and on: what a hostile network, service or neighbour may try, beyond the rows of the matrix."""

import base64
import socket
import threading

import ledger
from authority import Authority
from frame import row
from host import Sampled
from http_rows import inflated
from ingestion import KEY, Ingestion, Reply
from network_rows import SPANS, all_delivered, live
from output_rows import environment_of, url_of
from proxy import Fault, half_close, shut


@row("SEC-1", "answers that smuggle a second one, header lines, control characters and escape codes", quick=True)
def response_splitting(bench):
    server = bench.ingestion()
    smuggled = (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
                b"HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\n{}")
    texts = iter([
        smuggled,
        b"HTTP/1.1 503 \x1b[31mred\x07\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 307 Go\r\nLocation: /x\r\n\tfolded: yes\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 503 No\r\nX: \x00\r\nContent-Length: 0\r\n\r\n",
    ])
    lock = threading.Lock()

    def answer(request):
        with lock:
            raw = next(texts, None)
        if raw is None:
            return Reply()
        return Reply(raw=raw, accepted=raw is smuggled)
    server.answer = answer
    host = live(bench, server)
    all_delivered(bench, host, server)
    said = host.said()
    bench.check(not any(character in said for character in "\x1b\x07\x00"), "a control character reached the log")


@row("SEC-2", "messages of refused items with line ends, escape codes, a megabyte, no UTF-8", quick=True)
def hostile_messages(bench):
    server = bench.ingestion()
    messages = iter(["line\nposthaste: error PH-INT-900: forged", "\x1b]0;title\x07", "\u202e\u0000", "x" * 60000])

    def answer(request):
        message = next(messages, None)
        return Reply() if message is None else Reply(206, errors={0: (400, message)})
    server.answer = answer
    host = live(bench, server)
    report = host.report(60)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(report["dropped"] == {"rejected": 4}, f"dropped {report['dropped']}")
    said = host.said()
    bench.check("\nposthaste: error PH-INT-900: forged" not in said, "a message of the service's forged a line")
    bench.check(not any(character in said for character in "\x1b\x07\x00"), "a control character reached the log")
    bench.check(len(said) < 10000, f"{len(said)} bytes of log")
    bench.measured(log_bytes=len(said))


@row("SEC-3", "the instrumentation key and a proxy's password: in no line that the host writes", quick=True)
def keys_in_logs(bench):
    server = bench.ingestion(listening=False)
    host = live(bench, server, linger=2, environment={"HTTPS_PROXY": "http://user:pass-canary@127.0.0.1:1"})
    report = host.report(30)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    text = host.said() + host.report_path.read_text(encoding="utf-8")
    bench.check(KEY not in text, "the instrumentation key is in log or report")
    bench.check("pass-canary" not in text, "the proxy's password is in log or report")
    secret = base64.b64encode(b"user:pass-canary")
    held = b"".join(path.read_bytes() for path in host.store.rglob("*") if path.is_file())
    everything = [held, *inflated(held)]
    bench.check(not any(secret in part or b"pass-canary" in part for part in everything),
                "the proxy's password is in the store")
    bench.check(any(KEY.encode() in part for part in everything), "this row looks at nothing: no key in the store")
    for path in [*host.store.rglob("*"), host.store]:
        bench.check(path.stat().st_mode & 0o077 == 0, f"{path.name} is open to others: {path.stat().st_mode:o}")


@row("SEC-4", "six connections on which answers, TLS included, come at 200 bytes a second", deadline=240)
def slow_everything(bench):
    server = bench.ingestion()
    proxy = bench.proxy(server.port)
    proxy.rule = lambda link: Fault(server_rate=200, delay=0.5) if link.number < 6 else Fault()
    host = live(bench, server, port=proxy.port, linger=150)
    sampled = Sampled(host)
    all_delivered(bench, host, server, seconds=200)
    sampled.end()
    bench.check(sampled.threads <= 12, f"{sampled.threads} threads")
    bench.measured(threads=sampled.threads, descriptors=sampled.descriptors)


@row("SEC-5", "a chain that does not lead to a trusted authority", quick=True)
def unknown_authority(bench):
    stranger = Authority(bench.directory / "stranger")
    server = Ingestion(stranger, note=bench.note)
    bench.at_end(server.close)
    host = live(bench, server, linger=3)   # trusts the row's own authority, not this one
    report = host.report(30)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(server.bytes_read == 0, f"{server.bytes_read} bytes of a request were sent")
    bench.check(report["stored"] == SPANS, f"{report['stored']} of {SPANS} stored")
    bench.measured(connections=server.connections)


@row("SEC-6", "a proxy that answers CONNECT with a megabyte, with an answer too many, with 407, with 200 twice", quick=True)
def hostile_proxy(bench):
    server = bench.ingestion(name="ingest.test")
    answers = iter([b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200000, b"HTTP/1.1 407 No\r\n\r\n",
                    b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}", b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
                    b"SSH-2.0-x\r\n"])
    heads = []
    listener = socket.create_server(("127.0.0.1", 0))
    bench.at_end(listener.close)

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection):
        heads.append(connection.recv(4096))
        answer = next(answers, None)
        try:
            if answer is not None:
                connection.sendall(answer)
                return
            connection.sendall(b"HTTP/1.1 200 Go ahead\r\n\r\n")
            onward = socket.create_connection(("127.0.0.1", server.port))
            back = threading.Thread(target=pump, args=(onward, connection), daemon=True)
            back.start()
            pump(connection, onward)
            back.join()
        except OSError:
            pass
        finally:
            shut(connection)

    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        half_close(sink)

    threading.Thread(target=serve, daemon=True).start()
    proxy = f"http://user:pass-canary@127.0.0.1:{listener.getsockname()[1]}"
    host = live(bench, server, hostname="ingest.test", environment={"HTTPS_PROXY": proxy})
    all_delivered(bench, host, server, duplicates=0)
    credentials = base64.b64encode(b"user:pass-canary")
    bench.check(all(credentials in head for head in heads), "the proxy was not told who asks")
    bench.check(not any("proxy-authorization" in request.headers for request in server.requests),
                "the proxy's credentials went through the tunnel")
    bench.check("pass-canary" not in host.said(), "the proxy's password is in the log")
    bench.check(next(answers, None) is None, "not every answer was met")
    bench.measured(tunnels=len(heads))


@row("SEC-7", "kill -9 with headers of OTLP and a proxy set: no secret in log, log file, store or flight recorder",
     quick=True)
def secrets_left_behind(bench):
    azure, otlp = bench.ingestion(listening=False), bench.ingestion()
    otlp.answer = lambda request: Reply(503)
    log = bench.path("logs/posthaste.log")
    host = bench.host(None, "--duration", "60", "--rate", "2000", environment={
        **environment_of(bench, azure.connection_string(), url_of(otlp)),
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20header-canary,x-key=key-canary",
        "HTTPS_PROXY": "http://user:pass-canary@127.0.0.1:1", "POSTHASTE_DIAGNOSTICS_LOG_FILE": str(log)})
    bench.wait_for(lambda: otlp.requests and host.progress()["stored"] > 0, 30, "something is sent and stored")
    host.kill()
    bench.check(any(request.headers.get("x-key") == "key-canary" for request in otlp.requests),
                "this row looks at nothing: no header was sent")
    held = [path.read_bytes() for place in (host.store, host.arena, log.parent) for path in place.rglob("*")
            if path.is_file()]
    everything = [host.errors_path.read_bytes(), *held, *(part for raw in held for part in inflated(raw))]
    canaries = [b"header-canary", b"key-canary", b"pass-canary", base64.b64encode(b"user:pass-canary")]
    for canary in canaries:
        bench.check(not any(canary in part for part in everything), f"{canary.decode()} was left behind")
    bench.check(sum(KEY.encode() in part for part in everything) > 1,
                "this row looks at nothing: the key is not in store and recorder")
    bench.measured(files=len(held), mebibytes=round(sum(map(len, held)) / (1 << 20), 1))
