// The work whose cost cost.py counts: `cost_work <work> <times>` does one kind of it that often, on
// its main thread, through the shared library as a user's program would.

#include "bench/allocations.h"

#include <posthaste/posthaste.h>
#include <posthaste/testing.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace posthaste;

void set_four_attributes(Span& span, long number) {
  span.set_attribute("http.request.method", "GET");
  span.set_attribute("server.address", "api.example.com");
  span.set_attribute("http.response.status_code", number);
  span.set_attribute("app.queue.seconds", 0.25);
}

void flat_span(Telemetry& telemetry, long times) {
  const Tracer tracer = telemetry.tracer("bench");
  for (long i = 0; i < times; ++i) {
    Span span = tracer.start_span("charge card now", {.kind = SpanKind::client});
    set_four_attributes(span, i);
  }
}

void scoped_span(Telemetry& telemetry, long times) {
  const Tracer tracer = telemetry.tracer("bench");
  for (long i = 0; i < times; ++i) {
    Span span = tracer.start_span("charge card now", {.kind = SpanKind::client});
    const Scope scope(span);
    set_four_attributes(span, i);
  }
}

void child_span(Telemetry& telemetry, long times) {
  const Tracer tracer = telemetry.tracer("bench");
  Span root = tracer.start_span("GET /orders", {.kind = SpanKind::server});
  const Scope scope(root);
  for (long i = 0; i < times; ++i) {
    Span span = tracer.start_span("charge card now", {.kind = SpanKind::client});
    set_four_attributes(span, i);
  }
}

void log_record(Telemetry& telemetry, long times) {
  const Logger logger = telemetry.logger("bench");
  for (long i = 0; i < times; ++i) {
    logger.info("order placed", {{"order.id", i}, {"customer.tier", "gold"}, {"retry", false}});
  }
}

void unsampled_internal(Telemetry& telemetry, long times) {
  const Tracer tracer = telemetry.tracer("bench");
  for (long i = 0; i < times; ++i) {
    Span span = tracer.start_span("choose a card");
    set_four_attributes(span, i);
  }
}

void unsampled_server(Telemetry& telemetry, long times) {
  const Tracer tracer = telemetry.tracer("bench");
  for (long i = 0; i < times; ++i) {
    Span span = tracer.start_span("GET /orders", {.kind = SpanKind::server});
    set_four_attributes(span, i);
  }
}

void bound_add(Telemetry& telemetry, long times) {
  const Counter<> counter = telemetry.meter("bench").counter("orders");
  const auto bound = counter.bind({{"http.request.method", "GET"}, {"http.route", "/orders/{id}"}});
  for (long i = 0; i < times; ++i) bound.add(1);
}

void add_with_attributes(Telemetry& telemetry, long times) {
  const Counter<> counter = telemetry.meter("bench").counter("orders");
  for (long i = 0; i < times; ++i) {
    counter.add(1, {{"http.request.method", "GET"},
                    {"http.route", "/orders/{id}"},
                    {"http.response.status_code", 200}});
  }
}

void record_with_attributes(Telemetry& telemetry, long times) {
  const Histogram<double> histogram = telemetry.meter("bench").histogram<double>("duration");
  for (long i = 0; i < times; ++i) {
    histogram.record(static_cast<double>(i % 1'000), {{"http.request.method", "GET"},
                                                      {"http.route", "/orders/{id}"},
                                                      {"http.response.status_code", 200}});
  }
}

struct Work {
  std::string_view name;
  void (*run)(Telemetry&, long times);
  bool sampled = true;
};
constexpr Work works[] = {
    {"flat_span", flat_span},
    {"scoped_span", scoped_span},
    {"child_span", child_span},
    {"log_record", log_record},
    {"unsampled_internal", unsampled_internal, false},
    {"unsampled_server", unsampled_server, false},
    {"bound_add", bound_add},
    {"add_with_attributes", add_with_attributes},
    {"record_with_attributes", record_with_attributes},
};

constexpr const char* nowhere =
    "InstrumentationKey=00000000-0000-0000-0000-000000000001;"
    "IngestionEndpoint=http://127.0.0.1:1/";

}  // namespace

int main(int argc, char** argv) {
  for (const Work& work : works) {
    if (argc != 3 || work.name != argv[1]) continue;
    const testing::InMemoryOutput memory;
    Settings settings;
    settings.service_name = "bench";
    settings.outputs = {memory.output()};
    if (!work.sampled) {
      // So low a rate that the decision is made by the trace id, and never falls for it. The
      // standard metrics are for Application Insights; this endpoint refuses all connections.
      settings.sampling = SampleRate::percent(1e-9);
      settings.outputs.push_back(AzureMonitor{.connection_string = nowhere});
      settings.store.enabled = false;
    }
    Telemetry telemetry = start(settings);
    if (!telemetry.is_running()) return 1;
    const long times = std::atol(argv[2]);
    work.run(telemetry, times / 2);
    const std::uint64_t before = bench::allocations_here();
    work.run(telemetry, times - times / 2);
    bench::print_allocations(before, bench::allocations_here(), times - times / 2);
    std::_Exit(0);  // what the end costs is not the work's
  }
  std::fputs("usage: cost_work <work> <times>; the works are:\n", stderr);
  for (const Work& work : works) std::fprintf(stderr, "  %s\n", work.name.data());
  return 2;
}
