#include "tests/actors/scripted_ingestion.h"

#include <posthaste/posthaste.h>
#include <posthaste/testing.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <tuple>

namespace posthaste {
namespace {

using namespace std::chrono_literals;
using actors::testing_support::Ids;
using actors::testing_support::Reply;
using actors::testing_support::ScriptedIngestion;
using testing::RecordedPoint;
using testing::ValueMap;

/// A Telemetry with two outputs: a service that answers as the test says, and memory, where the
/// self-metrics are read. What the service received is counted by the test itself.
struct Rig {
  explicit Rig(bool self_metrics = true) {
    server.set_script([this](const Ids& ids) { return answer(ids); });
    Settings settings;
    settings.service_name = "test";
    settings.outputs = {AzureMonitor{.connection_string = server.connection_string()},
                        memory.output()};
    settings.store.enabled = false;
    settings.batch.delay = 20ms;
    settings.metrics.self_metrics = self_metrics;
    settings.metrics.performance_counters = false;
    settings.metrics.standard_metrics = false;
    settings.diagnostics = [](const Diagnostic&) {};
    telemetry = start(settings);
  }

  void record(int spans, int logs) {
    for (int i = 0; i < spans; ++i) telemetry.tracer("t").start_span("work").end();
    for (int i = 0; i < logs; ++i) telemetry.logger("l").emit(Severity::info, "text");
  }
  void flush() { ASSERT_TRUE(telemetry.flush(10s).complete); }

  /// The sum of a metric's points so far; of counters that is their total.
  double total(std::string_view name, const ValueMap& attributes = {}) const {
    double sum = 0;
    for (const RecordedPoint& point : memory.points(name, attributes)) sum += point.number();
    return sum;
  }
  /// The count of a counter's points without the attribute that tells of a failure.
  double succeeded(std::string_view name, const std::string& component) const {
    double sum = 0;
    for (const RecordedPoint& point : memory.points(name, {{"otel.component.name", component}})) {
      if (!point.attributes.contains("error.type")) sum += point.number();
    }
    return sum;
  }
  std::uint64_t measured(std::string_view name, const ValueMap& attributes) const {
    std::uint64_t count = 0;
    for (const RecordedPoint& point : memory.points(name, attributes)) count += point.count;
    return count;
  }
  void expect_sums_to_close() const {
    const Ledger ledger = telemetry.ledger();
    for (const OutputLedger& output : ledger.outputs) {
      EXPECT_EQ(ledger.accepted + output.recovered, output.delivered + output.in_store +
                                                        output.resident + output.for_others +
                                                        output.dropped.total())
          << output.name;
    }
  }

