"""H1 to H12: what the service answers, and what the books say of it."""

import collections
import concurrent.futures
import itertools
import socket
import threading
import time
import zlib

import ledger
from frame import Skip, row
from ingestion import Reply
from names import hosts_file
from network_rows import SPANS, all_delivered, live, misbehave

FIRST = "first.in.applicationinsights.azure.com"
SECOND = "second.in.applicationinsights.azure.com"


def rejected(bench, host, server, expected, *, seconds=100, reason="rejected"):
    """Waits for its end: all is delivered but `expected` spans, which are dropped by name."""
    report = host.report(seconds)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(report["dropped"] == ({reason: expected} if expected else {}),
                f"dropped {report['dropped']} instead of {expected} {reason}")
    bench.check(report["delivered"] == SPANS - expected, f"{report['delivered']} delivered")
    return report


def gaps(requests):
    return [after.at - before.at for before, after in itertools.pairwise(requests)]


# ---- slower, please


def throttled(bench, pause, *, linger):
    server = bench.ingestion()
    answered = []

    def answer(request):
        if len(server.requests) == 0 and not answered:
            answered.append(time.monotonic())
            return Reply(429, headers={"Retry-After": str(pause)})
        return Reply()
    server.answer = answer
    host = live(bench, server, linger=linger)
    report = all_delivered(bench, host, server, duplicates=0, seconds=linger + 30)
    # What was on its way when the 429 came had begun before.
    later = [request.at - answered[0] for request in server.requests if request.at - answered[0] > 0.5]
    bench.check(later and min(later) >= pause - 0.1, f"a request came {min(later, default=0):.1f} s after the 429")
    bench.check(report["accepted"] == SPANS, "the intake did not go on")
    bench.measured(next_request_after=f"{min(later, default=0):.2f} s")


@row("H1", "429 with Retry-After: 60", deadline=150)
def throttled_a_minute(bench):
    throttled(bench, 60, linger=100)


@row("H1-short", "429 with Retry-After: 3", quick=True)
def throttled_briefly(bench):
    throttled(bench, 3, linger=30)


def retry_after(bench, text, at_least, at_most):
    """How long it takes until the next request after a 503 with that header, of `posthaste load`."""
    server = bench.ingestion()
    misbehave(server, 1, Reply(503, headers={"Retry-After": text}))
    name = f"port-{server.port}"
    host = bench.host(server, "--spans", "100", "--linger", str(at_most + 3), name=name,
                      store=bench.path(f"store-{name}"))
    report = host.report(at_most + 20)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    waited = server.requests[1].at - server.requests[0].at if len(server.requests) > 1 else None
    if at_least > at_most:
        bench.check(waited is None, f"Retry-After '{text}': asked again after {waited} s")
        bench.check(report["stored"] == 100, f"{report['stored']} of 100 stored")
    elif bench.check(waited is not None, f"Retry-After '{text}': never asked again"):
        bench.check(at_least <= waited <= at_most, f"Retry-After '{text}': asked again after {waited:.2f} s")
        bench.check(report["delivered"] == 100, f"{report['delivered']} of 100 delivered")
    return "none" if waited is None else f"{waited:.1f} s"


@row("H2", "Retry-After: 10^12, negative, garbage, a date in the past, one in 3 s", quick=True)
def odd_retry_after(bench):
    soon = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 4))
    texts = {"1000000000000": (9, 4), "-5": (0, 2), "soon, my friend": (0, 2), "1e3": (0, 2),
             "Sun, 06 Nov 1994 08:49:37 GMT": (0, 1), soon: (2, 5), "9" * 5000: (9, 4)}
    with concurrent.futures.ThreadPoolExecutor(len(texts)) as pool:
        waits = list(pool.map(lambda entry: retry_after(bench, entry[0], *entry[1]), texts.items()))
    bench.figures.clear()
    bench.measured(**{f"'{text[:12]}'": wait for text, wait in zip(texts, waits)})


# ---- item by item


