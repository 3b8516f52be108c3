// `peer_span_work <work> <times> [<threads>]`: the span and log works of cost_work, done by
// opentelemetry-cpp's SDK: recorded as its OTLP exporter records them, batched by its own
// processors (timed, with their own defaults), and then discarded instead of sent.

#include "bench/allocations.h"
#include "bench/timing.h"

#include <opentelemetry/exporters/otlp/otlp_log_recordable.h>
#include <opentelemetry/exporters/otlp/otlp_recordable.h>
#include <opentelemetry/sdk/common/global_log_handler.h>
#include <opentelemetry/sdk/logs/batch_log_record_processor.h>
#include <opentelemetry/sdk/logs/exporter.h>
#include <opentelemetry/sdk/logs/logger_provider.h>
#include <opentelemetry/sdk/trace/batch_span_processor.h>
#include <opentelemetry/sdk/trace/batch_span_processor_options.h>
#include <opentelemetry/sdk/trace/exporter.h>
#include <opentelemetry/sdk/trace/random_id_generator.h>
#include <opentelemetry/sdk/trace/samplers/always_off.h>
#include <opentelemetry/sdk/trace/samplers/always_on.h>
#include <opentelemetry/sdk/trace/tracer_provider.h>
#include <opentelemetry/trace/noop.h>
#include <opentelemetry/trace/scope.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace {

namespace api = opentelemetry::trace;
namespace sdk = opentelemetry::sdk;
using opentelemetry::nostd::shared_ptr;
using sdk::common::ExportResult;

