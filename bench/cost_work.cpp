// The work whose cost cost.py counts, through the shared library as a user's program would:
// `cost_work <work> <times>` does one kind of it that often on its main thread;
// `cost_work <work> <times> <threads>` times it, that often on each thread.

#include "bench/allocations.h"
#include "bench/timing.h"

#include <posthaste/local_sink.h>
#include <posthaste/posthaste.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

namespace {

using namespace posthaste;

void set_four_attributes(Span& span, long number) {
  span.set_attribute("http.request.method", "GET");
  span.set_attribute("server.address", "api.example.com");
  span.set_attribute("http.response.status_code", number);
  span.set_attribute("app.queue.seconds", 0.25);
}

// Each gives what is repeated, for the thread that calls it.

auto flat_span(Telemetry& telemetry) {
  return [tracer = telemetry.tracer("bench")](long i) {
    Span span = tracer.start_span("charge card now", {.kind = SpanKind::client});
    set_four_attributes(span, i);
  };
}

auto scoped_span(Telemetry& telemetry) {
  return [tracer = telemetry.tracer("bench")](long i) {
    Span span = tracer.start_span("charge card now", {.kind = SpanKind::client});
    const Scope scope(span);
    set_four_attributes(span, i);
  };
}

auto child_span(Telemetry& telemetry) {
  struct Root {
    explicit Root(const Tracer& tracer)
        : span(tracer.start_span("GET /orders", {.kind = SpanKind::server})), scope(span) {}
    Span span;
    Scope scope;
  };
  const Tracer tracer = telemetry.tracer("bench");
  return
      [repeat = flat_span(telemetry), root = std::make_shared<Root>(tracer)](long i) { repeat(i); };
}

auto log_record(Telemetry& telemetry) {
  return [logger = telemetry.logger("bench")](long i) {
    logger.info("order placed", {{"order.id", i}, {"customer.tier", "gold"}, {"retry", false}});
  };
}

auto unsampled_internal(Telemetry& telemetry) {
  return [tracer = telemetry.tracer("bench")](long i) {
    Span span = tracer.start_span("choose a card");
    set_four_attributes(span, i);
  };
}

auto unsampled_server(Telemetry& telemetry) {
  return [tracer = telemetry.tracer("bench")](long i) {
    Span span = tracer.start_span("GET /orders", {.kind = SpanKind::server});
    set_four_attributes(span, i);
  };
}

auto bound_add(Telemetry& telemetry) {
  const Counter<> counter = telemetry.meter("bench").counter("orders");
  return [bound = counter.bind({{"http.request.method", "GET"}, {"http.route", "/orders/{id}"}})](
             long) { bound.add(1); };
}

auto add_with_attributes(Telemetry& telemetry) {
  return [counter = telemetry.meter("bench").counter("orders")](long) {
    counter.add(1, {{"http.request.method", "GET"},
                    {"http.route", "/orders/{id}"},
                    {"http.response.status_code", 200}});
  };
}

auto record_with_attributes(Telemetry& telemetry) {
  return [histogram = telemetry.meter("bench").histogram<double>("duration")](long i) {
    histogram.record(static_cast<double>(i % 1'000), {{"http.request.method", "GET"},
                                                      {"http.route", "/orders/{id}"},
                                                      {"http.response.status_code", 200}});
  };
}

/// A flat span while so many others are open. They are never ended: their ends are no part of this.
template <std::size_t Live>
auto flat_span_beside(Telemetry& telemetry) {
  auto* const open = new std::vector<Span>;
  const Tracer tracer = telemetry.tracer("bench");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (open->size() < Live) {
    Span span = tracer.start_span("a request that waits", {.kind = SpanKind::server});
    if (span.is_recording()) {
      open->push_back(std::move(span));
    } else if (std::chrono::steady_clock::now() > deadline) {
      std::fputs("cost_work: the arena has no room for so many open spans\n", stderr);
      std::_Exit(1);
    } else {  // pages are allocated ahead by an actor, some at a time
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }
  return flat_span(telemetry);
}

auto nothing(Telemetry&) {
  return [](long) {};
}

/// Where a work's records end. The peer's are discarded too.
class Discard final : public LocalSink {
public:
  void take(const LocalRecord&) noexcept override {}
};

template <class Make>
void run(Telemetry& telemetry, long times, unsigned threads, Make make) {
  if (threads > 0) return bench::print_timing(threads, times, [&] { return make(telemetry); });
  auto repeat = make(telemetry);
  for (long i = 0; i < times / 2; ++i) repeat(i);
  const std::uint64_t before = bench::allocations_here();
  for (long i = times / 2; i < times; ++i) repeat(i);
  bench::print_allocations(before, bench::allocations_here(), times - times / 2);
}

struct Work {
  std::string_view name;
  void (*run)(Telemetry&, long times, unsigned threads);
  bool sampled = true;
};

template <auto Make>
void run_made(Telemetry& telemetry, long times, unsigned threads) {
  run(telemetry, times, threads, Make);
}

constexpr Work works[] = {
    {"flat_span", run_made<flat_span>},
    {"scoped_span", run_made<scoped_span>},
    {"child_span", run_made<child_span>},
    {"log_record", run_made<log_record>},
    {"unsampled_internal", run_made<unsampled_internal>, false},
    {"unsampled_server", run_made<unsampled_server>, false},
    {"bound_add", run_made<bound_add>},
    {"add_with_attributes", run_made<add_with_attributes>},
    {"record_with_attributes", run_made<record_with_attributes>},
    {"flat_span_beside_1000", run_made<flat_span_beside<1'000>>},
    {"flat_span_beside_10000", run_made<flat_span_beside<10'000>>},
    {"flat_span_beside_50000", run_made<flat_span_beside<50'000>>},
    {"nothing", run_made<nothing>},
};

constexpr const char* nowhere =
    "InstrumentationKey=00000000-0000-0000-0000-000000000001;"
    "IngestionEndpoint=http://127.0.0.1:1/";

}  // namespace

int main(int argc, char** argv) {
  const auto threads = argc == 4 ? static_cast<unsigned>(std::atoi(argv[3])) : 0u;
  for (const Work& work : works) {
    if (argc < 3 || work.name != argv[1]) continue;
    Settings settings;
    settings.service_name = "bench";
    settings.outputs = {LocalOutput{.sink = std::make_shared<Discard>()}};
    if (!work.sampled) {
      // So low a rate that the decision is made by the trace id, and never falls for it. The
      // standard metrics are for Application Insights; this endpoint refuses all connections.
      settings.sampling = SampleRate::percent(1e-9);
      settings.outputs.push_back(AzureMonitor{.connection_string = nowhere});
      settings.store.enabled = false;
    }
    Telemetry telemetry = start(settings);
    if (!telemetry.is_running()) return 1;
    work.run(telemetry, std::atol(argv[2]), threads);
    const auto refused = telemetry.diagnostics().ledger.refused[RefusalReason::arena_full];
    if (threads > 0) std::printf("refused %llu\n", static_cast<unsigned long long>(refused));
    std::fflush(stdout);
    std::_Exit(0);  // what the end costs is not the work's
  }
  std::fputs("usage: cost_work <work> <times> [<threads>]; the works are:\n", stderr);
  for (const Work& work : works) std::fprintf(stderr, "  %s\n", work.name.data());
  return 2;
}