@row("H3", "206: item 1 refused with 400, item 3 with 503, in each batch", quick=True)
def partial_success(bench):
    server = bench.ingestion()
    refused, again = set(), set()

    def answer(request):
        ids = request.ids()
        errors = {}
        if len(ids) > 3 and not any(span in again for span in ids):
            refused.add(ids[1])
            again.add(ids[3])
            errors = {1: (400, "103: Field 'time' is older than the allowed min date"), 3: (503, "busy")}
        if refused & set(ids) - {ids[1] if len(ids) > 1 else None}:
            bench.check(False, "an item that was refused for good was sent again")
        return Reply(206 if errors else 200, errors=errors)
    server.answer = answer
    host = live(bench, server)
    report = host.report(100)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(report["dropped"] == {"rejected": len(refused)}, f"dropped {report['dropped']}")
    bench.check(report["delivered"] == SPANS - len(refused), f"{report['delivered']} delivered")
    bench.check(all(server.seen[span] == 2 for span in again), "an item that was told to come again did not, once")
    alone = [request for request in server.requests if set(request.ids()) <= again]
    bench.check(sum(len(request.items) for request in alone) == len(again), "others came along with the retried ones")
    big = [request for request in server.requests if len(request.items) > 1]
    bench.check(max(gaps(big)) < 1, f"one busy item of {len(big[0].items)} held up others for {max(gaps(big)):.1f} s")
    bench.measured(refused=len(refused), retried=len(again), requests=len(server.requests),
                   longest_pause=f"{max(gaps(big)):.2f} s")


@row("H3-long", "206 that lists an error of 300 bytes for each of 511 items of 512", quick=True)
def long_partial_success(bench):
    server = bench.ingestion()
    why = "106: " + "Field 'time' on type 'Envelope' is older than the allowed min date. " * 4

    def answer(request):
        count = len(request.items)
        return Reply(206, errors={index: (400, why) for index in range(1, count)}) if count > 1 else Reply()
    server.answer = answer
    host = live(bench, server, linger=10)
    report = host.report(100)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(report["stored"] == 0 and report["ambiguous"] == 0, "the answer was not read")
    bench.check(report["delivered"] == len(server.received), "the answer was not read item by item")
    bench.measured(rejected=report["dropped"].get("rejected", 0), requests=len(server.requests))


@row("H4", "replay: 206 with nothing but errors for good", quick=True)
def replay_of_refused(bench):
    server = bench.ingestion(listening=False)
    before = live(bench, server, linger=0, name="before")
    recorded = before.report(30)
    bench.check(recorded["stored"] == SPANS, f"{recorded['stored']} stored at first")
    server.answer = lambda request: Reply(206, errors={index: (400, "no") for index in range(len(request.items))})
    server.listen()
    after = bench.host(server, "--linger", "20", name="after", arena=before.arena, store=before.store)
    report = after.report(60)
    ledger.check(bench, report, before.recorded(), server.received, duplicates=0, lost=0)
    bench.check(report["dropped"].get("rejected") == SPANS, f"dropped {report['dropped']}")
    bench.check(ledger.stored_records(bench, after.store) == 0, "refused for good, and still in the store")
    bench.check(max(server.seen.values()) == 1, "what was refused for good was sent again")
    bench.check(max(gaps(server.requests)) < 1, f"the replay paused for {max(gaps(server.requests)):.1f} s")
    bench.measured(requests=len(server.requests), longest_pause=f"{max(gaps(server.requests)):.2f} s")


@row("H5", "206 with indexes out of range, doubled, negative, as text, beyond 2^63", quick=True)
def odd_indexes(bench):
    server = bench.ingestion()

    def body(request):
        count = len(request.items)
        odd = (f'{{"index":{count},"statusCode":503}},{{"index":4294967296,"statusCode":503}},'
               f'{{"index":-1,"statusCode":503}},{{"statusCode":503}},{{"index":2,"statusCode":503}},'
               f'{{"index":2,"statusCode":400}},{{"index":null,"statusCode":500}}')
        return (f'{{"itemsReceived":{count},"itemsAccepted":{count - 1},"errors":[{odd}]}}').encode()

    def answer(request):
        if len(request.items) < 3:
            return Reply()
        return Reply(206, errors={2: (503, "")}, body=body(request))
    server.answer = answer
    host = live(bench, server)
    all_delivered(bench, host, server, duplicates=0)
    bench.measured(requests=len(server.requests), most_copies_sent=max(server.seen.values()))


