"""A scriptable Application Insights ingestion endpoint: HTTPS on loopback, one thread a connection.

    server = bench.ingestion()
    server.answer = lambda request: Reply(429, headers={"Retry-After": "2"})

It notes each item that it accepted by "<operation id> <id>", which is what `posthaste load --ids` writes: the
independent truth that the ledger is held against. An item counts as accepted when the answer says so, whether
that answer arrives or not.
"""

import collections
import datetime
import gzip
import json
import select
import socket
import ssl
import threading
import time
from typing import NamedTuple, Optional

from frame import Skip
from proxy import reset, shut

KEY = "00000000-1111-2222-3333-444444444444"


class Request:
    def __init__(self, method, target, headers, body, connection, number):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.connection = connection   # which connection, from 0
        self.number = number           # which request to this server, from 0
        self.at = time.monotonic()
        self.status = None             # what was answered
        text = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        self.otlp = target.endswith("/v1/traces")   # in http/json
        self.items = otlp_spans(lines) if self.otlp else lines
        now = time.time()
        self.delays = [now - ended for item in self.items if (ended := time_of(item)) is not None]

    def ids(self):
        return [id_of(item) for item in self.items]


def otlp_spans(requests):
    return [span for request in requests for resource in request.get("resourceSpans", [])
            for scope in resource.get("scopeSpans", []) for span in scope.get("spans", [])]


def time_of(item):
    """Seconds since 1970 when an item's span ended (OTLP) or began."""
    if "endTimeUnixNano" in item:
        return int(item["endTimeUnixNano"]) / 1e9
    try:
        return datetime.datetime.fromisoformat(item["time"][:26].rstrip("Z") + "+00:00").timestamp()
    except (KeyError, ValueError):
        return None


def id_of(item):
    """"<operation id> <id>" of a span's item, None for any other."""
    if "spanId" in item:
        return f"{item['traceId'].lower()} {item['spanId'].lower()}"
    base = item["data"]["baseData"]
    if item["data"]["baseType"] not in ("RequestData", "RemoteDependencyData"):
        return None
    return f"{item['tags'].get('ai.operation.id', '-')} {base.get('id', '-')}"


class Reply(NamedTuple):
    status: int = 200
    errors: dict = {}                  # index -> (status, message)
    headers: dict = {}
    body: Optional[bytes] = None       # None: the service's own, from `errors`
    accepted: Optional[bool] = None    # whether items count as taken; None: as the status says
    raw: object = None                 # bytes, or an iterable of bytes, instead of a well-formed answer
    then: str = "keep"                 # keep, close, reset; close-at-next: when the next request begins to arrive
    silent: bool = False               # no answer; the connection stays open until the client leaves
    before: float = 0.0                # seconds before the answer


