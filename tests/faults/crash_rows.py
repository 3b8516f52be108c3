"""C1 and on: processes that are killed while they deliver, who takes over what they held, and what lies in its way."""

import bisect
import collections
import os
import pathlib
import random
import signal
import threading
import time

import ledger
from frame import Skip, row
from ingestion import Reply
from ledger import MIB
from pressure_rows import cgroup
from store_rows import drain, gather

MAX_IN_FLIGHT = 8 + 1    # bodies of one output: `batch.max_in_flight`, and one of the store beside live ones
LEFT_OPEN = 10           # spans that fault_host leaves open
RATE = 4000              # spans a second, of all threads of a host


class Arrivals:
    """When each span came, in which request, and whether it was marked as interrupted."""

    def __init__(self, server, before=0.0):
        self.times = collections.defaultdict(list)    # span -> [(when, request)]
        self.interrupted = {}                         # span -> its properties
        self._before = before
        self._lock = threading.Lock()
        server.answer = self._note

    def _note(self, request):
        with self._lock:
            for item, span in zip(request.items, request.ids()):
                self.times[span].append((request.at, request))
                properties = item["data"]["baseData"].get("properties", {})
                if properties.get("posthaste.interrupted") == "true":
                    self.interrupted[span] = properties
        return Reply(before=self._before)


class Victim:
    """A host that records with its threads, holds spans open, and is to be killed."""

    def __init__(self, bench, server, name, places, *, threads=1, rate=RATE, how="wait", options=(), **host):
        self.open_path = bench.path(f"{name}.open")
        self.threads = threads
        self.host = bench.host(server, "--threads", threads, "--rate", rate, "--how", how, "--arena-mib", 16,
                               "--open-ids", self.open_path, *options, name=name, delay=0.05,
                               program=(bench.program("fault_host"), "crash"), **places, **host)

    def kill(self):
        """When it was dead."""
        self.host.process.send_signal(signal.SIGKILL)
        self.host.process.wait()
        return time.monotonic()

    def ended(self):
        """Spans whose end() had returned; their list goes, it is long."""
        ids = self.host.recorded()
        self.host.ids_path.unlink(missing_ok=True)
        return ids

    def left_open(self):
        return ledger.read_ids(self.open_path) if self.open_path.exists() else set()

    @property
    def unnoted(self):
        """Spans that it may have begun or ended without a note."""
        return self.threads + LEFT_OPEN


class Dead:
    """What all that were killed leave to be found."""

    def __init__(self):
        self.ended, self.open, self.kills, self.unnoted = set(), set(), [], 0

    def add(self, victim, killed_at):
        self.kills.append(killed_at)
        self.ended |= victim.ended()
        self.open |= victim.left_open()
        self.unnoted += victim.unnoted

    def all(self):
        return self.ended | self.open


def check_open(bench, arrivals, dead):
    """Open spans came, marked, with the attributes that they had; ended ones are never called interrupted."""
    bare = [span for span in dead.open if "left" not in arrivals.interrupted.get(span, {})]
    bench.check(not bare, f"{len(bare)} of {len(dead.open)} open spans did not arrive as interrupted ones")
    wrong = dead.ended & set(arrivals.interrupted)
    bench.check(not wrong, f"{len(wrong)} spans that had ended arrived as interrupted ones")
    bench.measured(open_spans=len(dead.open), interrupted=len(arrivals.interrupted))


def check_copies(bench, arrivals, kills):
    """A copy has a kill between it and the one before, and no more bodies than were in flight have any."""
    again = collections.defaultdict(set)    # kill -> requests
    for arrived in arrivals.times.values():
        for (first, request), (second, _) in zip(arrived, arrived[1:]):
            kill = bisect.bisect_left(kills, first)
            if kill == len(kills) or kills[kill] > second:
                bench.check(False, "I5: a span arrived twice, and nobody was killed in between")
                return
            again[kill].add(request)
    most = max(map(len, again.values()), default=0)
    bench.measured(kills_with_copies=len(again), bodies_twice_at_most=most)
    bench.check(most <= MAX_IN_FLIGHT, f"I5: {most} bodies came twice after one kill, {MAX_IN_FLIGHT} may be in flight")


def places_of(bench, name):
    store = bench.path(f"{name}/store")
    return {"store": store, "arena": bench.memory_directory()}