  std::atomic<int> refuse_next{0};  // requests with spans to be answered with this status:
  std::atomic<int> refusal{400};
  std::atomic<std::uint64_t> received_spans{0};
  std::atomic<std::uint64_t> received_others{0};  // lines of logs and metric points
  ScriptedIngestion server;
  testing::InMemoryOutput memory;
  Telemetry telemetry;

private:
  Reply answer(const Ids& ids) {
    // Not one of points alone, which may go first where the machine is busy.
    const bool spans =
        std::any_of(ids.begin(), ids.end(), [](const auto& id) { return !id.empty(); });
    if (refuse_next > 0 && spans) {
      --refuse_next;
      return {.status = refusal};
    }
    for (const std::string& id : ids) ++(id.empty() ? received_others : received_spans);
    return actors::testing_support::accept_all(ids);
  }
};

constexpr const char* azure = "azure_monitor_exporter/azure_monitor";
constexpr const char* in_memory = "local_exporter/local";

TEST(SelfMetrics, TellWhatTheReceiverGot) {
  Rig rig;
  const Counter<> orders = rig.telemetry.meter("shop").counter("orders");
  rig.record(30, 20);
  orders.add(1);
  orders.add(1, {{"country", "fr"}});
  rig.flush();
  rig.flush();  // tells what the one before delivered
  EXPECT_EQ(rig.received_spans, 30u);
  EXPECT_EQ(
      rig.total("otel.sdk.span.started", {{"otel.span.sampling_result", "RECORD_AND_SAMPLE"}}), 30);
  EXPECT_EQ(rig.total("otel.sdk.log.created"), 20);
  for (const char* component : {azure, in_memory}) {
    EXPECT_EQ(rig.succeeded("otel.sdk.exporter.span.exported", component), 30) << component;
    EXPECT_EQ(rig.succeeded("otel.sdk.exporter.log.exported", component), 20) << component;
    EXPECT_GE(rig.succeeded("otel.sdk.exporter.metric_data_point.exported", component), 2);
  }
  EXPECT_EQ(
      rig.succeeded("otel.sdk.processor.span.processed", "batching_span_processor/azure_monitor"),
      30);
  EXPECT_EQ(
      rig.succeeded("otel.sdk.processor.log.processed", "batching_log_processor/azure_monitor"),
      20);
  EXPECT_GE(rig.total("Request_Success_Count", {{"otel.component.name", azure}}), 1);
  EXPECT_GE(rig.measured("otel.sdk.exporter.operation.duration", {{"otel.component.name", azure}}),
            1u);
  EXPECT_GE(rig.measured("otel.sdk.metric_reader.collection.duration", {}), 1u);
  rig.expect_sums_to_close();
}

TEST(SelfMetrics, AreSeventeenOfTheConventionsAndComeWithTheirUnits) {
  Rig rig;
  rig.telemetry.meter("shop").counter("orders").add(1);
  rig.record(1, 1);
  rig.flush();
  rig.flush();
  std::map<std::string, std::string> units;
  for (const RecordedPoint& point : rig.memory.points()) {
    if (!point.name.starts_with("otel.sdk.")) continue;
    EXPECT_EQ(point.scope_name, "posthaste");
    EXPECT_FALSE(point.description.empty());
    units[point.name] = point.unit;
  }
  const std::map<std::string, std::string> expected{
      {"otel.sdk.span.live", "{span}"},
      {"otel.sdk.span.started", "{span}"},
      {"otel.sdk.processor.span.queue.size", "{span}"},
      {"otel.sdk.processor.span.queue.capacity", "{span}"},
      {"otel.sdk.processor.span.processed", "{span}"},
      {"otel.sdk.exporter.span.inflight", "{span}"},
      {"otel.sdk.exporter.span.exported", "{span}"},
      {"otel.sdk.log.created", "{log_record}"},
      {"otel.sdk.processor.log.queue.size", "{log_record}"},
      {"otel.sdk.processor.log.queue.capacity", "{log_record}"},
      {"otel.sdk.processor.log.processed", "{log_record}"},
      {"otel.sdk.exporter.log.inflight", "{log_record}"},
      {"otel.sdk.exporter.log.exported", "{log_record}"},
      {"otel.sdk.exporter.metric_data_point.inflight", "{data_point}"},
      {"otel.sdk.exporter.metric_data_point.exported", "{data_point}"},
      {"otel.sdk.exporter.operation.duration", "s"},
      {"otel.sdk.metric_reader.collection.duration", "s"},
  };
  EXPECT_EQ(units, expected);
}

/// By series: the value of a number, or the count of a distribution.
using Picture = std::map<std::tuple<std::string, ValueMap>, double>;
Picture picture_of(const testing::InMemoryOutput& memory) {
  Picture picture;
  for (const RecordedPoint& point : memory.points()) {
    if (point.scope_name != "posthaste" || point.name == "Request_Duration") continue;
    picture[{point.name, point.attributes}] = point.kind == testing::MetricKind::histogram
                                                  ? static_cast<double>(point.count)
                                                  : point.number();
  }
  return picture;
}

TEST(SelfMetrics, OfAnIdleProcessReachAFixedPoint) {
  Rig rig;
  rig.record(5, 5);
  rig.flush();
  rig.flush();
  Picture before;
  for (int interval = 0; interval < 6; ++interval) {
    rig.memory.clear();
    rig.flush();
    const Picture now = picture_of(rig.memory);
    EXPECT_GT(now.size(), 15u);
    if (interval > 0) {
      EXPECT_EQ(now, before) << interval;
    }
    before = now;
  }
  EXPECT_EQ(
      before.at({"otel.sdk.exporter.span.exported",
                 {{"otel.component.type", "local_exporter"}, {"otel.component.name", in_memory}}}),
      0);
  const Diagnostics diagnostics = rig.telemetry.diagnostics();
  EXPECT_GE(diagnostics.ledger.accepted, 8 * before.size()) << "they are in the ledger";
  rig.expect_sums_to_close();
}

TEST(SelfMetrics, CountLiveAndStartedSpansAndThoseThatAreSampledOut) {
  testing::InMemoryOutput memory;
  Settings settings;
  settings.outputs = {memory.output()};
  settings.metrics.self_metrics = true;
  settings.sampler = [](const SamplingRequest& request) {
    return request.name == "dropped" ? SamplingDecision::drop() : SamplingDecision::keep();
  };
  Telemetry telemetry = start(settings);
  const Tracer tracer = telemetry.tracer("t");
  const auto last = [&](const char* name, const ValueMap& attributes) {
    const auto points = memory.points(name, attributes);
    return points.empty() ? -1 : points.back().number();
  };
  const auto sum = [&](const char* result) {
    double all = 0;
    for (const RecordedPoint& point :
         memory.points("otel.sdk.span.started", {{"otel.span.sampling_result", result}})) {
      all += point.number();
    }
    return all;
  };
  {
    const Span first = tracer.start_span("a");
    const Span second = tracer.start_span("b");
    for (int i = 0; i < 7; ++i) tracer.start_span("dropped").end();
    telemetry.flush(10s);
    EXPECT_EQ(last("otel.sdk.span.live", {}), 2);
    EXPECT_EQ(sum("RECORD_AND_SAMPLE"), 2);
    EXPECT_EQ(sum("DROP"), 7);
  }
  tracer.start_span("c").end();
  telemetry.flush(10s);
  telemetry.flush(10s);
  EXPECT_EQ(last("otel.sdk.span.live", {}), 0);
  EXPECT_EQ(sum("RECORD_AND_SAMPLE"), 3);
  EXPECT_EQ(sum("DROP"), 7);
}

TEST(SelfMetrics, NameTheFailureOfABatch) {
  Rig rig;
  rig.refuse_next = 1;
  rig.record(10, 3);
  rig.flush();
  rig.flush();
  // The first request may hold less than all.
  const double lost_spans =
      rig.total("otel.sdk.exporter.span.exported", {{"error.type", "rejected"}});
  EXPECT_EQ(lost_spans + static_cast<double>(rig.received_spans), 10);
  EXPECT_EQ(rig.succeeded("otel.sdk.exporter.span.exported", azure),
            static_cast<double>(rig.received_spans));
  const double lost_logs =
      rig.total("otel.sdk.exporter.log.exported", {{"error.type", "rejected"}});
  EXPECT_GT(lost_spans + lost_logs, 0);
  EXPECT_EQ(rig.total("Request_Failure_Count", {{"statusCode", std::int64_t{400}}}), 1);
  EXPECT_GE(rig.total("Item_Dropped_Count", {{"dropReason", "rejected"}}), lost_spans + lost_logs);
  EXPECT_EQ(rig.measured("otel.sdk.exporter.operation.duration",
                         {{"error.type", "400"}, {"http.response.status_code", std::int64_t{400}}}),
            1u);
  rig.expect_sums_to_close();
}

TEST(SelfMetrics, AreNotSentUnlessAskedForButAlwaysInTheDiagnostics) {
  Rig rig(false);
  rig.record(4, 0);
  rig.flush();
  for (const RecordedPoint& point : rig.memory.points()) EXPECT_NE(point.scope_name, "posthaste");
  const Diagnostics diagnostics = rig.telemetry.diagnostics();
  ASSERT_EQ(diagnostics.health.outputs.size(), 2u);
  const OutputHealth& output = diagnostics.health.outputs[0];
  EXPECT_GE(output.requests.succeeded, 1u);
  EXPECT_GT(output.requests.average_duration, 0ns);
  EXPECT_GT(output.encoded_up_to.count, 0u);
  EXPECT_EQ(output.behind.count, 0u);
  EXPECT_GT(output.delivered_per_second, 0);
  EXPECT_EQ(diagnostics.ledger.outputs[0].delivered, diagnostics.ledger.accepted);
}

TEST(Diagnostics, ShowMeasurementsThatWereNotTaken) {
  testing::InMemoryOutput memory;
  Settings settings;
  settings.outputs = {memory.output()};
  settings.metrics.cardinality_limit = 10;
  settings.diagnostics = [](const Diagnostic&) {};
  Telemetry telemetry = start(settings);
  const Meter meter = telemetry.meter("shop");
  const Counter<> orders = meter.counter("orders");
  orders.add(-1);
  meter.histogram("latency").record(std::numeric_limits<double>::quiet_NaN());
  for (std::int64_t i = 0; i < 25; ++i) orders.add(1, {{"n", i}});
  const auto stock = meter.observable_gauge<std::int64_t>("stock");
  const Registration watched =
      stock.observe([](Observer<std::int64_t>&) { throw std::runtime_error("no"); });
  telemetry.flush(10s);
  const MetricHealth metrics = telemetry.diagnostics().health.metrics;
  EXPECT_EQ(metrics.refused[MeasurementRefusal::negative], 1u);
  EXPECT_EQ(metrics.refused[MeasurementRefusal::not_finite], 1u);
  EXPECT_EQ(metrics.overflowed, 16u);  // the overflow is one of the ten
  EXPECT_EQ(metrics.callback_failures, 1u);
  EXPECT_GT(metrics.memory.count, 1'000u);
  EXPECT_EQ(to_string(MeasurementRefusal::not_finite), "not_finite");
}

}  // namespace
}  // namespace posthaste
