"""C7 to C9: arenas of dead processes that are not what they should be."""

import collections
import os
import random

import ledger
from crash_rows import arenas, leave_orphan, places_of
from frame import row

# Offsets in an arena's file, as in runtime/arena/layout.h.
VERSION, BOOT_ID = 8, 56


def one_orphan(bench, name, store=True, **options):
    """What a killed process leaves: its server, its books, the places, and its arena's file. Without a store all
    is in that file."""
    places = places_of(bench, name)
    if not store:
        places["store"] = None
        options["environment"] = {"OTEL_BSP_EXPORT_TIMEOUT": "120000"}    # no lag
    server, dead = leave_orphan(bench, f"{name}/dead", places, **options)
    [file] = arenas(places)
    return server, dead, places, file


ADOPTED, LEFT = "PH-ARN-202", "PH-ARN-203"


def own_spans_arrive(bench, server, name, places, wanted=frozenset(), said=(ADOPTED, LEFT), **options):
    """An heir with spans of its own: they arrive, it says what it has to say, and ends in order."""
    host = bench.host(server, "--duration", "90", "--rate", "1000", name=name, **{**places, **options})
    bench.wait_for(lambda: not host.running() or
                   (len(host.recorded()) > 200 and wanted <= set(server.received) and
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


def damage(data, how, dice):
    """One of the ways in which a file goes wrong."""
    data = bytearray(data)
    if how == "cut":
        return bytes(data[:dice.randrange(len(data))])
    if how == "longer":
        return bytes(data) + os.urandom(dice.randrange(1, 3_000_000))
    used = max(1, len(bytes(data).rstrip(b"\0")))
    low, high = {"header": (16, 4096), "tables": (16, 400_000), "anywhere": (16, used)}[how.split()[0]]
    high = min(high, used)
    if how.endswith("bits"):
        for _ in range(dice.randrange(1, 200)):
            data[dice.randrange(low, high)] ^= 1 << dice.randrange(8)
    elif how.endswith("runs"):
        for _ in range(dice.randrange(1, 12)):
            at, length = dice.randrange(low, high), dice.randrange(1, 2000)
            data[at:at + length] = dice.choice((bytes(length), os.urandom(length), b"\xff" * length))[:len(data) - at]
    return bytes(data)


DAMAGES = ("header bits", "tables bits", "anywhere bits", "header runs", "tables runs", "anywhere runs", "cut", "longer")


@row("C9", "damaged arenas: bits and runs of header, tables and segments, cut, longer; 96 files", needs=("fault_host",),
     deadline=600)
def damaged_arenas(bench):
    dice = random.Random(9)
    server, dead, first, file = one_orphan(bench, "original", store=False, seconds=0.3)
    whole, name = file.read_bytes(), file.name
    server.listen()    # the same for all: an arena names the endpoint that it is for
    total = collections.Counter()
    for number in range(96):
        how = DAMAGES[number % len(DAMAGES)]
        places = places_of(bench, str(number))
        below = places["arena"] / f"posthaste-{os.geteuid()}"
        below.mkdir(mode=0o700)
        (below / name).write_bytes(damage(whole, how, dice))
        (below / name).chmod(0o600)
        server.received.clear()
        host, report = own_spans_arrive(bench, server, f"{number}/heir", places)
        counted = ledger.total(report["dropped"])
        saved = report["recovered"] - counted     # delivered, or in the store
        lost = max(0, len(dead.all()) - saved)
        strange = len(set(server.received) - host.recorded() - dead.all())
        total.update(files=1, saved=saved, counted=counted, lost=lost, left_alone=len(arenas(places)), strange=strange)
        bench.note(f"{number} {how}: {saved} of {len(dead.all())} saved, {lost} lost, {report['dropped']}, "
                   f"said {host.codes()}, {strange} strange, {server.copies()} copies")
        bench.check(how != "longer" or lost == 0, f"{number}: {lost} lost of a file that is only longer")
    bench.measured(**total)
