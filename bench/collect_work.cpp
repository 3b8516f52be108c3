// `collect_work <work> <times>`: measures 1,000 series once each, then collects them, that often.
// Only what lies in collect_now counts. The collector is no part of the public face, so this
// program is linked with the library's own parts.

#include "bench/allocations.h"
#include "runtime/base/clock.h"
#include "runtime/metrics/collector.h"
#include "runtime/metrics/metric_store.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

using namespace posthaste;

constexpr std::int64_t series = 1'000;

/// Takes points as a lane does: copies them.
class Lane final : public metrics::PointSink {
public:
  bool put(std::span<const std::byte> record) noexcept override {
    std::memcpy(room_, record.data(), record.size());
    ++points;
    return true;
  }
  std::int64_t points = 0;

private:
  alignas(64) std::byte room_[64 * 1024];
};

void measure(metrics::Instrument& instrument) {
  for (std::int64_t i = 0; i < series; ++i) {
    instrument.measure_all(
        std::int64_t{1},
        {{"http.request.method", "GET"}, {"http.route", "/orders/{id}"}, {"number", i}});
  }
}

}  // namespace

extern "C" [[gnu::noinline]] void collect_now(metrics::Collector& collector, std::uint64_t number,
                                              Lane& lane) {
  collector.gather(number, system_clock().wall());
  collector.emit(lane);
}

int main(int argc, char** argv) {
  const std::string_view work = argc == 3 ? argv[1] : "";
  if (work != "collect_counter" && work != "collect_histogram") {
    std::fputs("usage: collect_work collect_counter|collect_histogram <times>\n", stderr);
    return 2;
  }
  const long times = std::atol(argv[2]);
  static Ingress ingress;
  ingress.set(Ingress::open);
  DiagnosticsSink diagnostics([](const Diagnostic&) {}, system_clock());
  metrics::MetricStore store({}, ingress, system_clock(), diagnostics);
  bool made = false;
  metrics::MeterState& meter = store.meter("bench", 0, made);
  const bool counter = work == "collect_counter";
  metrics::Instrument& instrument = *meter.make(
      {.name = "work", .kind = counter ? InstrumentKind::counter : InstrumentKind::histogram});
  metrics::Collector collector(meter);
  static Lane lane;
  std::uint64_t allocations = 0;
  for (long i = 0; i < times; ++i) {
    measure(instrument);
    const std::uint64_t before = bench::allocations_here();
    collect_now(collector, static_cast<std::uint64_t>(i), lane);
    if (i >= times / 2) allocations += bench::allocations_here() - before;
  }
  if (lane.points != times * series) return 1;
  bench::print_allocations(0, allocations, times - times / 2);
}
