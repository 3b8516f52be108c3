"""C1 to C6: processes that are killed while they deliver, and who takes over what they held."""

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
from shim import Shim
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
        self.arena = places["arena"]
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


LANES_OF_HEAD = 20                                         # offsets in an arena's file, as in runtime/arena/layout.h
LANES, LANE, REFUSED, REFUSED_LOGS, REASONS = 4096, 256, 64, 128, 7


def refused_of(victim):
    """Spans that found no room, as the arena of a process that was just killed says: it had not accepted them. A machine
    that is busy with other rows gets the pages of an arena too late for all."""
    refused = 0
    for file in victim.arena.rglob(f"{victim.host.process.pid}-*.arena"):
        with open(file, "rb") as arena:
            head = arena.read(LANES)
            for _ in range(int.from_bytes(head[LANES_OF_HEAD:LANES_OF_HEAD + 4], "little") + 1):
                lane = arena.read(LANE)
                refused += sum(int.from_bytes(lane[row + 8 * i:row + 8 * i + 8], "little")
                               for row in (REFUSED, REFUSED_LOGS) for i in range(REASONS))
    return refused


class Dead:
    """What all that were killed leave to be found."""

    def __init__(self):
        self.ended, self.open, self.kills, self.unnoted, self.refused = set(), set(), [], 0, 0

    def add(self, victim, killed_at):
        self.refused += refused_of(victim)
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


def check_copies(bench, arrivals, kills, late=0):
    """A copy has a kill between it and the one before, and no more bodies than were in flight have any. But for
    `late` bodies, of which a kill left two: an adopter without a store that had just taken them over."""
    again = collections.defaultdict(set)    # kill -> requests
    of_two = set()                          # requests
    for arrived in arrivals.times.values():
        for (first, request), (second, _) in zip(arrived, arrived[1:]):
            kill = bisect.bisect_left(kills, first)
            if kill == len(kills) or kills[kill] > second:
                of_two.add(request)
            else:
                again[kill].add(request)
    bench.check(len(of_two) <= late, f"I5: {len(of_two)} bodies arrived twice, and nobody was killed in between")
    most = max(map(len, again.values()), default=0)
    if late:
        bench.measured(left_twice=len(of_two))
    bench.measured(kills_with_copies=len(again), bodies_twice_at_most=most)
    bench.check(most <= MAX_IN_FLIGHT, f"I5: {most} bodies came twice after one kill, {MAX_IN_FLIGHT} may be in flight")


def places_of(bench, name):
    store = bench.path(f"{name}/store")
    return {"store": store, "arena": bench.memory_directory()}


def gather_all(bench, server, arrivals, dead, places, name, late=0):
    """Heirs until all has arrived, and nothing is left of the dead; then the books. Of copies, see check_copies."""
    gather(bench, server, dead.all(), places, name, lost=dead.refused, copies=len(dead.all()) * len(dead.kills),
           unnoted=dead.unnoted)
    bench.measured(refused=dead.refused)
    missing = len(dead.all() - set(server.received))
    bench.check(dead.refused - missing <= dead.unnoted,    # or what was refused would excuse what was lost
                f"{dead.refused} were refused, and only {missing} are missing")
    for number in range(len(dead.kills)):
        if not arenas(places):
            break
        drain(bench, server, f"{name}-after-{number}", **places).report()
    bench.check(not arenas(places), f"{len(arenas(places))} arenas of the dead are still there")
    check_open(bench, arrivals, dead)
    check_copies(bench, arrivals, dead.kills, late)


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


def leave_orphan(bench, name, places, *, seconds=1.0, threads=4, rate=12000, server=None, **options):
    """A host that is killed before anything is delivered: its server, and what it leaves."""
    server = server or bench.ingestion(listening=False, keep_items=False)
    dead = Dead()
    victim = Victim(bench, server, f"{name}", places, threads=threads, rate=rate, **options)
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


class Deathbed:
    """One call of an adopter, which hangs until it is killed there: it gets the orphan's pages, it writes to the store, or
    it removes the orphan whose records it has taken over."""

    def __init__(self, bench, dice, places, name):
        self._bench, self._orphans = bench, arenas(places)
        own_pages = 3    # it has got them before
        calls = [("extend", own_pages + 1, places["arena"]), ("remove", 1, places["arena"])]
        if places["store"]:
            calls.append(("sync", 1, places["store"]))
        call, number, path = dice.choice(calls)
        self._shim = Shim(bench, call, number, 0, path=path, name=name)
        self.environment = self._shim.environment

    def wait(self):
        """Until it is there, or has nothing left to adopt; whether it is in the midst of it."""
        self._bench.wait_for(lambda: self._shim.struck > 0 or not any(path.exists() for path in self._orphans), 30,
                             "the adopter to come to its deathbed")
        return any(map(is_held, self._orphans))


def adopters_die(bench, name, dice, *, kills, store):
    """Adopters that are killed one after the other, each with a new orphan, and what the others before had in hand.
    For half of them the endpoint takes everything."""
    places = places_of(bench, name)
    if not store:
        places["store"] = False
    server = bench.ingestion(listening=False, keep_items=False)
    arrivals = Arrivals(server, before=0.02)
    dead, midst = Dead(), 0
    for number in range(kills):
        victim = Victim(bench, server, f"{name}/{number}-first", places, threads=4, rate=20000)
        bench.wait_for(victim.left_open, 30, "its spans to be open")
        time.sleep(0.3)
        dead.add(victim, victim.kill())
        if number == kills // 2:
            server.listen()
        bed = Deathbed(bench, dice, places, f"{name}/{number}-second")
        adopter = heir(bench, server, f"{name}/{number}-second", places, delay=0.05,
                       environment={"OTEL_BSP_EXPORT_TIMEOUT": "120000", **bed.environment})   # without a store: no lag
        midst += bed.wait()
        adopter.kill()
        dead.kills.append(time.monotonic())
    gather_all(bench, server, arrivals, dead, places, f"{name}/last", late=0 if store else kills)
    server.close()
    return midst


def is_held(path):
    """Whether somebody has locked it, an adopter at its work. The lock decides, so it is read and not tried."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return False
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    return f" {device} " in pathlib.Path("/proc/locks").read_text(encoding="ascii")


@row("C4", "40 adopters that are killed in the midst of it, with a store and without",
     needs=("fault_host",), deadline=300)
def adopters_killed(bench):
    dice = random.Random(4)
    midst = sum(adopters_die(bench, f"chain-{number}", dice, kills=10, store=number % 2 == 0) for number in range(4))
    bench.measured(kills=40, in_the_midst=midst)
    bench.check(midst >= 32, f"only {midst} of 40 were killed while they adopted")


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
