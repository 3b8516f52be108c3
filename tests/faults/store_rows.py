"""S1 to S16: what disks, files and other processes do to the offline store."""

import ctypes
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import time

import ledger
from frame import Skip, row
from ledger import MIB
from shim import Shim


def offline(bench, server, *arguments, **options):
    """A host whose endpoint is away, that stores what it has at once when it ends."""
    return bench.host(server, *arguments, shutdown=options.pop("shutdown", 0.9), **options)


def drain(bench, server, name, **options):
    """A successor that records nothing and sends what was left behind."""
    return bench.host(server, "--linger", "45", name=name, **options)


def settings_file(bench, text, name="settings"):
    path = bench.path(f"{name}.toml")
    path.write_text(text, encoding="utf-8")
    return {"POSTHASTE_CONFIG_FILE": str(path)}


def verify(bench, store):
    """`posthaste store verify`: every page and every batch of a store that nobody owns."""
    done = subprocess.run([bench.program("posthaste"), "store", "verify", str(store)], capture_output=True,
                          text=True, timeout=60, check=False)
    return bench.check(done.returncode == 0, f"the store is not whole: {done.stdout.strip()} {done.stderr.strip()}")


def in_order(host):
    """Ids in the order in which one thread recorded them."""
    return host.ids_path.read_text(encoding="ascii").splitlines()


