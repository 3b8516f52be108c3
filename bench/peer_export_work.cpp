// What export_work and `posthaste load` do, done by opentelemetry-cpp's SDK with its OTLP/HTTP
// exporter (protobuf; Debian's build has no gzip):
//
//   peer_export_work export_otlp <requests>    as export_work, to a receiver of its own
//   peer_export_work load <url> <spans a second, 0: no limit> <seconds> <threads>
//                                              as `posthaste load --profile request`; its own defaults
//   peer_export_work exporting_span <times> <threads>
//                                              as export_work, with a queue so long that nothing is dropped
//
// It tells what it exported, not what arrived: its exporter calls an answer of 503 a success.

#include "bench/receiver.h"
#include "bench/timing.h"
#include "bench/usage.h"

#include <opentelemetry/exporters/otlp/otlp_http_exporter.h>
#include <opentelemetry/sdk/common/global_log_handler.h>
#include <opentelemetry/sdk/trace/batch_span_processor.h>
#include <opentelemetry/sdk/trace/batch_span_processor_options.h>
#include <opentelemetry/sdk/trace/tracer_provider.h>
#include <opentelemetry/trace/scope.h>
#include <valgrind/callgrind.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

namespace api = opentelemetry::trace;
namespace sdk = opentelemetry::sdk;
namespace otlp = opentelemetry::exporter::otlp;
using opentelemetry::nostd::shared_ptr;
using Steady = std::chrono::steady_clock;
using TracerPtr = shared_ptr<api::Tracer>;

/// It writes a line for each span that it drops.
class Silence final : public sdk::common::internal_log::LogHandler {
public:
  void Handle(sdk::common::internal_log::LogLevel, const char*, int, const char*,
              const sdk::common::AttributeMap&) noexcept override {}
};

std::atomic<std::uint64_t> exported_spans{0};
std::atomic<std::uint64_t> exported_batches{0};

class Counted final : public sdk::trace::SpanExporter {
public:
  explicit Counted(const std::string& url) : exporter_(options(url)) {}
  std::unique_ptr<sdk::trace::Recordable> MakeRecordable() noexcept override {
    return exporter_.MakeRecordable();
  }
  sdk::common::ExportResult Export(
      const opentelemetry::nostd::span<std::unique_ptr<sdk::trace::Recordable>>& spans) noexcept
      override {
    exported_spans += spans.size();
    exported_batches += 1;
    return exporter_.Export(spans);
  }
  bool ForceFlush(std::chrono::microseconds most) noexcept override {
    return exporter_.ForceFlush(most);
  }
  bool Shutdown(std::chrono::microseconds most) noexcept override {
    return exporter_.Shutdown(most);
  }

private:
  static otlp::OtlpHttpExporterOptions options(const std::string& url) {
    otlp::OtlpHttpExporterOptions options;
    options.url = url + "/v1/traces";
    options.content_type = otlp::HttpRequestContentType::kBinary;
    options.timeout = std::chrono::minutes(10);  // callgrind takes its time
    return options;
  }
  otlp::OtlpHttpExporter exporter_;
};

std::unique_ptr<sdk::trace::TracerProvider> provider(
    const std::string& url, const sdk::trace::BatchSpanProcessorOptions& options) {
  auto processor =
      std::make_unique<sdk::trace::BatchSpanProcessor>(std::make_unique<Counted>(url), options);
  return std::make_unique<sdk::trace::TracerProvider>(
      std::move(processor), sdk::resource::Resource::Create({{"service.name", "bench"}}));
}

api::StartSpanOptions of_kind(api::SpanKind kind) {
  api::StartSpanOptions options;
  options.kind = kind;
  return options;
}

void record_exception(api::Span& span) {
  span.AddEvent("exception", {{"exception.type", "std::runtime_error"},
                              {"exception.message", "the stock service did not answer"}});
  span.SetStatus(api::StatusCode::kError, "the stock service did not answer");
}

// The request trace of export_work.

void set_attributes(api::Span& span, long number) {
  span.SetAttribute("http.request.method", "GET");
  span.SetAttribute("server.address", "api.example.com");
  span.SetAttribute("http.response.status_code", static_cast<std::int64_t>(number % 500));
  span.SetAttribute("app.queue.seconds", 0.25);
}

void child(const TracerPtr& tracer, const char* name, long number) {
  const auto span = tracer->StartSpan(name, {}, of_kind(api::SpanKind::kClient));
  set_attributes(*span, number);
  span->End();
}

void request(const TracerPtr& tracer, long number) {
  const auto span = tracer->StartSpan("GET /orders/{id}", {}, of_kind(api::SpanKind::kServer));
  const api::Scope scope(span);
  set_attributes(*span, number);
  child(tracer, "GET", number);
  child(tracer, "POST", number);
  child(tracer, "SELECT shop.orders", number);
  if (number % 25 == 0) record_exception(*span);
  span->End();
}

int export_all(const std::string& url, long requests) {
  constexpr long requests_at_once = 1'000;
  constexpr long spans_of_a_request = 4;
  const auto spans = static_cast<std::uint64_t>(requests * spans_of_a_request);
  sdk::trace::BatchSpanProcessorOptions options;
  options.max_queue_size = 8'192;  // so that it drops nothing of what is recorded at once
  const auto provided = provider(url, options);
  const TracerPtr tracer = provided->GetTracer("bench");
  const auto record = [&](long many) {
    for (long i = 0; i < many; ++i) {
      request(tracer, i);
      if ((i + 1) % requests_at_once == 0) provided->ForceFlush();
    }
    provided->ForceFlush();
  };
  record(requests_at_once);  // until all is warm
  exported_spans = 0;
  CALLGRIND_ZERO_STATS;
  const double before = bench::cpu_seconds();
  record(requests);
  const double used = bench::cpu_seconds() - before;
  CALLGRIND_DUMP_STATS;
  std::printf("cpu_seconds_per_million %g\n", used * 1e6 / static_cast<double>(spans));
  std::fflush(stdout);
  return exported_spans == spans ? 0 : 1;
}

