// `peer_work <work> <times>`: the metric works of cost_work and collect_work, done by
// opentelemetry-cpp's SDK, with delta temporality as Application Insights wants it.

#include "bench/allocations.h"

#include <opentelemetry/context/context.h>
#include <opentelemetry/metrics/sync_instruments.h>
#include <opentelemetry/sdk/metrics/meter_provider.h>
#include <opentelemetry/sdk/metrics/metric_reader.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace {

namespace api = opentelemetry::metrics;
namespace sdk = opentelemetry::sdk::metrics;

class Reader final : public sdk::MetricReader {
public:
  sdk::AggregationTemporality GetAggregationTemporality(
      sdk::InstrumentType) const noexcept override {
    return sdk::AggregationTemporality::kDelta;
  }

private:
  bool OnForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool OnShutDown(std::chrono::microseconds) noexcept override { return true; }
};

struct Peer {
  std::shared_ptr<Reader> reader = std::make_shared<Reader>();
  sdk::MeterProvider provider;
  opentelemetry::nostd::shared_ptr<api::Meter> meter;
  opentelemetry::context::Context context;

  Peer() {
    provider.AddMetricReader(reader);
    meter = provider.GetMeter("bench");
  }
};

void add_with_attributes(Peer& peer, long times) {
  const auto counter = peer.meter->CreateUInt64Counter("work");
  for (long i = 0; i < times; ++i) {
    counter->Add(1, {{"http.request.method", "GET"},
                     {"http.route", "/orders/{id}"},
                     {"http.response.status_code", 200}});
  }
}

void record_with_attributes(Peer& peer, long times) {
  const auto histogram = peer.meter->CreateDoubleHistogram("work");
  for (long i = 0; i < times; ++i) {
    histogram->Record(static_cast<double>(i % 1'000),
                      {{"http.request.method", "GET"},
                       {"http.route", "/orders/{id}"},
                       {"http.response.status_code", 200}},
                      peer.context);
  }
}

/// The API has no bound instruments: an add without attributes is the nearest.
void bound_add(Peer& peer, long times) {
  const auto counter = peer.meter->CreateUInt64Counter("work");
  for (long i = 0; i < times; ++i) counter->Add(1);
}

std::size_t points = 0;

}  // namespace

extern "C" [[gnu::noinline]] void collect_now(Reader& reader) {
  reader.Collect([](sdk::ResourceMetrics& collected) {
    for (const auto& scope : collected.scope_metric_data_) {
      for (const auto& metric : scope.metric_data_) points += metric.point_data_attr_.size();
    }
    return true;
  });
}

namespace {

constexpr std::int64_t series = 1'000;

template <class Measure>
bool collect(Peer& peer, long times, Measure&& measure) {
  std::uint64_t allocations = 0;
  for (long i = 0; i < times; ++i) {
    for (std::int64_t n = 0; n < series; ++n) measure(n);
    const std::uint64_t before = bench::allocations_here();
    collect_now(*peer.reader);
    if (i >= times / 2) allocations += bench::allocations_here() - before;
  }
  bench::print_allocations(0, allocations, times - times / 2);
  return points == static_cast<std::size_t>(times * series);
}

bool collect_counter(Peer& peer, long times) {
  const auto counter = peer.meter->CreateUInt64Counter("work");
  return collect(peer, times, [&](std::int64_t n) {
    counter->Add(1,
                 {{"http.request.method", "GET"}, {"http.route", "/orders/{id}"}, {"number", n}});
  });
}

bool collect_histogram(Peer& peer, long times) {
  const auto histogram = peer.meter->CreateUInt64Histogram("work");
  return collect(peer, times, [&](std::int64_t n) {
    histogram->Record(
        1, {{"http.request.method", "GET"}, {"http.route", "/orders/{id}"}, {"number", n}},
        peer.context);
  });
}

struct Work {
  std::string_view name;
  void (*run)(Peer&, long times);
};
constexpr Work works[] = {
    {"bound_add", bound_add},
    {"add_with_attributes", add_with_attributes},
    {"record_with_attributes", record_with_attributes},
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view name = argc == 3 ? argv[1] : "";
  const long times = argc == 3 ? std::atol(argv[2]) : 0;
  Peer peer;
  if (name == "collect_counter") return collect_counter(peer, times) ? 0 : 1;
  if (name == "collect_histogram") return collect_histogram(peer, times) ? 0 : 1;
  for (const Work& work : works) {
    if (work.name != name) continue;
    work.run(peer, times / 2);
    const std::uint64_t before = bench::allocations_here();
    work.run(peer, times - times / 2);
    bench::print_allocations(before, bench::allocations_here(), times - times / 2);
    std::_Exit(0);
  }
  std::fputs("usage: peer_work <work> <times>\n", stderr);
  return 2;
}