def own_mounts(bench):
    """Mounts of this row are seen by it and its hosts alone, and end with it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x20000) != 0:  # CLONE_NEWNS
        raise Skip(f"no mount namespace of its own: {os.strerror(ctypes.get_errno())}")
    mount(bench, "--make-rprivate", "/")


def mount(bench, *arguments):
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Skip(f"cannot mount: {done.stderr.strip()}")


def small_disk(bench, mebibytes, name="disk"):
    """An ext4 of that size on a loop device."""
    own_mounts(bench)
    image, at = bench.path(f"{name}.img"), bench.path(name)
    with open(image, "wb") as file:
        file.truncate(mebibytes * MIB)
    made = subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise Skip(f"mkfs.ext4: {made.stderr.strip()}")
    at.mkdir()
    mount(bench, "-o", "loop", image, at)
    bench.at_end(lambda: subprocess.run(["umount", "-l", str(at)], check=False))
    return at


@row("S1", "store of 5 MiB, 20 MiB offered")
def store_cap(bench):
    server = bench.ingestion(listening=False)
    capped = settings_file(bench, f"[store]\ncap = {5 * MIB}\n")
    host = offline(bench, server, "--spans", "400000", "--rate", "40000", "--attributes", "12", environment=capped)
    largest = 0
    while host.running():
        largest = max(largest, sum(file.stat().st_size for file in host.store.glob("data.mdb")))
        time.sleep(0.05)
    report = host.report()
    recorded = in_order(host)
    held = ledger.stored_records(bench, host.store)
    bench.measured(largest_file=f"{largest / MIB:.1f} MiB", evicted=report["dropped"].get("evicted_size", 0))
    bench.check(report["dropped"].get("evicted_size", 0) > 0, "nothing was evicted")
    bench.check(0 < largest <= 20 * MIB, f"I6: the file grew to {largest / MIB:.1f} MiB")
    ledger.check_store(bench, report, host.store)
    server.listen()
    after = drain(bench, server, "successor", arena=host.arena, environment=capped).report()
    ledger.check_law(bench, after)
    ledger.check(bench, report, set(recorded), server.received, duplicates=0, lost=held)
    bench.check(len(server.received) == held + report["resident"],
                f"I3: {held} stored and {report['resident']} resident, {len(server.received)} arrived")
    oldest = next(i for i, span in enumerate(recorded) if span in server.received)
    kept = len(recorded) - oldest
    bench.check(kept <= len(server.received) + 20000, f"of the last {kept}, {len(server.received)} were kept")


@row("S2", "disk of 8 MiB (ext4) runs full, then has space again", root=True)
def disk_full(bench):
    disk = small_disk(bench, 8)
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(3 * MIB))
    server = bench.ingestion(listening=False)
    host = offline(bench, server, "--spans", "400000", "--rate", "10000", "--attributes", "12",
                   "--linger", "40", store=disk / "store", shutdown=5)
    full = bench.wait_for(lambda: os.statvfs(disk).f_bavail < 40, 30, "a full disk")
    time.sleep(2)
    ballast.unlink()
    time.sleep(32 if full else 0)   # the store tries again after 30 s
    server.listen()
    report = host.report(100)
    bench.measured(replayed=report["replayed"], evicted=report["dropped"].get("evicted_size", 0),
                   store_io=report["dropped"].get("store_io", 0))
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(report["replayed"] > 0, "the store was of no use again")


def sweep(bench, kind, error, most=200, name="", check=lambda report, store: None):
    """The n-th call fails, n = 1, 2, ... until none fails any more; each host has a successor without the fault,
    and both must have delivered everything between them, once."""
    n = 0
    struck = True
    total = {"stored": 0, "resident": 0}
    while struck and n < most:
        n += 1
        server = bench.ingestion(listening=False)
        store = bench.path(f"{name}{n}/store")
        store.parent.mkdir(exist_ok=True)
        shim = Shim(bench, kind, n, error, path=store, name=f"{name}{n}/shim")
        host = offline(bench, server, "--spans", "600", "--rate", "0", "--budget", "2MiB", name=f"{name}{n}/host",
                       store=store, environment=shim.environment, shutdown=0.3)
        report = host.report()
        struck = shim.struck > 0
        ledger.check_law(bench, report)
        bench.check(not report["dropped"], f"call {n}: dropped {report['dropped']}")
        bench.check(report["stored"] + report["resident"] == 600,
                    f"call {n}: {report['stored']} stored + {report['resident']} resident of 600")
        if (store / "data.mdb").exists():
            verify(bench, store)
        check(report, store)
        server.listen()
        drain(bench, server, f"{name}{n}/successor", store=store, arena=host.arena, shutdown=2).report()
        missing = host.recorded() - set(server.received)
        bench.check(not missing and server.copies() == 0,
                    f"call {n}: {len(missing)} never arrived, {server.copies()} twice")
        server.close()
        for key in total:
            total[key] += report[key]
        shutil.rmtree(host.arena, ignore_errors=True)
    bench.check(not struck, f"call {n} still failed")
    bench.check(n > 3, "the fault was hardly ever met")
    bench.measured(**{f"{name}calls": n - 1, f"{name}stored": total["stored"], f"{name}in_memory": total["resident"]})


@row("S3", "n-th write to the store fails (EIO), n = 1, 2, ... until none fails", needs=("libshim.so",), deadline=300)
def write_sweep(bench):
    sweep(bench, "write", errno.EIO)


@row("S4", "n-th sync of the store fails (EIO), n = 1, 2, ... until none fails", needs=("libshim.so",), deadline=300)
def sync_sweep(bench):
    quarantined = 0

    def set_aside(report, store):
        nonlocal quarantined
        quarantined += (store / "quarantine").exists()

    sweep(bench, "sync", errno.EIO, check=set_aside)
    bench.measured(quarantined=quarantined)
    bench.check(quarantined > 0, "no file was set aside after a failed sync")


@row("S5", "the store cannot be opened: EMFILE, EACCES, EROFS", needs=("libshim.so",), quick=True)
def cannot_open(bench):
    for error in (errno.EMFILE, errno.EACCES, errno.EROFS):
        name = errno.errorcode[error].lower()
        server = bench.ingestion()
        store = bench.path(f"under-{name}/store")
        store.parent.mkdir(exist_ok=True)
        shim = Shim(bench, "open", 1, error, forever=True, path=store.parent, name=name)
        host = bench.host(server, "--spans", "2000", "--rate", "4000", "--linger", "10", name=name, store=store,
                          environment=shim.environment)
        report = host.report()
        ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
        bench.check(shim.struck > 0, f"{name}: nothing failed")
        bench.check(report["delivered"] == 2000, f"{name}: {report['delivered']} of 2000 delivered")
        bench.check(any(code.startswith("PH-STO") for code in host.codes()), f"{name}: nothing was said")
    away = bench.ingestion(listening=False)
    shim = Shim(bench, "open", 1, errno.EROFS, forever=True, path=bench.path("store"), name="shim-away")
    host = bench.host(away, "--spans", "2000", "--rate", "4000", name="away", shutdown=1.5,
                      environment={**shim.environment, "OTEL_BSP_EXPORT_TIMEOUT": "1000"})
    report = host.report()
    ledger.check(bench, report, host.recorded(), away.received)
    bench.measured(lag=report["dropped"].get("lag", 0), resident=report["resident"])
    bench.check(ledger.total(report["dropped"]) + report["resident"] == 2000, "not all is accounted for")


@row("S6", "RLIMIT_FSIZE of 2 MiB", quick=True)
def file_size_limit(bench):
    limited = ("prlimit", f"--fsize={2 * MIB}")
    server = bench.ingestion(listening=False)
    host = offline(bench, server, "--spans", "30000", "--rate", "15000", "--attributes", "12", prefix=limited,
                   shutdown=0.9)
    report = host.report()
    size = (host.store / "data.mdb").stat().st_size
    bench.measured(file=f"{size / MIB:.2f} MiB", resident=report["resident"],
                   evicted=report["dropped"].get("evicted_size", 0))
    bench.check(size <= 2 * MIB, f"the file has {size} bytes")
    bench.check(report["stored"] > 0, "nothing was stored")
    ledger.check_store(bench, report, host.store)
    verify(bench, host.store)
    server.listen()
    drain(bench, server, "successor", arena=host.arena).report()
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0, lost=report["stored"])
    bench.check(len(server.received) == report["stored"], f"{len(server.received)} arrived of {report['stored']}")


@row("S7", "RLIMIT_AS: from no room to start in to enough")
def address_space_limit(bench):
    started = refused = 0
    for limit in (60, 90, 120, 180, 320, 800):
        server = bench.ingestion(listening=False)
        store, arena = bench.path(f"{limit}/store"), bench.memory_directory()
        store.parent.mkdir(exist_ok=True)
        host = offline(bench, server, "--spans", "2000", "--rate", "0", "--budget", "8MiB", name=f"{limit}/host",
                       store=store, arena=arena, prefix=("prlimit", f"--as={limit * MIB}"))
        try:
            host.process.wait(30)
        except subprocess.TimeoutExpired:
            bench.check(False, f"{limit} MiB: did not end")
            host.kill()
            continue
        bench.note(f"{limit} MiB: ended with {host.process.returncode}; it said:\n{host.said()}")
        bench.check(host.process.returncode >= 0, f"{limit} MiB: ended by signal {-host.process.returncode}")
        if not host.report_path.exists():
            refused += 1
            continue
        started += 1
        report = json.loads(host.report_path.read_text(encoding="utf-8"))
        ledger.check_law(bench, report)
        server.listen()
        drain(bench, server, f"{limit}/successor", store=store, arena=arena).report()
        named = ledger.total(report["dropped"]) + ledger.total(report["refused"])
        missing = len(host.recorded() - set(server.received))
        bench.check(missing <= named, f"{limit} MiB: {missing} never arrived, {named} by name")
        server.close()
    bench.measured(started=started, refused_to_start=refused)
    bench.check(started >= 3, "hardly ever started")


def chain_of_kills(bench, kills, seed, *, name="chain", server=None, threads=1, moment=(0.05, 1.0), options=()):
    """Hosts that are killed at random moments, each the heir of the one before. Gives all that they recorded and
    where the heirs are to look."""
    dice = random.Random(seed)
    server = server or bench.ingestion(listening=False)
    store, arena = bench.path(f"{name}/store"), bench.memory_directory()
    store.parent.mkdir(exist_ok=True)
    recorded = set()
    for number in range(kills):
        host = bench.host(server, "--duration", "60", "--rate", "3000", "--threads", threads, "--budget", "4MiB",
                          *options, name=f"{name}/{number}", store=store, arena=arena)
        time.sleep(dice.uniform(*moment))
        host.process.send_signal(signal.SIGKILL)
        host.process.wait()
        recorded |= host.recorded()
        host.ids_path.unlink()
        if (store / "data.mdb").exists() and number % 10 == 9:
            verify(bench, store)
    return server, recorded, {"store": store, "arena": arena}


def gather(bench, server, recorded, places, name, *, lost=0, copies=0, unnoted=0, most=40):
    """Heirs without a fault, until all has arrived."""
    server.listen()
    for number in range(most):
        drain(bench, server, f"{name}-{number}", **places).report()
        left = len(list(places["arena"].rglob("*.arena")))
        if recorded <= set(server.received) or (left == 0 and number > 1):
            break
    ledger.check(bench, None, recorded, server.received, lost=lost, duplicates=copies, unnoted=unnoted)
    bench.measured(heirs=number + 1)


@row("S8", "kill -9 at 200 random moments while storing", deadline=600)
def killed_while_storing(bench):
    kills = 200
    server, recorded, places = chain_of_kills(bench, kills, seed=8)
    verify(bench, places["store"])
    bench.measured(kills=kills)
    gather(bench, server, recorded, places, "heir", unnoted=kills)


def stored_and_stopped(bench, name, spans=3000):
    """What a host left in its store when it stopped in order: its ids, and where."""
    server = bench.ingestion(listening=False)
    host = offline(bench, server, "--spans", str(spans), "--rate", "0", "--budget", "4MiB", name=f"{name}-first",
                   store=bench.path(f"{name}-store"), shutdown=0.5)
    report = host.report()
    bench.check(report["stored"] == spans, f"{name}: {report['stored']} of {spans} stored")
    server.listen()
    return server, host


def gtests(bench, program, pattern, **environment):
    """Runs unit tests that inject the fault themselves, as often as `environment` says; returns when all passed."""
    done = subprocess.run(
        [bench.program(program), f"--gtest_filter={pattern}"], capture_output=True, text=True,
        check=False, env={**os.environ, "TEST_TMPDIR": f"{bench.path('scratch/x').parent}/",
                          **{name: str(value) for name, value in environment.items()}})
    output = done.stdout + done.stderr
    bench.note(output)
    if done.returncode != 0 or "[       OK ]" not in output:
        raise RuntimeError(f"{pattern}: ended with {done.returncode}: {output[-600:]}")


TIMES = 12   # the counts of the unit tests, so many times: 7,560 damaged files in S10 to S12


@row("S10", "data.mdb cut at 720 places", needs=("store_test",), deadline=600)
def cut_file(bench):
    gtests(bench, "store_test", "StoreDamage.OfACutFileIsHarmless", POSTHASTE_TEST_TIMES=TIMES)
    bench.measured(damaged_files=60 * TIMES, crashes=0, hangs=0)


@row("S11", "1 bit of data.mdb changed: anywhere, in heads of pages, in the metas; 4,560 files",
     needs=("store_test",), deadline=600)
def changed_bits(bench):
    for test in ("OfOneBitAnywhere", "OfOneBitInThePagesHeaders", "OfTheMetaPages"):
        gtests(bench, "store_test", f"StoreDamage.{test}IsHarmless", POSTHASTE_TEST_TIMES=TIMES)
    bench.measured(damaged_files=(150 + 150 + 80) * TIMES, crashes=0, hangs=0)


@row("S12", "pages of data.mdb zeroed, misplaced, swapped, random; 2,280 files", needs=("store_test",), deadline=600)
def damaged_pages(bench):
    for test in ("OfAZeroedPage", "OfAMisplacedPage", "OfTwoSwappedPages", "OfRandomBytesInAPage"):
        gtests(bench, "store_test", f"StoreDamage.{test}IsHarmless", POSTHASTE_TEST_TIMES=TIMES)
    bench.measured(damaged_files=(60 + 60 + 30 + 40) * TIMES, crashes=0, hangs=0)


@row("S13", "data.mdb empty, garbage beside it, another LMDB version", quick=True)
def strange_files(bench):
    def empty(store):
        (store / "data.mdb").write_bytes(b"")

    def garbage_beside(store):
        (store / "lock.mdb").write_bytes(os.urandom(3000))
        (store / "quarantine").mkdir(exist_ok=True)
        (store / "rebuild").write_bytes(b"x")

    def other_version(store):
        data = bytearray((store / "data.mdb").read_bytes())
        for meta in (0, 4096):
            data[meta + 20] = 2
        (store / "data.mdb").write_bytes(data)

    for change, lost in ((empty, 3000), (garbage_beside, 0), (other_version, 0)):
        name = change.__name__
        server, first = stored_and_stopped(bench, name)
        change(first.store)
        before = (first.store / "data.mdb").read_bytes()
        # 1,000 new spans, and what is there of the old ones
        host = bench.host(server, "--spans", "1000", "--rate", "2000", "--linger", "6", name=f"{name}-second",
                          store=first.store, arena=first.arena)
        report = host.report()
        ledger.check_law(bench, report)
        arrived = set(server.received)
        bench.check(host.recorded() <= arrived, f"{name}: new spans are missing")
        bench.check(server.copies() == 0, f"{name}: {server.copies()} copies")
        if change is other_version:
            bench.check((first.store / "data.mdb").read_bytes() == before, "a file of another version was changed")
            bench.check((first.store / "store-v1").is_dir(), "no directory beside it")
        else:
            missing = len(first.recorded() - arrived)
            bench.check(missing == lost, f"{name}: {missing} of the old ones are missing")
            corrupt = report["dropped"].get("corrupt", 0)
            bench.check(corrupt == lost, f"{name}: {lost} lost, {corrupt} counted as corrupt")
            bench.measured(**{f"{name}_counted": corrupt})


@row("S14", "rm -rf of the store's directory while it is in use")
def removed_in_use(bench):
    server = bench.ingestion(listening=False)
    host = bench.host(server, "--spans", "60000", "--rate", "3000", "--linger", "30",
                      environment={"OTEL_BSP_EXPORT_TIMEOUT": "1000"})
    bench.wait_for(lambda: host.progress()["stored"] > 5000, 15, "something to be stored")
    shutil.rmtree(host.store)
    gone = time.monotonic()
    bench.wait_for(lambda: (host.store / "data.mdb").exists(), 10, "a new store")
    bench.measured(new_store_after=f"{time.monotonic() - gone:.2f} s")
    time.sleep(2)
    server.listen()
    report = host.report()
    bench.measured(corrupt=report["dropped"].get("corrupt", 0))
    bench.check(report["dropped"].get("corrupt", 0) > 0, "the loss was not counted")
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(len(server.received) == 60000 - ledger.total(report["dropped"]), "more is missing than was counted")


@row("S15", "two processes of one application, one store directory", quick=True)
def two_processes(bench):
    server = bench.ingestion(listening=False)
    arena = bench.memory_directory()
    hosts = [bench.host(server, "--spans", "6000", "--rate", "3000", "--linger", "40", name=name, arena=arena,
                        environment={"OTEL_BSP_EXPORT_TIMEOUT": "1000"}) for name in ("one", "two")]
    stores = [hosts[0].store, hosts[0].store.with_name("store.2")]
    bench.wait_for(lambda: all((store / "data.mdb").exists() for store in stores), 10, "two stores")
    bench.wait_for(lambda: all(host.progress()["stored"] > 0 for host in hosts), 10, "both to store")
    server.listen()
    reports = [host.report() for host in hosts]
    for report in reports:
        ledger.check_law(bench, report)
        bench.check(report["delivered"] >= 0 and report["law_holds"], "the law does not hold")
    bench.measured(replayed=sum(report["replayed"] for report in reports))
    ledger.check(bench, None, hosts[0].recorded() | hosts[1].recorded(), server.received)


@row("S16", "kill -9 of one of two that holds stored data, then a third starts")
def killed_beside_another(bench):
    server = bench.ingestion(listening=False)
    arena = bench.memory_directory()
    common = {"arena": arena, "environment": {"OTEL_BSP_EXPORT_TIMEOUT": "1000"}}
    dies = bench.host(server, "--duration", "60", "--rate", "2000", name="dies", **common)
    bench.wait_for(lambda: dies.progress()["stored"] > 0, 15, "something to be stored")
    lives = bench.host(server, "--duration", "12", "--rate", "2000", "--linger", "30", name="lives", **common)
    bench.wait_for(lambda: lives.progress()["stored"] > 0, 15, "the second to store")
    dies.kill()
    recorded = dies.recorded()
    third = bench.host(server, "--spans", "2000", "--rate", "2000", "--linger", "40", name="third", **common)
    time.sleep(1)
    server.listen()
    reports = [lives.report(), third.report()]
    for report in reports:
        ledger.check_law(bench, report)
    adopted = sum(report["recovered"] for report in reports)
    bench.measured(adopted=adopted, of_the_dead=len(recorded))
    bench.check(adopted > 0, "nobody adopted what the dead one held")
    ledger.check(bench, None, recorded | lives.recorded() | third.recorded(), server.received)


@row("S9", "3,000 images of what a loss of power leaves of the file", needs=("store_test",), deadline=900)
def power_lost(bench):
    gtests(bench, "store_test", "StorePower.*", POSTHASTE_TEST_TIMES=50)
    bench.measured(images=3000, unusable=0, acknowledged_lost=0, settled_again=0)


@row("K2", "SIGSEGV, abort, _exit and exit, with 10 open spans and 4 threads", needs=("fault_host",))
def crashed(bench):
    for how in ("segv", "abort", "_exit", "exit"):
        server = bench.ingestion(listening=False)
        store, arena = bench.path(f"{how}-store"), bench.memory_directory()
        host = bench.host(server, "--threads", "4", "--rate", "60000", "--for", "0.3", "--how", how, name=how, store=store, arena=arena,
                          program=(bench.program("fault_host"), "crash"))
        host.process.wait(20)
        bench.check(host.process.returncode != 0, f"{how}: it ended well")
        server.listen()
        drain(bench, server, f"{how}-heir", store=store, arena=arena).report()
        recorded = host.recorded()
        missing = len(recorded - set(server.received))
        open_ones = sum(item["data"]["baseData"].get("properties", {}).get("posthaste.interrupted") == "true" and
                        "left" in item["data"]["baseData"]["properties"]
                        for request in server.requests for item in request.items)
        bench.check(missing == 0, f"{how}: {missing} of {len(recorded)} never arrived")
        bench.check(open_ones == 10, f"{how}: {open_ones} of 10 open spans arrived")
        bench.check(server.copies() == 0, f"{how}: {server.copies()} copies")
        bench.measured(**{how.strip("_") + ("_now" if how[0] == "_" else ""): len(recorded)})
        server.close()
