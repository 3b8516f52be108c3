"""P1 to P8: load, sizes, memory, clocks, deadlines and forks; O1 to O3: too little memory of each kind."""

import json
import os
import shutil
import subprocess
import sys
import time

import ledger
from frame import Skip, row
from host import Sampled
from ingestion import Reply
from ledger import MIB
from shim import Shim
from store_rows import drain, mount, own_mounts, settings_file, verify


def fault_host(bench, what):
    return (bench.program("fault_host"), what)


def ended_well(bench, host, seconds=60):
    """Its report, once it has ended without a broken promise."""
    report = host.report(seconds)
    bench.check(host.process.returncode == 0, f"ended with {host.process.returncode}: {host.said()[-400:]}")
    return report


@row("P1", "100,000 spans/s for 10 s, each answer 1 s late", alone=True)
def burst(bench):
    server = bench.ingestion()
    server.answer = lambda request: Reply(before=1.0)
    host = bench.host(server, "--rate", "100000", "--duration", "10", "--threads", "4", shutdown=3)
    sampled = Sampled(host)
    report = host.report(90)
    sampled.end()
    # Its own memory and the recorder: pages of the store's file, which is being filled, the kernel may take back.
    bench.measured(accepted=report["accepted"], held=f"{sampled.held / MIB:.1f} MiB",
                   mapped=f"{sampled.mapped / MIB:.1f} MiB")
    bench.check(sampled.held <= 40 * MIB, f"I6: {sampled.held / MIB:.1f} MiB held, 40 may be")
    ledger.check(bench, report, host.recorded(), server.received, budget=32 * MIB + sampled.mapped)
    bench.check(report["accepted"] > 100000, f"only {report['accepted']} were accepted")


@row("P2", "1 MiB in an attribute, 10,000 attributes, 1,000,000 series", needs=("fault_host",))
def large(bench):
    server = bench.ingestion()
    host = bench.host(server, name="large", program=fault_host(bench, "large"))
    report = ended_well(bench, host)
    ledger.check_law(bench, report)
    longest = attributes = 0
    for request in server.requests:
        for item in request.items:
            properties = item["data"]["baseData"].get("properties", {})
            longest = max([longest, *map(len, properties.values())])
            attributes = max(attributes, len(properties))
    bench.measured(recorded=report["recorded"], delivered=report["delivered"], longest_value=longest,
                   most_properties=attributes)
    refused = ledger.total(report["refused"])    # spans of 64 KiB, one after the other, may fill what spans may take
    bench.check(report["delivered"] + refused == 220, f"{report['delivered']} of 220 delivered, {refused} refused")
    bench.check(longest <= 8192, f"a value of {longest} characters was sent")
    bench.check(0 < attributes <= 200, f"an item with {attributes} properties was sent")
    host = bench.host(server, name="series", program=fault_host(bench, "series"))
    host.process.wait(60)
    series = json.loads(host.report_path.with_suffix(".json.series").read_text(encoding="utf-8"))
    bench.check(host.process.returncode == 0, f"ended with {host.process.returncode}")
    bench.measured(overflowed=series["overflowed"], metric_memory=f"{series['memory'] / MIB:.1f} MiB",
                   add=f"{series['nanoseconds']:.0f} ns")
    bench.check(series["overflowed"] > 990000, "the series were not limited")
    bench.check(series["memory"] <= 8 * MIB, f"series take {series['memory']} bytes")


@row("P3", "n-th allocation fails, n = 1, 2, ... over all calls, then over start and shutdown",
     needs=("fault_host", "libshim.so"))
def out_of_memory(bench):
    server = bench.ingestion()
    shim = Shim(bench, "allocate", 0, 12)
    # What the system trusts takes 70,000 allocations to read at each start, and OpenSSL makes them all.
    own = {"SSL_CERT_FILE": str(bench.authority().pem), "SSL_CERT_DIR": "/nonexistent"}
    host = bench.host(server, program=fault_host(bench, "memory"), environment={**shim.environment, **own})
    report = ended_well(bench, host, 100)
    bench.measured(**report)
    bench.check(report["allocations_of_start_and_end"] > 20, "hardly anything failed")