def gather_all(bench, server, arrivals, dead, places, name):
    """Heirs until all has arrived, and nothing is left of the dead; then the books. Of copies, see check_copies."""
    gather(bench, server, dead.all(), places, name, copies=len(dead.all()) * len(dead.kills), unnoted=dead.unnoted)
    for number in range(len(dead.kills)):
        if not arenas(places):
            break
        drain(bench, server, f"{name}-after-{number}", **places).report()
    bench.check(not arenas(places), f"{len(arenas(places))} arenas of the dead are still there")
    check_open(bench, arrivals, dead)
    check_copies(bench, arrivals, dead.kills)


def killed_while_delivering(bench, moments, threads, seed):
    server = bench.ingestion(keep_items=False)
    arrivals = Arrivals(server, before=0.02)
    places = places_of(bench, f"threads-{threads}")
    dice = random.Random(seed)
    dead = Dead()
    for number in range(moments):
        victim = Victim(bench, server, f"threads-{threads}/{number}", places, threads=threads)
        time.sleep(dice.uniform(0.0, 0.6))
        dead.add(victim, victim.kill())
    gather_all(bench, server, arrivals, dead, places, f"threads-{threads}/heir")
    bench.measured(**{f"ended_{threads}": len(dead.ended)})
    server.close()
    return dead


@row("C1", "kill -9 of a host that delivers, at 9 random moments; 1, 4 and 400 threads", needs=("fault_host",),
     quick=True)
def killed_at_times(bench):
    for threads in (1, 4, 400):
        killed_while_delivering(bench, 3, threads, seed=threads)


@row("C2", "kill -9 of a host that delivers, at 201 random moments; 1, 4 and 400 threads", needs=("fault_host",),
     deadline=900)
def killed_often(bench):
    for threads in (1, 4, 400):
        dead = killed_while_delivering(bench, 67, threads, seed=1000 + threads)
        bench.check(len(dead.ended) > 5000, f"only {len(dead.ended)} spans had ended")


@row("C3", "OOM kill of a host that delivers, in a memory cgroup, five times", needs=("fault_host",), root=True,
     quick=True)