class Ingestion:
    def __init__(self, authority, *, name="localhost", expired=False, tls=True, listening=True, highest=None,
                 address="127.0.0.1", port=0, keep_items=True, note=lambda text: None):
        self._keep_items = keep_items                  # False: a request's items are let go once it was answered
        self.answer = lambda request: Reply()
        self.greet = lambda connection, number: True   # before TLS; False: the connection is left alone, open
        self.requests = []
        self.received = collections.Counter()          # accepted spans: how often each
        self.others = 0                                # accepted items that are no spans
        self.seen = collections.Counter()              # spans in whole requests, accepted or not
        self.connections = 0
        self.handshakes = 0
        self.bytes_read = 0                            # after TLS: of requests, whole or not
        self.scheme = "https" if tls else "http"
        self._authority = authority
        self._context = self._make_context(authority, name, expired, highest) if tls else None
        self._note = note
        self._lock = threading.Lock()
        self._open = set()
        self._listener = None
        self.address, self.port = address, port
        self._bind()
        if listening:
            self.listen()

    @staticmethod
    def _make_context(authority, name, expired, highest):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.certificate(name, expired))
        if highest is not None:
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = highest
            context.set_ciphers("ALL:@SECLEVEL=0")
        return context

    def show_certificate(self, name="localhost", expired=False):
        """New connections are shown this one."""
        self._context = self._make_context(self._authority, name, expired, None)

    def _bind(self):
        """A port of its own; connections are refused until `listen`."""
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self.address, self.port))
        self.port = self._listener.getsockname()[1]

    def listen(self):
        self._listener.listen(128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def drop_syns(self):
        """From now on nothing answers a connection's first packet: the queue of an idle listener is full."""
        self.refuse()
        self._listener.listen(0)
        self._fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.settimeout(0.3)
            self._fillers.append(filler)
            try:
                filler.connect((self.address, self.port))
            except OSError:
                return
        raise Skip("the kernel takes connections that nobody accepts")

    def take_syns(self):
        """The end of `drop_syns`."""
        for filler in self._fillers:
            shut(filler)
        self.listen()

    def refuse(self):
        """From now on connections are refused; those that are open are closed."""
        shut(self._listener)
        self._bind()
        self.drop_connections()

    def drop_connections(self):
        with self._lock:
            connections = list(self._open)
        for each in connections:
            shut(each)

    def close(self):
        shut(self._listener)
        self.drop_connections()

    def delays(self):
        """Seconds from each accepted span to its arrival, in rising order."""
        with self._lock:
            return sorted(delay for request in self.requests if request.status == 200 for delay in request.delays)

    def connection_string(self, host="localhost", port=None):
        return f"InstrumentationKey={KEY};IngestionEndpoint={self.scheme}://{host}:{port or self.port}/"

    def copies(self):
        return sum(self.received.values()) - len(self.received)

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                number = self.connections
                self.connections += 1
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, plain, number):
        connection = plain
        try:
            if not self.greet(plain, number):
                wait_for_end(plain)
                return
            if self._context is not None:
                connection = self._context.wrap_socket(plain, server_side=True)
                with self._lock:
                    self.handshakes += 1
                    self._open.discard(plain)
                    self._open.add(connection)
            stream = Stream(connection, self)
            while (request := stream.request(number)) is not None:
                if not self._reply(connection, request):
                    return
        except (OSError, ssl.SSLError, EOFError) as error:
            self._note(f"ingestion connection {number}: {error}")
        finally:
            with self._lock:
                self._open.discard(plain)
                self._open.discard(connection)
            shut(connection)

    def _reply(self, connection, request):
        """Answers; whether the connection goes on."""
        reply = self.answer(request)
        request.status = reply.status
        self._note(f"request {request.number} of {len(request.items)} items on connection {request.connection}: "
                   f"{reply.status}{' ' + str(len(reply.errors)) + ' errors' if reply.errors else ''}")
        self._book(request, reply)
        if reply.before:
            time.sleep(reply.before)
        if reply.silent:
            wait_for_end(connection)
            return False
        raw = reply.raw if reply.raw is not None else well_formed(request, reply)
        for part in [raw] if isinstance(raw, bytes) else raw:
            connection.sendall(part)
        if reply.then == "reset":
            reset(connection)
        if reply.then == "close-at-next":
            select.select([connection], [], [], 60)
        return reply.then == "keep"

    def _book(self, request, reply):
        taken = reply.accepted if reply.accepted is not None else reply.status in (200, 206)
        with self._lock:
            self.requests.append(request)
            for index, span in enumerate(request.ids()):
                if span is not None:
                    self.seen[span] += 1
                if taken and index not in reply.errors:
                    if span is not None:
                        self.received[span] += 1
                    else:
                        self.others += 1
            if not self._keep_items:
                request.items = []


def well_formed(request, reply):
    body = reply.body
    if body is None and request.otlp:
        body = b"{}"
    if body is None:
        errors = [{"index": index, "statusCode": status, "message": message}
                  for index, (status, message) in sorted(reply.errors.items())]
        count = len(request.items)
        good = count - len(errors) if reply.status in (200, 206) else 0
        body = json.dumps({"itemsReceived": count, "itemsAccepted": good, "errors": errors}).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **reply.headers}
    if reply.then in ("close", "reset"):
        headers["Connection"] = "close"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {reply.status} Scripted\r\n{lines}\r\n".encode("latin-1") + body


class Stream:
    """Reads requests off one connection."""

    def __init__(self, connection, server):
        self._connection, self._server, self._buffer = connection, server, b""

    def _more(self):
        data = self._connection.recv(65536)
        with self._server._lock:
            self._server.bytes_read += len(data)
        self._buffer += data
        return bool(data)

    def request(self, connection_number):
        """The next whole one; None when the client has left."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        self._buffer = rest
        while len(self._buffer) < length:
            if not self._more():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        method, target, _ = first.split(" ", 2)
        with self._server._lock:
            number = len(self._server.requests)
        return Request(method, target, headers, body, connection_number, number)


def wait_for_end(connection):
    """Until the other side has left."""
    try:
        while connection.recv(65536):
            pass
    except OSError:
        pass
