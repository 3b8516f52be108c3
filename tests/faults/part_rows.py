"""C10 and C11: parts of the pipeline that die, in a process that lives on."""

import bisect

import ledger
from frame import row
from ingestion import Reply

DEATHS_APART = 0.1     # seconds, far more than a restart takes
PARTS = ("sampler", "batcher", "transmitter", "storekeeper", "supervisor")


def two_outputs(bench, mode, first, second, *arguments, name="host"):
    """The pipeline with two outputs, whose parts a drill kills."""
    return bench.host(first, *arguments, "--second", second.connection_string(),
                      name=name, program=(bench.program("pipeline_host"), mode), delay=0.01,
                      store=bench.path(f"{name}-store"))


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
            unanswered = len(server.received) - output["delivered"]    # as it ended: stored, to be sent again
            bench.check(0 <= unanswered <= output["ambiguous"], f"{part}: {len(server.received)} arrived, {output}")
        found = ledger.stored_records(bench, host.store)
        stored = sum(output["stored"] for output in report["outputs"])
        bench.check(found == stored, f"{part}: {stored} stored, a scan finds {found}")
        bench.measured(**{part: f"{len(recorded)} recorded, {stored} stored"})
        for server in servers:
            server.close()