@row("P4", "wall clock +3 days, then -3 days, in an outage", needs=("libshim.so",), quick=True)
def clock_jumps(bench):
    server = bench.ingestion(listening=False)
    shim = Shim(bench)
    host = bench.host(server, "--spans", "12000", "--rate", "2000", "--linger", "40",
                      environment={**shim.environment, "OTEL_BSP_EXPORT_TIMEOUT": "1000"})
    for shift in (3, -3, 0):
        time.sleep(1.5)
        shim.shift(wall=shift * 86400)
    server.listen()
    up = time.monotonic()
    report = host.report(90)
    bench.measured(recovery=f"{time.monotonic() - up:.1f} s", replayed=report["replayed"],
                   expired=report["dropped"].get("expired", 0))
    ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
    bench.check(report["replayed"] > 0, "nothing was stored")
    bench.check(report["delivered"] == 12000, f"{report['delivered']} of 12000 delivered")


@row("P5", "outage of 49 h: batches older than 47 h, and later ones", needs=("libshim.so",))
def long_outage(bench):
    server = bench.ingestion(listening=False)
    shim = Shim(bench)
    timeout = {"OTEL_BSP_EXPORT_TIMEOUT": "1000"}
    arena = bench.memory_directory()
    first = bench.host(server, "--spans", "5000", "--rate", "5000", name="early", arena=arena, shutdown=0.9,
                       environment={**shim.environment, **timeout})
    early = first.report()
    bench.check(early["stored"] == 5000, f"{early['stored']} of 5000 stored")
    shim.shift(wall=49 * 3600, boot=49 * 3600)
    second = bench.host(server, "--spans", "5000", "--rate", "5000", "--linger", "45", name="late", arena=arena,
                        environment={**shim.environment, **timeout})
    time.sleep(2)
    server.listen()
    late = second.report()
    ledger.check_law(bench, late)
    bench.measured(expired=late["dropped"].get("expired", 0), delivered=late["delivered"])
    bench.check(late["dropped"].get("expired", 0) == 5000, "what was too old did not expire")
    bench.check(set(server.received) == second.recorded(), "what was in time did not arrive, or more did")
    bench.check(server.copies() == 0, f"{server.copies()} copies")


@row("P6", "backlog of stored spans, live 1,000 spans/s beside its replay", alone=True, deadline=200)
def recovery(bench):
    def delays(host, since):
        """Seconds from the end of a live span to its whole request, the 95th of 100."""
        mine = host.recorded()
        waits = sorted(request.wall - ended_at(item) for request in server.requests if request.at >= since
                       for item, span in zip(request.items, request.ids()) if span in mine)
        return waits[int(len(waits) * 0.95)] if waits else 0.0

    server = bench.ingestion()
    wall_less_steady = time.time() - time.monotonic()

    def note_time(request):
        request.wall = request.at + wall_less_steady
        return Reply()

    server.answer = note_time
    quiet = bench.host(server, "--duration", "6", "--rate", "1000", "--linger", "5", name="quiet")
    quiet.report()
    baseline = delays(quiet, 0)
    server.refuse()
    store, arena = bench.path("backlog/store"), bench.memory_directory()
    store.parent.mkdir(exist_ok=True)
    before = bench.host(server, "--spans", "150000", "--rate", "30000", "--attributes", "12", name="before",
                        store=store, arena=arena, shutdown=10)
    stored = before.report()["stored"]
    server.listen()
    since = time.monotonic()
    live = bench.host(server, "--duration", "20", "--rate", "1000", "--linger", "60", name="live", store=store,
                      arena=arena)
    report = live.report(120)
    beside = delays(live, since)
    bench.measured(backlog=stored, baseline_p95=f"{baseline * 1000:.0f} ms", beside_replay_p95=f"{beside * 1000:.0f} ms")
    ledger.check_law(bench, report)
    bench.check(server.copies() == 0, f"{server.copies()} copies")
    missing = (before.recorded() | live.recorded()) - set(server.received)
    bench.check(not missing, f"{len(missing)} never arrived")
    bench.check(beside <= 2 * baseline + 0.1, f"live spans wait {beside:.2f} s beside the replay, {baseline:.2f} s without")


