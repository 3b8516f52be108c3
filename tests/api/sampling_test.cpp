#include <posthaste/posthaste.h>
#include <posthaste/testing.h>

#include <gtest/gtest.h>

#include <mutex>
#include <thread>

namespace posthaste {
namespace {

using namespace std::chrono_literals;

/// What was said, from any thread.
class Said {
public:
  DiagnosticsHandler handler() {
    return [this](const Diagnostic& diagnostic) {
      const std::lock_guard lock(mutex_);
      all_.push_back(diagnostic);
    };
  }
  std::vector<std::string> of(DiagnosticCode code) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (const Diagnostic& diagnostic : all_) {
      if (diagnostic.code == code) found.push_back(diagnostic.message);
    }
    return found;
  }

private:
  mutable std::mutex mutex_;
  std::vector<Diagnostic> all_;
};

Settings settings_for(const testing::InMemoryOutput& memory, Said& said) {
  Settings settings;
  settings.service_name = "test";
  settings.outputs = {memory.output()};
  settings.diagnostics = said.handler();
  return settings;
}

/// Four threads, each with so many requests: a server span, a client span and a log.
std::uint64_t record_requests(const Telemetry& telemetry, int each) {
  const auto work = [&] {
    const Tracer tracer = telemetry.tracer("http");
    const Logger logger = telemetry.logger("http");
    for (int i = 0; i < each; ++i) {
      const bool health = i % 4 == 0;
      Span server = tracer.start_span(health ? "GET /healthz" : "GET /pay",
                                      {.kind = SpanKind::server, .attributes = {{"number", i}}});
      const Scope scope(server);
      Span client = tracer.start_span("charge", {.kind = SpanKind::client});
      logger.info("charged", {{"number", i}});
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  return std::uint64_t{12} * static_cast<std::uint64_t>(each);
}

void expect_sums_to_close(const FlushReport& report, std::uint64_t offered) {
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.ledger.offered(), offered);
  EXPECT_EQ(report.ledger.accepted,
            report.delivered() + report.stored() + report.resident() + report.dropped());
}

TEST(SamplingEndToEnd, SumsCloseWithEveryWayOfLeavingOut) {
  testing::InMemoryOutput memory;
  Said said;
  Settings settings = settings_for(memory, said);
  settings.sampling = SampleRate::percent(50);
  settings.logs.sampled_with_trace = true;
  settings.span_processors = {{.on_end = [](EndingSpan& span) {
    const auto number = span.attribute("number");
    if (number && number->int64() % 10 == 0) span.drop();
  }}};
  settings.drop = {"GET /healthz", "log:number=*5"};
  Telemetry telemetry = start(settings);
  const std::uint64_t offered = record_requests(telemetry, 500);
  const FlushReport report = telemetry.flush(10s);
  expect_sums_to_close(report, offered);
  EXPECT_GT(report.ledger.refused[RefusalReason::sampled], offered / 3);
  EXPECT_GT(report.ledger.refused[RefusalReason::filtered], 0u);
  EXPECT_EQ(report.ledger.accepted, memory.spans().size() + memory.logs().size());
  for (const testing::RecordedSpan& span : memory.spans()) {
    EXPECT_NE(span.name, "GET /healthz");
    EXPECT_EQ(span.sample_rate, 50);
  }
}

TEST(SamplingEndToEnd, TracesPerSecondAreSteeredAndWhatIsKeptStandsForMore) {
  testing::InMemoryOutput memory;
  Said said;
  Settings settings = settings_for(memory, said);
  settings.traces_per_second = 50;
  Telemetry telemetry = start(settings);
  constexpr int each = 5000;
  const std::uint64_t offered = record_requests(telemetry, each);
  const FlushReport report = telemetry.flush(10s);
  expect_sums_to_close(report, offered);
  double originals = 0;
  std::size_t roots = 0;
  for (const testing::RecordedSpan& span : memory.spans()) {
    if (span.name == "charge") continue;
    ++roots;
    originals += 100 / span.sample_rate;
  }
  // It takes a moment; a lane's first fifty are kept, and fewer and fewer of those behind them.
  EXPECT_LT(roots, 4000u);
  // How near that comes to the truth is chance here, as the steering follows the machine's own
  // clock; with a clock of its own it is proved for the limiter.
  EXPECT_GT(originals, static_cast<double>(roots)) << "few stand for many";
}

TEST(SamplingEndToEnd, CallbacksThatThrowAreSaidOnceAndCounted) {
  testing::InMemoryOutput memory;
  Said said;
  Settings settings = settings_for(memory, said);
  settings.sampler = [](const SamplingRequest&) -> SamplingDecision { throw 1; };
  settings.span_processors = {{.on_end = [](EndingSpan&) { throw std::runtime_error("broken"); }}};
  Telemetry telemetry = start(settings);
  for (int i = 0; i < 10; ++i) telemetry.tracer("t").start_span("span").end();
  expect_sums_to_close(telemetry.flush(10s), 10);
  EXPECT_EQ(memory.spans().size(), 10u);
  EXPECT_EQ(telemetry.health().callback_failures, 20u);
  telemetry.shutdown(5s);
  const std::vector<std::string> lines = said.of(DiagnosticCode::callback_failed);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].starts_with("sampler threw an exception")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("on_end of a span processor threw an exception: broken"));
}

}  // namespace
}  // namespace posthaste