int time_exporting(const std::string& url, long times, unsigned threads) {
  sdk::trace::BatchSpanProcessorOptions options;
  options.max_queue_size = 400'000;
  const auto provided = provider(url, options);
  bench::print_timing(
      threads, times,
      [&] {
        return [tracer = provided->GetTracer("bench"),
                client = of_kind(api::SpanKind::kClient)](long i) {
          const auto span = tracer->StartSpan("charge card now", {}, client);
          set_attributes(*span, i);
          span->End();
        };
      },
      bench::long_bursts);
  provided->ForceFlush();
  std::printf("refused 0\n");
  std::fflush(stdout);
  return 0;
}

// The request trace of `posthaste load`.

void set_load_attributes(api::Span& span) {
  span.SetAttribute("load.attribute.0", "a value of usual length");
  span.SetAttribute("load.attribute.1", std::int64_t{1000});
  span.SetAttribute("load.attribute.2", 1.0);
  span.SetAttribute("load.attribute.3", true);
}

void load_request(const TracerPtr& tracer, std::uint64_t number) {
  const bool fails = number % 50 == 0;
  const auto span = tracer->StartSpan("GET /items/:id", {}, of_kind(api::SpanKind::kServer));
  {
    const api::Scope scope(span);
    const auto call = tracer->StartSpan("GET", {}, of_kind(api::SpanKind::kClient));
    call->SetAttribute("http.request.method", "GET");
    call->SetAttribute("url.full", "https://stock.example/items/7");
    call->SetAttribute("http.response.status_code", std::int64_t{200});
    set_load_attributes(*call);
    call->End();
    const auto query = tracer->StartSpan("SELECT shop.items", {}, of_kind(api::SpanKind::kClient));
    query->SetAttribute("db.system.name", "postgresql");
    query->SetAttribute("db.namespace", "shop");
    query->SetAttribute("db.query.text", "SELECT name, price FROM items WHERE id = $1");
    query->SetAttribute("server.address", "db1");
    set_load_attributes(*query);
    query->End();
  }
  span->SetAttribute("http.request.method", "GET");
  span->SetAttribute("http.route", "/items/:id");
  span->SetAttribute("url.path", "/items/7");
  span->SetAttribute("http.response.status_code", std::int64_t{fails ? 500 : 200});
  set_load_attributes(*span);
  if (fails) record_exception(*span);
  span->End();
}

/// As tools/load/pace.h: what is due by now at once, then a pause of a millisecond at least.
std::uint64_t produce(const TracerPtr& tracer, double turns_a_second, Steady::time_point start,
                      Steady::time_point end) {
  std::uint64_t done = 0;
  for (;;) {
    const auto now = Steady::now();
    if (now >= end) return done;
    const std::chrono::duration<double> elapsed = now - start;
    const auto due = static_cast<std::uint64_t>(elapsed.count() * turns_a_second) + 1;
    const std::uint64_t target = turns_a_second > 0 ? due : done + 64;
    for (; done < target; ++done) load_request(tracer, done + 1);
    if (turns_a_second > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

int load(const std::string& url, double rate, double seconds, unsigned threads) {
  constexpr std::uint64_t spans_of_a_turn = 3;
  auto provided = provider(url, {});
  const TracerPtr tracer = provided->GetTracer("load");
  const double before = bench::cpu_seconds();
  const auto start = Steady::now();
  const auto end =
      start + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
  std::atomic<std::uint64_t> turns{0};
  std::vector<std::thread> producers;
  for (unsigned i = 0; i < threads; ++i) {
    producers.emplace_back(
        [&] { turns += produce(tracer, rate / spans_of_a_turn / threads, start, end); });
  }
  for (std::thread& producer : producers) producer.join();
  const std::chrono::duration<double> took = Steady::now() - start;
  provided->Shutdown();
  std::printf("recorded %llu\nexported %llu\nbatches %llu\nload_seconds %g\ncpu_seconds %g\n",
              static_cast<unsigned long long>(turns * spans_of_a_turn),
              static_cast<unsigned long long>(exported_spans.load()),
              static_cast<unsigned long long>(exported_batches.load()), took.count(),
              bench::cpu_seconds() - before);
  std::fflush(stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view work = argc > 1 ? argv[1] : "";
  if (work == "receive" && argc == 3) return bench::receive(std::atoi(argv[2]));
  sdk::common::internal_log::GlobalLogHandler::SetLogHandler(
      shared_ptr<sdk::common::internal_log::LogHandler>(new Silence));
  if (work == "export_otlp" && argc == 3) {
    const bench::Receiver receiver(argv[0]);
    const int code = export_all(receiver.url(), std::atol(argv[2]));
    receiver.stop();
    std::_Exit(code);
  }
  if (work == "exporting_span" && argc == 4) {
    const bench::Receiver receiver(argv[0]);
    const int code = time_exporting(receiver.url(), std::atol(argv[2]),
                                    static_cast<unsigned>(std::atoi(argv[3])));
    receiver.stop();
    std::_Exit(code);
  }
  if (work == "load" && argc == 6) {
    return load(argv[2], std::atof(argv[3]), std::atof(argv[4]),
                static_cast<unsigned>(std::atoi(argv[5])));
  }
  std::fputs(
      "usage: peer_export_work export_otlp <requests>\n"
      "       peer_export_work load <url> <spans a second> <seconds> <threads>\n"
      "       peer_export_work exporting_span <times> <threads>\n",
      stderr);
  return 2;
}