def ended_at(item):
    """Wall seconds at the end of a span's item."""
    import datetime
    begun = datetime.datetime.fromisoformat(item["time"][:26].rstrip("Z") + "+00:00").timestamp()
    days, _, clock = item["data"]["baseData"]["duration"].rpartition(".") if \
        item["data"]["baseData"]["duration"].count(".") == 2 else ("0", "", item["data"]["baseData"]["duration"])
    hours, minutes, seconds = clock.split(":")
    return begun + int(days) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@row("P7", "shutdown of 1 s with 5,000 spans resident and a server that never answers", quick=True)
def hung_shutdown(bench):
    server = bench.ingestion()
    server.answer = lambda request: Reply(silent=True, accepted=False)
    host = bench.host(server, "--spans", "5000", "--rate", "0", shutdown=1)
    report = host.report()
    bench.measured(shutdown=f"{report['shutdown_seconds']:.2f} s", stored=report["stored"])
    ledger.check_law(bench, report)
    bench.check(report["shutdown_seconds"] <= 1.2, f"took {report['shutdown_seconds']:.2f} s")
    bench.check(report["resident"] == 0, f"{report['resident']} resident")
    bench.check(report["stored"] == 5000, f"{report['stored']} of 5000 stored")
    ledger.check_store(bench, report, host.store)
    verify(bench, host.store)


@row("P8", "40 forks and raw clones, 40 fork and exec, of a host with 4 recording threads", needs=("fault_host",),
     quick=True)
def forked(bench):
    server = bench.ingestion()
    host = bench.host(server, program=fault_host(bench, "fork"))
    report = ended_well(bench, host)
    ledger.check_law(bench, report)
    ids = host.recorded()
    missing = ids - set(server.received)
    named = report["stored"] + ledger.total(report["dropped"]) + report["resident"] + ledger.total(report["refused"])
    bench.measured(recorded=len(ids), received=len(server.received), strangers=len(set(server.received) - ids))
    bench.check(set(server.received) <= ids, "a child's spans arrived")
    bench.check(len(missing) <= named, f"{len(missing)} never arrived, {named} by name")
    bench.check(server.copies() <= report["ambiguous"], f"{server.copies()} copies")


def ends_late(bench, what, shutdown=2.0):
    server = bench.ingestion()
    host = bench.host(server, program=fault_host(bench, what), name=what, shutdown=shutdown)
    report = ended_well(bench, host)
    ledger.check_law(bench, report)
    named = sum(ledger.total(report[name]) for name in ("refused", "stored", "resident", "dropped"))
    missing = len(host.recorded() - set(server.received))
    bench.check(missing <= named, f"{what}: {missing} never arrived, {named} by name")
    bench.measured(**{what: f"{report['shutdown_seconds']:.2f} s"})


@row("E1", "shutdown by eight threads at once beside two that record", needs=("fault_host",), quick=True)
def eight_at_once(bench):
    ends_late(bench, "eight")


@row("E2", "shutdown from a callback; from atexit and a static object's destructor, twice, while threads record", needs=("fault_host",), quick=True)
def late_shutdowns(bench):
    for what in ("callback", "atexit", "static"):
        ends_late(bench, what)


@row("E4", "the waiting shutdown in a span processor, in a gauge's callback, in the diagnostics' handler",
     needs=("fault_host",), quick=True)
def shutdowns_when_called_back(bench):
    for what in ("processor", "gauge"):
        ends_late(bench, what)
    server = bench.ingestion(listening=False)   # so that there is something to say
    host = bench.host(server, program=fault_host(bench, "handler"), name="handler", shutdown=0.5)
    report = ended_well(bench, host)
    ledger.check_law(bench, report)
    kept = report["stored"] + report["resident"]
    bench.check(kept == report["accepted"], f"handler: {kept} of {report['accepted']} are kept")


LOADS = """
import _ctypes, ctypes, os, sys, threading
def figures():
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd")), pages, len(open("/proc/self/maps").readlines())
seen = []
for cycle in range(100):
    library = ctypes.CDLL(sys.argv[1])
    code = library.record_and_stop(sys.argv[2].encode(), sys.argv[3].encode())
    if code != 10:
        sys.exit(f"cycle {cycle}: {code} delivered")
    _ctypes.dlclose(library._handle)
    seen.append(figures())
print(seen[1], seen[-1])
first, last = seen[1], seen[-1]
sys.exit(0 if last[0] <= first[0] and last[1] <= first[1] and last[2] <= first[2] + 512 and last[3] <= first[3] + 8
         else "something grew")
"""