class DiscardSpans final : public sdk::trace::SpanExporter {
public:
  std::unique_ptr<sdk::trace::Recordable> MakeRecordable() noexcept override {
    return std::make_unique<opentelemetry::exporter::otlp::OtlpRecordable>();
  }
  ExportResult Export(const opentelemetry::nostd::span<std::unique_ptr<sdk::trace::Recordable>>&
                          spans) noexcept override {
    for (auto& span : spans) span.reset();
    return ExportResult::kSuccess;
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override { return true; }
};

class DiscardLogs final : public sdk::logs::LogRecordExporter {
public:
  std::unique_ptr<sdk::logs::Recordable> MakeRecordable() noexcept override {
    return std::make_unique<opentelemetry::exporter::otlp::OtlpLogRecordable>();
  }
  ExportResult Export(const opentelemetry::nostd::span<std::unique_ptr<sdk::logs::Recordable>>&
                          records) noexcept override {
    for (auto& record : records) record.reset();
    return ExportResult::kSuccess;
  }
  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override { return true; }
};

/// It writes a line for each span that it drops.
class Silence final : public sdk::common::internal_log::LogHandler {
public:
  void Handle(sdk::common::internal_log::LogLevel, const char*, int, const char*,
              const sdk::common::AttributeMap&) noexcept override {}
};

shared_ptr<api::TracerProvider> provider(std::unique_ptr<sdk::trace::Sampler> sampler,
                                         std::size_t queue) {
  sdk::trace::BatchSpanProcessorOptions options;
  options.max_queue_size = queue;
  auto processor =
      std::make_unique<sdk::trace::BatchSpanProcessor>(std::make_unique<DiscardSpans>(), options);
  return shared_ptr<api::TracerProvider>(new sdk::trace::TracerProvider(
      std::move(processor), sdk::resource::Resource::Create({}), std::move(sampler),
      std::make_unique<sdk::trace::RandomIdGenerator>()));
}

struct Peer {
  explicit Peer(std::size_t queue)
      : off(provider(std::make_unique<sdk::trace::AlwaysOffSampler>(), queue)),
        on(provider(std::make_unique<sdk::trace::AlwaysOnSampler>(), queue)),
        logs(std::make_unique<sdk::logs::BatchLogRecordProcessor>(std::make_unique<DiscardLogs>(),
                                                                  options(queue))) {}
  shared_ptr<api::TracerProvider> off;
  shared_ptr<api::TracerProvider> on;
  sdk::logs::LoggerProvider logs;

private:
  static sdk::logs::BatchLogRecordProcessorOptions options(std::size_t queue) {
    sdk::logs::BatchLogRecordProcessorOptions options;
    options.max_queue_size = queue;
    return options;
  }
};

void set_four_attributes(api::Span& span, long number) {
  span.SetAttribute("http.request.method", "GET");
  span.SetAttribute("server.address", "api.example.com");
  span.SetAttribute("http.response.status_code", static_cast<std::int64_t>(number));
  span.SetAttribute("app.queue.seconds", 0.25);
}

api::StartSpanOptions of_kind(api::SpanKind kind) {
  api::StartSpanOptions options;
  options.kind = kind;
  return options;
}

auto spans_of(shared_ptr<api::TracerProvider> provider, api::SpanKind kind) {
  return [tracer = provider->GetTracer("bench"), options = of_kind(kind)](long i) {
    const auto span = tracer->StartSpan("charge card now", {}, options);
    set_four_attributes(*span, i);
    span->End();
  };
}

auto scoped_spans_of(shared_ptr<api::TracerProvider> provider) {
  return
      [tracer = provider->GetTracer("bench"), options = of_kind(api::SpanKind::kClient)](long i) {
        const auto span = tracer->StartSpan("charge card now", {}, options);
        const api::Scope scope(span);
        set_four_attributes(*span, i);
        span->End();
      };
}

auto flat_span(Peer& peer) {
  return spans_of(peer.on, api::SpanKind::kClient);
}
auto scoped_span(Peer& peer) {
  return scoped_spans_of(peer.on);
}
auto no_op_scoped_span(Peer&) {
  return scoped_spans_of(shared_ptr<api::TracerProvider>(new api::NoopTracerProvider));
}
auto unsampled_span(Peer& peer) {
  return spans_of(peer.off, api::SpanKind::kInternal);
}
auto log_record(Peer& peer) {
  return [logger = peer.logs.GetLogger("bench", "bench")](long i) {
    logger->Info("order placed",
                 opentelemetry::common::MakeAttributes({{"order.id", static_cast<std::int64_t>(i)},
                                                        {"customer.tier", "gold"},
                                                        {"retry", false}}));
  };
}

template <class Make>
void run(Peer& peer, long times, unsigned threads, Make&& make) {
  if (threads > 0) {
    bench::print_timing(threads, times, [&] { return make(peer); });
    std::_Exit(0);
  }
  auto repeat = make(peer);
  for (long i = 0; i < times / 2; ++i) repeat(i);
  const std::uint64_t before = bench::allocations_here();
  for (long i = times / 2; i < times; ++i) repeat(i);
  bench::print_allocations(before, bench::allocations_here(), times - times / 2);
  std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  sdk::common::internal_log::GlobalLogHandler::SetLogHandler(
      shared_ptr<sdk::common::internal_log::LogHandler>(new Silence));
  const std::string_view work = argc >= 3 ? argv[1] : "";
  const long times = argc >= 3 ? std::atol(argv[2]) : 0;
  const auto threads = argc == 4 ? static_cast<unsigned>(std::atoi(argv[3])) : 0u;
  // Counted, it records without a pause, and a queue of its default size would overflow: dropping a
  // span is cheaper than recording it.
  Peer peer(threads > 0 ? 2'048 : static_cast<std::size_t>(times) + 2'048);
  if (work == "flat_span") run(peer, times, threads, flat_span);
  if (work == "scoped_span") run(peer, times, threads, scoped_span);
  if (work == "no_op_scoped_span") run(peer, times, threads, no_op_scoped_span);
  if (work == "unsampled_span") run(peer, times, threads, unsampled_span);
  if (work == "log_record") run(peer, times, threads, log_record);
  std::fputs("usage: peer_span_work <work> <times> [<threads>]\n", stderr);
  return 2;
}
