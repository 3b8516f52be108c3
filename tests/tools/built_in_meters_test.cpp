// The whole product: what Posthaste measures by itself arrives where it is for.

#include "tools/emulator/emulator.h"

#include "runtime/base/clock.h"

#include <posthaste/posthaste.h>
#include <posthaste/testing.h>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>

namespace posthaste::tools {
namespace {

using namespace std::chrono_literals;

struct BuiltInMeters : ::testing::Test {
  BuiltInMeters() {
    std::filesystem::remove_all(store);
    auto started = Emulator::start({}, system_clock());
    if (!started) std::abort();
    emulator = std::move(*started);
    thread = std::thread([this] { emulator->run(); });
    settings.service_name = "test";
    settings.outputs = {AzureMonitor{.connection_string = emulator->address().connection_string()},
                        memory.output()};
    settings.store.directory = store;
    settings.diagnostics = [](const Diagnostic&) {};
  }
  ~BuiltInMeters() override {
    stop();
    std::filesystem::remove_all(store);
  }
  void stop() {
    if (!thread.joinable()) return;
    emulator->stop();
    thread.join();
  }
  /// Runs, records one span, ends; false when something was lost on the way.
  bool run() {
    Telemetry telemetry = start(settings);
    if (!telemetry.is_running()) return false;
    { Span span = telemetry.tracer("t").start_span("span", {.kind = SpanKind::client}); }
    telemetry.flush(10s);
    const FlushReport report = telemetry.shutdown(10s);
    const OutputLedger& azure = report.ledger.outputs.at(0);
    const OutputLedger& local = report.ledger.outputs.at(1);
    EXPECT_EQ(report.ledger.accepted, azure.delivered + azure.for_others);
    EXPECT_EQ(report.ledger.accepted, local.delivered + local.for_others);
    return report.complete;
  }
  /// Names of the metrics that the receiver of Azure Monitor's outputs has.
  std::set<std::string> received() {
    stop();
    std::set<std::string> names;
    const auto summary = boost::json::parse(emulator->summary()).as_object();
    EXPECT_EQ(summary.at("items").at("rejected").as_int64(), 0);
    for (const auto& metric : summary.at("metrics").as_object()) {
      names.insert(std::string(metric.key()));
    }
    return names;
  }
  std::set<std::string> in_memory() const {
    std::set<std::string> names;
    for (const testing::RecordedPoint& point : memory.points()) names.insert(point.name);
    return names;
  }

  const std::string store = std::filesystem::path(::testing::TempDir()) /
                            (std::string("posthaste_built_in_meters_") +
                             ::testing::UnitTest::GetInstance()->current_test_info()->name());
  std::unique_ptr<Emulator> emulator;
  std::thread thread;
  testing::InMemoryOutput memory;
  Settings settings;
};

// Processor times are rates, of at least a second, and this is over sooner.
TEST_F(BuiltInMeters, SendPerformanceCountersToAzureMonitorAloneUnlessToldOtherwise) {
  ASSERT_TRUE(run());
  const auto names = received();
  EXPECT_TRUE(names.contains(R"(\Process(??APP_WIN32_PROC??)\Private Bytes)"));
  EXPECT_TRUE(names.contains(R"(\Memory\Available Bytes)"));
  EXPECT_FALSE(names.contains("process.memory.usage"));
  EXPECT_FALSE(in_memory().contains("Private_Bytes"));
  EXPECT_EQ(memory.spans().size(), 1u);
}

TEST_F(BuiltInMeters, SendProcessMetricsToAllOutputsWhenAskedTo) {
  settings.metrics.process_metrics = true;
  settings.metrics.performance_counters = false;
  ASSERT_TRUE(run());
  const auto names = received();
  EXPECT_FALSE(names.contains(R"(\Process(??APP_WIN32_PROC??)\Private Bytes)"));
  for (const char* name :
       {"process.cpu.time", "process.memory.usage", "process.memory.virtual",
        "process.thread.count", "process.context_switches", "process.paging.faults",
        "process.unix.file_descriptor.count", "process.uptime"}) {
    EXPECT_TRUE(names.contains(name)) << name;
    EXPECT_TRUE(in_memory().contains(name)) << name;
  }
  const auto points = memory.points("process.memory.usage");
  ASSERT_FALSE(points.empty());
  EXPECT_EQ(points[0].scope_name, "posthaste.process");
  EXPECT_EQ(points[0].unit, "By");
  EXPECT_GT(points[0].number(), 1'000'000);
}

TEST_F(BuiltInMeters, StartNoThreadOfTheirOwn) {
  settings.metrics.process_metrics = true;
  Telemetry telemetry = start(settings);
  ASSERT_TRUE(telemetry.is_running());
  telemetry.flush(10s);
  std::set<std::string> names;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    std::getline(file, name);
    names.insert(name);
  }
  EXPECT_TRUE(names.contains("posthaste.cpu"));
  EXPECT_FALSE(names.contains("posthaste.obs"));
}

}  // namespace
}  // namespace posthaste::tools