@row("E3", "dlopen, 10 spans, shutdown, dlclose, 100 times", needs=("libfault_plugin.so",))
def loaded_and_unloaded(bench):
    server = bench.ingestion()
    done = subprocess.run(
        [sys.executable, "-c", LOADS, bench.program("libfault_plugin.so"), server.connection_string(),
         bench.authority().pem], capture_output=True, text=True, timeout=110, check=False,
        env={**os.environ, "HOME": str(bench.directory)})
    bench.note(done.stdout + done.stderr)
    bench.check(done.returncode == 0, f"ended with {done.returncode}: {(done.stdout + done.stderr)[-400:]}")
    bench.check(len(server.received) == 1000, f"{len(server.received)} of 1000 arrived")
    bench.measured(cycles=100, threads_files_pages_maps=done.stdout.strip(), received=len(server.received))


@row("O1", "10 times what the wire takes, for 10 s", alone=True)
def overload(bench):
    server = bench.ingestion()
    server.answer = lambda request: Reply(before=2.0)    # 8 requests of 512 in 2 s: about 2,000 spans/s
    host = bench.host(server, "--rate", "20000", "--duration", "10", "--threads", "4", store=False, shutdown=2)
    report = host.report(90)
    ledger.check(bench, report, host.recorded(), server.received)
    bench.measured(**{f"dropped_{reason}": count for reason, count in report["dropped"].items()})


@row("O2", "/dev/shm of 64 MiB, full, and missing", root=True)
def small_shared_memory(bench):
    own_mounts(bench)
    for name, size in (("small", "64m"), ("full", "64m"), ("missing", None)):
        at = bench.path(f"shm-{name}")
        at.mkdir()
        mount(bench, "-t", "tmpfs", "-o", f"size={size or '1m'},mode=1777", "none", at)
        if name == "full":
            (at / "ballast").write_bytes(bytes(63 * MIB))
        arena = at / "none" / "there" if name == "missing" else at
        server = bench.ingestion()
        host = bench.host(server, "--spans", "20000", "--rate", "10000", "--linger", "20", name=name, arena=arena,
                          store=bench.path(f"{name}-store"))
        report = host.report()
        ledger.check(bench, report, host.recorded(), server.received, duplicates=0)
        bench.check(report["delivered"] == 20000, f"{name}: {report['delivered']} of 20000 delivered")
        bench.check("flight recorder: off" in host.said(), f"{name}: the recorder was not switched off")
        (at / "ballast").unlink(missing_ok=True)


@row("O3", "a memory cgroup of 96 MiB, 40,000 spans/s and no wire", root=True)
def memory_cgroup(bench):
    group = cgroup(bench, 96 * MIB)
    server = bench.ingestion(listening=False)
    host = bench.host(server, "--rate", "40000", "--duration", "8", "--threads", "4",
                      prefix=("sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$0" "$@"'))
    report = host.report()     # an OOM kill would be a signal
    ledger.check_law(bench, report)
    bench.measured(accepted=report["accepted"], stored=report["stored"], recorder="on" if
                   "flight recorder: on" in host.said() else "off")
    bench.check("flight recorder: off" in host.said(), "a recorder of 32 MiB in a cgroup of 96 MiB")


def cgroup(bench, limit):
    """The directory of a memory cgroup with that limit."""
    for root in ("/sys/fs/cgroup/memory", "/sys/fs/cgroup"):
        version_one = root.endswith("memory")
        path = f"{root}/posthaste-faults-{os.getpid()}"
        try:
            os.mkdir(path)
        except OSError:
            continue
        bench.at_end(lambda path=path: os.rmdir(path))
        name = "memory.limit_in_bytes" if version_one else "memory.max"
        try:
            with open(f"{path}/{name}", "w", encoding="ascii") as file:
                file.write(str(limit))
            return path
        except OSError:
            continue
    raise Skip("no memory cgroup can be made here")