@row("H6", "400 to one poison batch among many", quick=True)
def poison_batch(bench):
    server = bench.ingestion()
    poison = set()

    def answer(request):
        if len(server.requests) == 5 and not poison:
            poison.update(request.ids())
        if poison & set(request.ids()):
            return Reply(400, body=b"Bad Request")
        return Reply()
    server.answer = answer
    host = live(bench, server, environment={"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "100"})
    report = host.report(60)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(report["dropped"] == {"rejected": len(poison)}, f"dropped {report['dropped']}, not {len(poison)}")
    bench.check(all(server.seen[span] == 1 for span in poison), "the poison was sent again")
    bench.check(max(gaps(server.requests)) < 1, f"others waited for {max(gaps(server.requests)):.1f} s")
    bench.measured(poison=len(poison), batches=len(server.requests), longest_pause=f"{max(gaps(server.requests)):.2f} s")


@row("H7", "413 to more than 100 items, and to one item whatever comes with it", quick=True)
def too_large(bench):
    server = bench.ingestion()
    big = set()

    def answer(request):
        ids = request.ids()
        if not big:
            big.add(ids[7])
        return Reply(413) if len(ids) > 100 or big & set(ids) else Reply()
    server.answer = answer
    host = live(bench, server)
    rejected(bench, host, server, 1, reason="too_large")
    sizes = collections.Counter(request.status for request in server.requests)
    bench.measured(requests=len(server.requests), refused_413=sizes[413])


# ---- tokens: a credential of the row's own, behind the interface that Microsoft Entra ID's will use

CANARY = b"canary-of-a-token"


def bearer(request):
    return request.headers.get("authorization", "")


def token_host(bench, server, *arguments, **options):
    """Records as `live`, with tokens canary-of-a-token-1, then -2 once that was refused, and so on."""
    return bench.host(server, "--spans", str(SPANS), "--rate", "5000", *arguments,
                      program=(bench.program("pipeline_host"), "tokens"), **options)


def token_report(bench, host, server, delivered, seconds=60):
    bench.wait_for(lambda: len(server.requests) > 2, 10, "three requests")
    bench.check(any(path.stat().st_size > 1 << 20 for path in host.arena.rglob("*")), "no flight recorder to look into")
    nowhere(bench, host)  # the flight recorder is gone once the host has ended
    report = host.report(seconds)
    unique, recorded = set(server.received), host.recorded()
    bench.measured(recorded=len(recorded), received=len(unique), duplicates=server.copies(),
                   stored=report["stored"], tokens=report["tokens"])
    bench.check(server.copies() == 0, f"I5: {server.copies()} copies")
    bench.check(unique <= recorded and len(unique) == report["delivered"], "I4: delivered is not what was received")
    ledger.check_law(bench, report)
    bench.check(report["delivered"] == delivered, f"{report['delivered']} of {delivered} delivered")
    nowhere(bench, host)
    return report


def nowhere(bench, host):
    """No file that the host wrote, compressed or not, holds a token."""
    for path in [host.errors_path, *host.store.rglob("*"), *host.arena.rglob("*")]:
        if path.is_file():
            data = path.read_bytes()
            bench.check(CANARY not in data, f"a token is in {path.name}")
            for text in inflated(data):
                bench.check(CANARY not in text, f"a token is in what is compressed in {path.name}")


def inflated(data):
    """Every gzip stream in `data`, expanded."""
    at = data.find(b"\x1f\x8b\x08")
    while at >= 0:
        try:
            yield zlib.decompressobj(31).decompress(data[at:], 16 << 20)
        except zlib.error:
            pass
        at = data.find(b"\x1f\x8b\x08", at + 1)


@row("H8", "401 to the first token, to the second after a third of the load; then each is refreshed", quick=True,
     needs=("pipeline_host",))
def token_refused(bench):
    server = bench.ingestion()

    def answer(request):
        good = 2 if len(server.received) < SPANS // 3 else 3
        return Reply() if bearer(request) == f"Bearer canary-of-a-token-{good}" else Reply(401)
    server.answer = answer
    host = token_host(bench, server, "--linger", "30")
    report = token_report(bench, host, server, SPANS)
    statuses = collections.Counter(request.status for request in server.requests)
    bench.check(report["tokens"] == 3, f"{report['tokens']} tokens were asked for")
    bench.check(all(bearer(request).startswith("Bearer canary") for request in server.requests), "one bore no token")
    bench.measured(refused_401=statuses[401])


@row("H8-store", "401 for ever: all is stored, and no token with it", quick=True, needs=("pipeline_host",))
def token_never_good(bench):
    server = bench.ingestion()
    server.answer = lambda request: Reply(401)
    host = token_host(bench, server, "--linger", "3")
    report = token_report(bench, host, server, 0)
    bench.check(report["stored"] == SPANS, f"{report['stored']} of {SPANS} stored")
    ledger.check_store(bench, report, host.store)


@row("H10-token", "307 to strangers while requests bear a token", quick=True, needs=("pipeline_host",))
def token_and_redirects(bench):
    server = bench.ingestion()
    bait = Bait(bench)
    places = iter([f"http://localhost:{server.port}/", f"https://localhost:{bait.port}/v2.1/track",
                   f"https://127.0.0.1:{bait.port}/", f"https://localhost.evil.test:{bait.port}/"])

    def answer(request):
        place = next(places, None)
        return Reply(307, headers={"Location": place}) if place else Reply()
    server.answer = answer
    host = token_host(bench, server, "--linger", "30")
    token_report(bench, host, server, SPANS)
    bench.check(bait.connections == 0, f"{bait.connections} connections went where they must not")
    bench.measured(bait_connections=bait.connections, bait_bytes=bait.bytes)


# ---- somewhere else, please


@row("H9", "308 to another host below the same suffix; followed and remembered", quick=True, root=True)
def trusted_redirect(bench):
    address = f"127.{64 + bench.directory.stat().st_ino % 60}.7.7"
    try:
        second = bench.ingestion(name=SECOND, address=address, port=443)
    except PermissionError as error:
        raise Skip(f"port 443: {error}") from None
    first = bench.ingestion(name=FIRST, address=address.replace(".7.7", ".7.8"), port=443)
    first.answer = lambda request: Reply(308, headers={"Location": f"https://{SECOND}/v2.1/track"})
    prefix = hosts_file(bench, {FIRST: first.address, SECOND: second.address})
    host = live(bench, first, hostname=FIRST, prefix=prefix)
    all_delivered(bench, host, second, duplicates=0)
    bench.check(not first.received, "the first host counts them too")
    bench.check(len(first.requests) <= 8, f"{len(first.requests)} requests were redirected: it is not remembered")
    bench.measured(redirected=len(first.requests), requests=len(second.requests))


class Bait:
    """Where nobody should go: counts connections and bytes."""

    def __init__(self, bench):
        self.connections, self.bytes = 0, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        bench.at_end(self._listener.close)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(2)
            try:
                self.bytes += len(connection.recv(65536))
            except OSError:
                pass
            connection.close()


@row("H10", "307 to http, to another port, to an address, with user info, to a stranger, without Location")
def refused_redirects(bench):
    server = bench.ingestion()
    bait = Bait(bench)
    places = [f"http://localhost:{server.port}/v2.1/track", f"https://localhost:{bait.port}/v2.1/track",
              f"https://127.0.0.1:{bait.port}/v2.1/track", f"https://user:word@localhost:{server.port}/v2.1/track",
              f"https://localhost.evil.test:{bait.port}/", f"//localhost:{bait.port}/v2.1/track", "https://[::1]/",
              f"https://localhost:{server.port}@localhost:{bait.port}/", "https:\\\\localhost", "javascript:1", ""]
    left = iter(places)
    lock = threading.Lock()

    def answer(request):
        with lock:
            place = next(left, None)
        if place is None:
            return Reply()
        return Reply(307, headers={"Location": place} if place else {})
    server.answer = answer
    # With one batch on its way at a time, its probes go through the places one after the other.
    host = live(bench, server, linger=100)
    all_delivered(bench, host, server, duplicates=0, seconds=130)
    bench.check(next(left, None) is None, "not every place was offered")
    bench.check(bait.connections == 0 and bait.bytes == 0, f"{bait.connections} connections went where they must not")
    bench.check("word" not in host.said(), "a password of the Location is in the log")
    bench.check("PH-DEL-303" in host.codes(), "no diagnostic of a redirect")
    bench.measured(places=len(places), bait_connections=bait.connections)


@row("H11", "redirects in a circle", quick=True)
def redirect_loop(bench):
    server = bench.ingestion()
    targets = collections.Counter()
    loops = 3 * 11

    def answer(request):
        if sum(targets.values()) < loops:
            targets[request.target] += 1
            other = "/v2.1/track" if request.target != "/v2.1/track" else "/elsewhere"
            return Reply(307, headers={"Location": other, "Cache-Control": "no-store"})
        return Reply()
    server.answer = answer
    host = bench.host(server, "--spans", "100", "--linger", "40")
    report = host.report(60)
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(report["delivered"] == 100, f"{report['delivered']} of 100 delivered")
    runs = [list(group) for _, group in itertools.groupby(
        accumulate_gaps(server.requests), key=lambda pair: pair[0])]
    longest = max(len(run) for run in runs)
    bench.check(longest <= 11, f"{longest} requests in a row for one")
    bench.measured(longest_chain=longest, requests=len(server.requests))


def accumulate_gaps(requests):
    """(number of the chain, request): chains are apart by a pause of the retry policy."""
    chain = 0
    for before, after in zip([None, *requests], requests):
        starts_anew = before is not None and after.target == "/v2.1/track" and before.target == "/v2.1/track"
        chain += starts_anew
        yield chain, after


@row("H12", "200 that says it accepted fewer than it received, and names none", quick=True)
def inconsistent_answer(bench):
    server = bench.ingestion()
    server.answer = lambda request: Reply(body=(
        f'{{"itemsReceived":{len(request.items)},"itemsAccepted":{len(request.items) // 2},"errors":[]}}').encode())
    host = live(bench, server)
    report = all_delivered(bench, host, server, duplicates=0)
    bench.check(report["inconsistent"] == len(server.requests), "not counted as inconsistent")
    bench.measured(inconsistent=report["inconsistent"], requests=len(server.requests))