def out_of_memory_kill(bench):
    server = bench.ingestion(keep_items=False)
    arrivals = Arrivals(server, before=0.02)
    places = places_of(bench, "kills")
    group = cgroup(bench, 192 * MIB)
    dead = Dead()
    for number in range(5):
        victim = Victim(bench, server, f"kills/{number}", places, threads=4, how="memory", options=("--for", "0.5"),
                        prefix=("sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$0" "$@"'))
        code = victim.host.process.wait(60)
        bench.check(code == -signal.SIGKILL, f"it was not killed, but ended with {code}: {victim.host.said()[-300:]}")
        bench.check("flight recorder: on" in victim.host.said(), "no flight recorder in the cgroup")
        dead.add(victim, time.monotonic())
    killed = oom_kills(group)
    bench.measured(oom_kills=killed, ended=len(dead.ended))
    bench.check(killed >= 5, f"the kernel counts {killed} OOM kills of 5")
    gather_all(bench, server, arrivals, dead, places, "kills/heir")


def oom_kills(group):
    """How often the kernel has killed in that cgroup."""
    for name in ("memory.oom_control", "memory.events"):
        try:
            lines = (pathlib.Path(group) / name).read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        for line in lines:
            word, _, count = line.partition(" ")
            if word == "oom_kill":
                return int(count)
    raise Skip("this kernel does not count OOM kills")


def leave_orphan(bench, name, places, *, seconds=1.0, threads=4, rate=12000, server=None):
    """A host that is killed before anything is delivered: its server, and what it leaves."""
    server = server or bench.ingestion(listening=False, keep_items=False)
    dead = Dead()
    victim = Victim(bench, server, f"{name}", places, threads=threads, rate=rate)
    bench.wait_for(lambda: victim.left_open(), 30, "its spans to be open")
    time.sleep(seconds)
    dead.add(victim, victim.kill())
    return server, dead


def arenas(places):
    return sorted(places["arena"].rglob("*.arena"))


def heir(bench, server, name, places, *arguments, **options):
    """Who sends what others left, until it is told to end."""
    return bench.host(server, *arguments, "--linger", "60", name=name, **{**places, **options})


def run_until_all_is_there(bench, server, hosts, wanted, seconds=40):
    """Waits until what is wanted has arrived, ends the hosts, and gives their reports."""
    bench.wait_for(lambda: wanted <= set(server.received), seconds, "all to arrive")
    for host in hosts:
        host.terminate()
    reports = [host.report() for host in hosts]
    for report in reports:
        ledger.check_law(bench, report)
    return reports


@row("C5", "two adopters are started at once for one orphan, 20 times", needs=("fault_host",), deadline=300)
def racing_adopters(bench):
    total = collections.Counter()
    for number in range(20):
        places = places_of(bench, str(number))
        server, dead = leave_orphan(bench, f"{number}/dead", places, seconds=0.2)
        arrivals = Arrivals(server)
        server.listen()
        both = [heir(bench, server, f"{number}/{name}", places) for name in ("one", "two")]
        reports = run_until_all_is_there(bench, server, both, dead.all())
        recovered = sorted(report["recovered"] for report in reports)
        total.update(recovered=sum(recovered), shared=recovered[0] > 0)
        bench.check(sum(recovered) >= len(dead.all()), f"{len(dead.all())} were left, {recovered} recovered")
        ledger.check(bench, None, dead.all(), server.received, unnoted=dead.unnoted)
        check_open(bench, arrivals, dead)
        bench.check(not arenas(places), "an arena is still there")
        server.close()
    bench.measured(**total)


@row("C6", "what a killed process leaves is adopted by a sibling that runs, within 5 minutes", needs=("fault_host",),
     deadline=420)
def sibling_adopts(bench):
    places = places_of(bench, "siblings")
    server = bench.ingestion(keep_items=False)
    arrivals = Arrivals(server)
    lives = bench.host(server, "--duration", "400", "--rate", "50", name="siblings/lives", **places)
    bench.wait_for(lambda: arrivals.times, 30, "the sibling to deliver")
    server.refuse()
    _, dead = leave_orphan(bench, "siblings/dead", places, server=server)
    server.listen()
    began = time.monotonic()
    bench.wait_for(lambda: dead.all() <= set(server.received), 330, "the sibling to deliver what was left")
    bench.measured(after=f"{time.monotonic() - began:.0f} s")
    lives.terminate()
    report = lives.report()
    ledger.check_law(bench, report)
    ledger.check(bench, None, dead.all() | lives.recorded(), server.received, unnoted=dead.unnoted)
    check_open(bench, arrivals, dead)


# Offsets in an arena's file, as in runtime/arena/layout.h.
VERSION, BOOT_ID = 8, 56


def one_orphan(bench, name, **options):
    """What a killed process leaves: its server, its books, the places, and the file's bytes."""
    places = places_of(bench, name)
    server, dead = leave_orphan(bench, f"{name}/dead", places, **options)
    [file] = arenas(places)
    return server, dead, places, file


ADOPTED, LEFT = "PH-ARN-202", "PH-ARN-203"


def own_spans_arrive(bench, server, name, places, wanted=frozenset(), said=(ADOPTED, LEFT), **options):
    """An heir with spans of its own: they arrive, it says what it has to say, and ends in order."""
    host = bench.host(server, "--spans", "300", "--rate", "3000", "--linger", "40", name=name,
                      **{**places, **options})
    bench.wait_for(lambda: not host.running() or
                   (len(host.recorded()) == 300 and host.recorded() | wanted <= set(server.received) and
                    any(code in said for code in host.codes())), 40, f"{name}: all to arrive, and a word of the arena")
    host.terminate()
    report = host.report()
    ledger.check_law(bench, report)
    missing = host.recorded() - set(server.received)
    bench.check(not missing, f"{name}: {len(missing)} of the heir's own spans are missing")
    return host, report


def changed(file, offset, data):
    with open(file, "r+b") as arena:
        arena.seek(offset)
        arena.write(data)


@row("C7", "arenas of another format version, another boot, another user's, and what is no arena", needs=("fault_host",),
     root=True, quick=True)
def foreign_arenas(bench):
    server, _, places, file = one_orphan(bench, "version", seconds=0.1)
    changed(file, VERSION, (99).to_bytes(4, "little"))
    before = file.read_bytes()
    server.listen()
    host, _ = own_spans_arrive(bench, server, "version/heir", places)
    bench.check(file.exists() and file.read_bytes() == before, "an arena of another version was touched")
    bench.check(host.codes().count(LEFT) == 1, f"another version: said {host.codes()}")

    server, _, places, file = one_orphan(bench, "boot", seconds=0.1)
    changed(file, BOOT_ID, b"x" * 32)
    server.listen()
    host, _ = own_spans_arrive(bench, server, "boot/heir", places)
    bench.check(not file.exists(), "an arena of another boot is still there")
    bench.check(host.codes().count(LEFT) == 1, f"another boot: said {host.codes()}")

    server, dead, places, file = one_orphan(bench, "user", seconds=0.1)
    os.chown(file, 12345, 12345)
    before = file.read_bytes()
    server.listen()
    own_spans_arrive(bench, server, "user/heir", places, said=("PH-ARN-200",))
    bench.check(file.exists() and file.read_bytes() == before, "another user's arena was touched")
    os.chown(file, 0, 0)
    own_spans_arrive(bench, server, "user/owner", places, wanted=dead.all())
    bench.check(not file.exists() and dead.all() <= set(server.received), "its owner did not get it")

    server, dead, places, file = one_orphan(bench, "strange", seconds=0.1)
    beside = file.parent
    (beside / "empty.arena").write_bytes(b"")
    (beside / "noise.arena").write_bytes(os.urandom(100_000))
    (beside / "directory.arena").mkdir()
    (beside / "link.arena").symlink_to(file)
    os.mkfifo(beside / "pipe.arena")
    server.listen()
    own_spans_arrive(bench, server, "strange/heir", places, wanted=dead.all())
    bench.check(dead.all() <= set(server.received), "strange files beside it kept an orphan from its heir")
    bench.check({path.name for path in arenas(places)} == {"directory.arena", "link.arena", "pipe.arena"},
                f"left: {[path.name for path in arenas(places)]}")


@row("C8", "an arena with another resource: its spans keep the dead process's role", quick=True)
def other_resource(bench):
    server = bench.ingestion()
    server.refuse()
    places = places_of(bench, "roles")
    dies = bench.host(server, "--duration", "60", "--rate", "2000", "--service-name", "dead", name="roles/dead", **places)
    bench.wait_for(lambda: len(dies.recorded()) > 500, 30, "something to be recorded")
    dies.kill()
    dead = dies.recorded()
    server.listen()
    host, _ = own_spans_arrive(bench, server, "roles/heir", places, wanted=dead)
    roles = collections.defaultdict(set)
    for request in server.requests:
        for item, span in zip(request.items, request.ids()):
            roles[item["tags"]["ai.cloud.role"]].add(span)
    bench.measured(**{f"role_{name}": len(spans) for name, spans in roles.items()})
    bench.check(dead <= roles["dead"], "spans of the dead process lost its role")
    bench.check(not roles["dead"] & host.recorded(), "spans of the heir have the dead process's role")


DEATHS_APART = 0.1     # seconds, far more than a restart takes
PARTS = ("sampler", "batcher", "transmitter", "storekeeper", "supervisor")


def two_outputs(bench, mode, first, second, *arguments, name="host"):
    """The pipeline with two outputs, whose parts a drill kills."""
    return bench.host(first, *arguments, "--second", second.connection_string(),
                      name=name, program=(bench.program("pipeline_host"), mode), delay=0.01,
                      store=bench.path(f"{name}-store"))


def longest_gap(arrivals, begin, end):
    """The longest time in [begin, end] without an arrival, of sorted times."""
    low, high = bisect.bisect_left(arrivals, begin), bisect.bisect_right(arrivals, end)
    edges = [begin, *arrivals[low:high], end]
    return max(later - earlier for earlier, later in zip(edges, edges[1:]))


def gaps_after(arrivals, moments, window):
    """Of each moment the longest time without an arrival that has a part in the window behind it."""
    gaps = []
    for moment in moments:
        low = max(0, bisect.bisect_left(arrivals, moment) - 1)
        high = min(len(arrivals) - 1, bisect.bisect_right(arrivals, moment + window))
        gaps.append(max((later - earlier for earlier, later in zip(arrivals[low:high], arrivals[low + 1:high + 1])),
                        default=window))
    return sorted(gaps)


@row("C10", "50 deaths of parts under load, every other one of two at once, with two outputs", needs=("pipeline_host",),
     alone=True)
def deaths_under_load(bench):
    servers = [bench.ingestion(keep_items=False) for _ in range(2)]
    arrivals = [[], []]
    for server, times in zip(servers, arrivals):
        server.answer = lambda request, times=times: times.append(request.at) or Reply()
    seconds = 50 * DEATHS_APART
    host = two_outputs(bench, "deaths", *servers, "--rate", "4000", "--seconds", seconds, "--kills", "50",
                       "--deaths", bench.path("deaths"))
    report = host.report(90)
    deaths = [line.split() for line in bench.path("deaths").read_text(encoding="ascii").splitlines()]
    moments = [float(at) for at, _ in deaths]
    bench.measured(deaths=len(deaths), restarts=report["restarts"])
    bench.check(report["restarts"] >= len(deaths) - 25, f"{report['restarts']} restarts after {len(deaths)} deaths")
    for output, server in zip(report["outputs"], servers):
        recorded, unique = host.recorded(), set(server.received)
        bench.check(unique == recorded, f"{output['name']}: {len(recorded - unique)} missing")
        bench.check(server.copies() == 0, f"{output['name']}: {server.copies()} copies")
        bench.check(output["dropped"] == {}, f"{output['name']}: dropped {output['dropped']}")
    ledger.check_law(bench, report)
    for name, times in zip(("first", "second"), arrivals):
        times.sort()
        calm = [moments[0] - seconds + 1 + number * DEATHS_APART for number in range(int(seconds / DEATHS_APART) - 15)]
        without = gaps_after(times, calm, DEATHS_APART * 0.8)
        with_deaths = gaps_after(times, moments, DEATHS_APART * 0.8)
        bench.measured(**{f"{name}_median": f"{with_deaths[len(with_deaths) // 2] * 1000:.0f} ms (without deaths "
                                            f"{without[len(without) // 2] * 1000:.0f})",
                          f"{name}_longest": f"{with_deaths[-1] * 1000:.0f} ms (without {without[-1] * 1000:.0f})"})
        limit = without[len(without) // 2] + 0.05
        bench.check(with_deaths[len(with_deaths) // 2] <= limit, f"{name}: a death holds delivery up for "
                    f"{with_deaths[len(with_deaths) // 2]:.3f} s, {limit:.3f} may be")
        for at, gap in zip(deaths, (gaps_after(times, [moment], DEATHS_APART * 0.8)[0] for moment in moments)):
            bench.note(f"{name}: {PARTS[int(at[1])]} died: {gap * 1000:.1f} ms")


@row("C11", "each part beyond its restart limit, under load, with two outputs", needs=("pipeline_host",))
def past_the_limit(bench):
    for number, part in enumerate(PARTS):
        servers = [bench.ingestion(keep_items=False), bench.ingestion(listening=False)]
        host = two_outputs(bench, "limit", *servers, "--rate", "2000", "--seconds", "0.7", "--part", number, name=part)
        report = host.report(100)
        bench.check(host.process.returncode == 0, f"{part}: ended with {host.process.returncode}")
        bench.check(report["closed"], f"{part}: the ingress stayed open")
        bench.check(report["accepted_after"] == 0, f"{part}: {report['accepted_after']} were accepted behind the end")
        bench.check(report["limit_said"], f"{part}: nothing was said")
        ledger.check_law(bench, report)
        recorded = host.recorded()
        bench.check(report["accepted"] == len(recorded), f"{part}: {len(recorded)} recorded, {report['accepted']} accepted")
        for output, server in zip(report["outputs"], servers):
            held = output["delivered"] + output["stored"]
            bench.check(held == len(recorded) and output["dropped"] == {}, f"{part}: {output} of {len(recorded)}")
            bench.check(output["delivered"] == len(server.received), f"{part}: {len(server.received)} arrived")
        found = ledger.stored_records(bench, host.store)
        stored = sum(output["stored"] for output in report["outputs"])
        bench.check(found == stored, f"{part}: {stored} stored, a scan finds {found}")
        bench.measured(**{part: f"{len(recorded)} recorded, {stored} stored"})
        for server in servers:
            server.close()
