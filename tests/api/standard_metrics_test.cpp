#include "persistence/store.h"
#include "runtime/wire/gzip.h"
#include "tests/persistence/store_fixture.h"

#include <posthaste/posthaste.h>

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace posthaste {
namespace {

using namespace std::chrono_literals;

Settings stored_in(const std::string& directory) {
  Settings settings;
  settings.service_name = "shop";
  settings.service_instance_id = "shop-1";
  // Nobody listens at port 1: all goes to the store, which is where the items are read.
  settings.connection_string =
      "InstrumentationKey=00000000-0000-4000-8000-000000000001;"
      "IngestionEndpoint=http://127.0.0.1:1/";
  settings.store.directory = directory;
  settings.diagnostics = [](const Diagnostic&) {};
  settings.sampling = SampleRate::percent(10);
  settings.metrics.performance_counters = false;
  return settings;
}

/// The items that the store holds, a line each.
std::vector<std::string> items_in(const std::string& directory) {
  persistence::StoreOptions options;
  options.directory = directory;
  options.create = false;
  auto store = persistence::Store::open(options);
  EXPECT_TRUE(store) << store.error().message();
  std::vector<std::string> items;
  if (!store) return items;
  for (const persistence::QueueId queue : (*store)->queues()) {
    for (;;) {
      auto batch = (*store)->lease_oldest(queue);
      if (!batch || !*batch) break;
      wire::ByteBuffer plain;
      EXPECT_TRUE(wire::gunzip((*batch)->body, 64u << 20, plain));
      std::string_view text = plain.view();
      while (!text.empty()) {
        const std::size_t end = text.find('\n');
        items.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      }
    }
  }
  return items;
}

bool has(const std::string& item, std::string_view text) {
  return item.find(text) != std::string::npos;
}

std::uint64_t number_after(const std::string& item, std::string_view key) {
  const std::size_t at = item.find(key);
  return at == std::string::npos ? 0 : std::stoull(item.substr(at + key.size()));
}

/// The sum over the points of that metric that have all of `dimensions`.
std::uint64_t counted(const std::vector<std::string>& items, const std::string& metric,
                      std::initializer_list<std::string_view> dimensions = {}) {
  const bool distribution = metric.ends_with("duration");
  std::uint64_t sum = 0;
  for (const std::string& item : items) {
    bool fits = has(item, R"("metrics":[)") && has(item, "\"name\":\"" + metric + "\"");
    for (const std::string_view each : dimensions) fits = fits && has(item, each);
    if (fits) sum += number_after(item, distribution ? R"("count":)" : R"("value":)");
  }
  return sum;
}

std::uint64_t items_with(const std::vector<std::string>& items, std::string_view text) {
  std::uint64_t count = 0;
  for (const std::string& item : items) count += has(item, text) ? 1 : 0;
  return count;
}

std::string first_with(const std::vector<std::string>& items, std::string_view text) {
  for (const std::string& item : items) {
    if (has(item, text)) return item;
  }
  return "none";
}

/// From four threads: a request, every fifth failed, in it an internal span and a call of another
/// service; every tenth throws.
constexpr std::uint64_t threads_count = 4;
void record_requests(const Telemetry& telemetry, std::uint64_t each) {
  const auto work = [&] {
    const Tracer tracer = telemetry.tracer("http");
    for (std::uint64_t i = 0; i < each; ++i) {
      Span server = tracer.start_span("GET /pay", {.kind = SpanKind::server});
      const Scope scope(server);
      Span internal = tracer.start_span("choose a card");
      const Scope inside(internal);
      Span client = tracer.start_span("charge", {.kind = SpanKind::client});
      EXPECT_TRUE(client.is_recording());
      client.set_attribute("db.system", "postgresql").set_attribute("server.address", "db-1");
      if (i % 10 == 0) client.record_exception(std::runtime_error("declined"));
      server.set_attribute("http.request.method", "GET")
          .set_attribute("http.route", "/pay")
          .set_attribute("http.response.status_code", i % 5 == 0 ? 500 : 200);
    }
  };
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < threads_count; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

void expect_sums_to_close(const FlushReport& report, std::uint64_t offered, std::uint64_t points) {
  EXPECT_EQ(report.ledger.accepted,
            report.delivered() + report.stored() + report.resident() + report.dropped());
  EXPECT_EQ(report.ledger.offered(), offered + points);
}

TEST(StandardMetrics, CountEverythingThatIsOfferedWhateverIsSampled) {
  const persistence::ScratchDirectory scratch;
  const std::string directory = scratch / "store";
  constexpr std::uint64_t each = 1'000;
  constexpr std::uint64_t all = threads_count * each;
  FlushReport report;
  {
    Telemetry telemetry = start(stored_in(directory));
    ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
    record_requests(telemetry, each);
    report = telemetry.shutdown(5s);
  }
  const auto items = items_in(directory);
  EXPECT_EQ(counted(items, "requests/duration"), all);
  EXPECT_EQ(counted(items, "requests/duration",
                    {R"("request/resultCode":"500")", R"("Request.Success":"False")"}),
            all / 5);
  EXPECT_EQ(counted(items, "dependencies/duration",
                    {R"("Dependency.Type":"postgresql")", R"("dependency/target":"db-1")",
                     R"("dependency/resultCode":"0")"}),
            all);
  EXPECT_EQ(counted(items, "dependencies/duration", {R"("Dependency.Success":"False")"}), all / 10);
  EXPECT_EQ(counted(items, "exceptions/count"), all / 10);
  EXPECT_EQ(counted(items, "requests/duration",
                    {R"("_MS.MetricId":"requests/duration")", R"("_MS.IsAutocollected":"True")",
                     R"("cloud/roleName":"shop")", R"("cloud/roleInstance":"shop-1")"}),
            all)
      << first_with(items, "requests/duration");
  const std::uint64_t requests = items_with(items, R"("baseType":"RequestData")");
  EXPECT_GT(requests, all / 20);
  EXPECT_LT(requests, all / 5);
  expect_sums_to_close(report, 3 * all, items_with(items, R"("metrics":[)"));
}

TEST(StandardMetrics, MarkWhatTheyCountAndNothingElse) {
  const persistence::ScratchDirectory scratch;
  const std::string directory = scratch / "store";
  {
    Settings settings = stored_in(directory);
    settings.sampling = SampleRate::percent(100);
    Telemetry telemetry = start(settings);
    record_requests(telemetry, 10);
    telemetry.logger("http").info("paid");
  }
  const auto items = items_in(directory);
  for (const std::string& item : items) {
    const bool internal = has(item, R"("name":"choose a card")");
    const bool point = has(item, R"("metrics":[)");
    EXPECT_EQ(has(item, "_MS.ProcessedByMetricExtractors"), !internal && !point) << item;
  }
  EXPECT_EQ(items_with(items, "(Name:'Requests', Ver:'1.1')"), 40u);
  EXPECT_EQ(items_with(items, "(Name:'Dependencies', Ver:'1.1')"), 40u);
  EXPECT_EQ(items_with(items, "(Name:'Exceptions', Ver:'1.1')"), 4u);
  EXPECT_EQ(items_with(items, "(Name:'Traces', Ver:'1.1')"), 1u);
  EXPECT_EQ(counted(items, "traces/count"), 1u);
}

TEST(StandardMetrics, AreSwitchedOff) {
  const persistence::ScratchDirectory scratch;
  const std::string directory = scratch / "store";
  {
    Settings settings = stored_in(directory);
    settings.metrics.standard_metrics = false;
    Telemetry telemetry = start(settings);
    const Tracer tracer = telemetry.tracer("http");
    for (int i = 0; i < 200; ++i) {
      Span span = tracer.start_span("GET /", {.kind = SpanKind::server});
      EXPECT_EQ(span.is_recording(), span.context().is_sampled());
    }
  }
  const auto items = items_in(directory);
  EXPECT_EQ(items_with(items, R"("metrics":[)"), 0u);
  EXPECT_EQ(items_with(items, "_MS.ProcessedByMetricExtractors"), 0u);
}

TEST(RequestCounters, CountEveryRequestWhateverIsSampledWithAndWithoutStandardMetrics) {
  for (const bool standard : {true, false}) {
    const persistence::ScratchDirectory scratch;
    const std::string directory = scratch / "store";
    constexpr std::uint64_t each = 250;
    FlushReport report;
    {
      Settings settings = stored_in(directory);
      settings.metrics.performance_counters = true;
      settings.metrics.standard_metrics = standard;
      Telemetry telemetry = start(settings);
      record_requests(telemetry, each);
      report = telemetry.shutdown(5s);
    }
    const auto items = items_in(directory);
    std::uint64_t requests = 0;
    for (const std::string& item : items) {
      if (has(item, "Request Execution Time")) requests += number_after(item, R"("count":)");
    }
    EXPECT_EQ(requests, threads_count * each) << "standard metrics: " << standard;
    EXPECT_EQ(counted(items, "requests/duration"), standard ? threads_count * each : 0);
    EXPECT_EQ(items_with(items, "_MS.ProcessedByMetricExtractors") > 0, standard);
    expect_sums_to_close(report, 3 * threads_count * each, items_with(items, R"("metrics":[)"));
  }
}

/// A processor that hides something hides it in the metrics too, and one that drops a span does not
/// keep it from being counted.
TEST(StandardMetrics, SeeWhatProcessorsLeave) {
  const persistence::ScratchDirectory scratch;
  const std::string directory = scratch / "store";
  std::atomic<int> ended{0};
  {
    Settings settings = stored_in(directory);
    settings.span_processors = {{.on_end = [&ended](EndingSpan& span) {
      span.set_attribute("server.address", "hidden");
      if (++ended % 2 == 0) span.drop();
      EXPECT_EQ(span.name(), "charge");
    }}};
    Telemetry telemetry = start(settings);
    const Tracer tracer = telemetry.tracer("http");
    for (int i = 0; i < 200; ++i) {
      Span span = tracer.start_span(
          "charge", {.kind = SpanKind::client,
                     .attributes = {{"http.request.method", "GET"}, {"server.address", "secret"}}});
    }
  }
  const auto items = items_in(directory);
  EXPECT_EQ(ended, 200);
  EXPECT_EQ(counted(items, "dependencies/duration", {R"("dependency/target":"hidden")"}), 200u);
  EXPECT_EQ(items_with(items, "secret"), 0u);
}

TEST(StandardMetrics, CountLogsThatAreLeftOutWithTheirTrace) {
  const persistence::ScratchDirectory scratch;
  const std::string directory = scratch / "store";
  {
    Settings settings = stored_in(directory);
    settings.logs.sampled_with_trace = true;
    Telemetry telemetry = start(settings);
    const Tracer tracer = telemetry.tracer("http");
    const Logger logger = telemetry.logger("http");
    for (int i = 0; i < 100; ++i) {
      Span span = tracer.start_span("GET /", {.kind = SpanKind::server});
      const Scope scope(span);
      logger.info("paid", {{"order.id", i}});
      logger.error("declined", {{"exception.type", "Declined"}, {"exception.message", "no"}});
    }
  }
  const auto items = items_in(directory);
  EXPECT_EQ(counted(items, "traces/count"), 100u);
  EXPECT_EQ(counted(items, "exceptions/count"), 100u);
  EXPECT_LT(items_with(items, R"("baseType":"ExceptionData")"), 50u);
}

}  // namespace
}  // namespace posthaste
