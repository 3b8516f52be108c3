// The work whose whole way cost.py counts, from `start_span` to the answer: `export_work <work>
// <requests>` records that many request traces of four spans, on its main thread, and has them
// delivered to a receiver on this machine that only reads them. All threads of the process count, once
// all is warm;
// the receiver is a process of its own (`export_work receive`).
//
//   export_otlp    to one OTLP output, protobuf without gzip
//   export_azure   to one Application Insights output, JSON with gzip
//   export_both    to both at once: what is more than export_azure is the second output's price
//
// `export_work export_azure <requests> <connection string> <file of authorities>` sends there instead.
// `export_work exporting_span <times> <threads>` times cost_work's flat span on so many threads while
// all of them are exported by OTLP, with default settings.

#include "bench/receiver.h"
#include "bench/timing.h"
#include "bench/usage.h"

#include <posthaste/posthaste.h>

#include <valgrind/callgrind.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace posthaste;
using namespace std::chrono_literals;

constexpr long spans_of_a_request = 4;
constexpr long requests_at_once =
    1'000;  // well within the arena, also where callgrind makes all slow

void set_attributes(Span& span, long number) {
  span.set_attribute("http.request.method", "GET");
  span.set_attribute("server.address", "api.example.com");
  span.set_attribute("http.response.status_code", number % 500);
  span.set_attribute("app.queue.seconds", 0.25);
}

void child(const Tracer& tracer, std::string_view name, long number) {
  Span span = tracer.start_span(name, {.kind = SpanKind::client});
  set_attributes(span, number);
}

void request(const Tracer& tracer, long number) {
  static const std::runtime_error failure("the stock service did not answer");
  Span span = tracer.start_span("GET /orders/{id}", {.kind = SpanKind::server});
  const Scope scope(span);
  set_attributes(span, number);
  child(tracer, "GET", number);
  child(tracer, "POST", number);
  child(tracer, "SELECT shop.orders", number);
  if (number % 25 == 0) span.record_exception(failure);  // one span in a hundred
}

std::vector<Output> outputs_of(std::string_view work, const std::string& receiver, char** given) {
  if (work == "export_azure" && given[0] != nullptr && given[1] != nullptr) {
    return {AzureMonitor{.connection_string = given[0], .ca_file = given[1]}};
  }
  const Otlp otlp{.endpoint = receiver, .send_metrics = false, .send_logs = false};
  const AzureMonitor azure{.connection_string =
                               "InstrumentationKey=00000000-0000-0000-0000-000000000001;"
                               "IngestionEndpoint=" +
                               receiver + '/'};
  if (work == "export_otlp") return {otlp};
  if (work == "export_azure") return {azure};
  if (work == "export_both") return {azure, otlp};
  return {};
}

/// Recorded in parts, so that nothing is refused; false: not all of it was delivered.
bool record(Telemetry& telemetry, long requests) {
  const Tracer tracer = telemetry.tracer("bench");
  for (long done = 0; done < requests; done += requests_at_once) {
    const long end = std::min(done + requests_at_once, requests);
    for (long i = done; i < end; ++i) request(tracer, i);
    if (!telemetry.flush(600s).complete) return false;
  }
  return true;
}

/// How single spans fare while others are encoded and sent beside them.
int time_exporting(const std::string& receiver, long times, unsigned threads) {
  Settings settings;
  settings.service_name = "bench";
  settings.outputs = {Otlp{.endpoint = receiver}};
  Telemetry telemetry = start(settings);
  if (!telemetry.is_running()) return 1;
  bench::print_timing(
      threads, times,
      [&] {
        return [tracer = telemetry.tracer("bench")](long i) {
          Span span = tracer.start_span("charge card now", {.kind = SpanKind::client});
          set_attributes(span, i);
        };
      },
      bench::long_bursts);
  const FlushReport flushed = telemetry.shutdown(30s);
  const auto refused = telemetry.diagnostics().ledger.refused[RefusalReason::arena_full];
  std::printf("refused %llu\n", static_cast<unsigned long long>(refused));
  return flushed.complete ? 0 : 1;
}

bool all_arrived(Telemetry& telemetry, long requests) {
  const Ledger ledger = telemetry.ledger();
  for (const OutputLedger& output : ledger.outputs) {
    if (output.delivered + output.for_others == ledger.accepted) continue;
    std::fprintf(stderr, "export_work: %s delivered %llu of %llu: %s\n", output.name.c_str(),
                 static_cast<unsigned long long>(output.delivered),
                 static_cast<unsigned long long>(ledger.accepted), output.last_error.c_str());
    return false;
  }
  return ledger.accepted >= static_cast<std::uint64_t>(requests * spans_of_a_request);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view work = argc > 1 ? argv[1] : "";
  if (work == "receive" && argc == 3) return bench::receive(std::atoi(argv[2]));
  const bench::Receiver receiver(argv[0]);
  if (work == "exporting_span" && argc == 4) {
    const int code = time_exporting(receiver.url(), std::atol(argv[2]),
                                    static_cast<unsigned>(std::atoi(argv[3])));
    receiver.stop();
    return code;
  }
  Settings settings;
  settings.service_name = "bench";
  if (argc == 3 || argc == 5) settings.outputs = outputs_of(work, receiver.url(), argv + 3);
  if (settings.outputs.empty()) {
    std::fputs(
        "usage: export_work export_otlp|export_azure|export_both <requests> [<connection string> "
        "<file of authorities>]\n"
        "       export_work exporting_span <times> <threads>\n",
        stderr);
    return 2;
  }
  settings.store.enabled = false;
  settings.arena_size = Bytes{128 << 20};
  settings.exception_stacks = false;
  settings.metrics.standard_metrics = false;
  settings.metrics.performance_counters = false;
  settings.batch.export_timeout = 600s;  // callgrind takes its time
  Telemetry telemetry = start(settings);
  if (!telemetry.is_running()) return 1;
  const long requests = std::atol(argv[2]);
  bool arrived = record(telemetry, requests_at_once);  // until all is warm
  CALLGRIND_ZERO_STATS;
  const double before = bench::cpu_seconds();
  arrived = record(telemetry, requests) && arrived;
  const double used = bench::cpu_seconds() - before;
  CALLGRIND_DUMP_STATS;
  const double spans = static_cast<double>(requests * spans_of_a_request);
  std::printf("cpu_seconds_per_million %g\n", used * 1e6 / spans);
  std::fflush(stdout);
  arrived = arrived && all_arrived(telemetry, requests_at_once + requests);
  if (!arrived) std::fputs("export_work: not everything arrived\n", stderr);
  telemetry.shutdown(10s);
  receiver.stop();
  return arrived ? 0 : 1;
}
