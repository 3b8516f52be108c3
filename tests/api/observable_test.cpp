#include <posthaste/posthaste.h>
#include <posthaste/testing.h>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <stdexcept>

namespace posthaste {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  Fixture() {
    Settings settings;
    settings.service_name = "test";
    settings.outputs = {memory.output()};
    settings.diagnostics = [this](const Diagnostic& diagnostic) {
      const std::lock_guard lock(mutex);
      if (diagnostic.severity >= Severity::warn) said.push_back(diagnostic);
    };
    telemetry = start(settings);
    meter = telemetry.meter("shop");
  }
  testing::InMemoryOutput memory;
  std::mutex mutex;
  std::vector<Diagnostic> said;
  Telemetry telemetry;
  Meter meter;
};

TEST(Observable, AsksOnceForEachCollection) {
  Fixture f;
  std::int64_t served = 100;
  int asked = 0;
  const Registration watched =
      f.meter.observable_counter("served").observe([&](Observer<std::int64_t>& to) {
        ++asked;
        to.observe(served, {{"kind", "page"}});
      });
  const Registration stock = f.meter.observable_up_down_counter("stock").observe(
      [](Observer<std::int64_t>& to) { to.observe(7); });
  const Registration heat =
      f.meter.observable_gauge("heat").observe([](Observer<double>& to) { to.observe(0.5); });
  f.telemetry.flush(5s);
  served = 130;
  f.telemetry.flush(5s);
  EXPECT_EQ(asked, 2);
  const auto points = f.memory.points("served", {{"kind", std::string("page")}});
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].number(), 100);
  EXPECT_EQ(points[1].number(), 30);
  EXPECT_EQ(f.memory.points("stock").at(1).number(), 7);
  EXPECT_EQ(f.memory.points("heat").at(1).number(), 0.5);
}

TEST(Observable, AsksNoMoreOnceTheRegistrationIsGone) {
  Fixture f;
  const ObservableGauge<> heat = f.meter.observable_gauge("heat");
  std::atomic<int> asked{0};
  {
    const Registration watched = heat.observe([&](Observer<double>& to) {
      ++asked;
      to.observe(1);
    });
    f.telemetry.flush(5s);
  }
  f.telemetry.flush(5s);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(f.memory.points("heat").size(), 1u);
}

TEST(Observable, MayBeCancelledByItsOwnCallback) {
  Fixture f;
  Registration watched;
  std::atomic<int> asked{0};
  watched = f.meter.observable_gauge("heat").observe([&](Observer<double>& to) {
    ++asked;
    to.observe(1);
    watched.cancel();
  });
  f.telemetry.flush(5s);
  f.telemetry.flush(5s);
  EXPECT_EQ(asked, 1);
}

TEST(Observable, SuffersNothingFromACallbackThatThrows) {
  Fixture f;
  const Registration bad = f.meter.observable_gauge("bad").observe(
      [](Observer<double>&) { throw std::runtime_error("no thermometer"); });
  const Registration good =
      f.meter.observable_gauge("good").observe([](Observer<double>& to) { to.observe(1); });
  EXPECT_TRUE(f.telemetry.flush(5s).complete);
  EXPECT_EQ(f.memory.points("good").size(), 1u);
  EXPECT_TRUE(f.memory.points("bad").empty());
  const std::lock_guard lock(f.mutex);
  ASSERT_EQ(f.said.size(), 1u);
  EXPECT_EQ(f.said[0].code, DiagnosticCode::observation_failed);
  EXPECT_NE(f.said[0].message.find("no thermometer"), std::string::npos);
}

TEST(Observable, GoesOnWithoutACallbackThatHangs) {
  Fixture f;
  std::promise<void> free;
  const std::shared_future<void> freed = free.get_future().share();
  const Counter<> orders = f.meter.counter("orders");
  Registration hung = f.meter.observable_gauge("hung").observe([freed](Observer<double>& to) {
    freed.wait();
    to.observe(1);
  });
  const Registration good =
      f.meter.observable_gauge("good").observe([](Observer<double>& to) { to.observe(1); });
  orders.add(1);
  EXPECT_TRUE(f.telemetry.flush(5s).complete);
  EXPECT_EQ(f.memory.points("orders").size(), 1u);
  EXPECT_TRUE(f.memory.points("hung").empty());
  // From now on the others have a thread of their own.
  EXPECT_TRUE(f.telemetry.flush(5s).complete);
  EXPECT_GE(f.memory.points("good").size(), 1u);
  {
    const std::lock_guard lock(f.mutex);
    ASSERT_GE(f.said.size(), 1u);
    EXPECT_EQ(f.said[0].code, DiagnosticCode::observation_failed);
    EXPECT_NE(f.said[0].message.find("\"hung\""), std::string::npos);
  }
  free.set_value();
  hung.cancel();
}

TEST(Observable, DoesNothingWithoutATelemetry) {
  Registration none = Meter().observable_gauge("heat").observe([](Observer<double>&) {});
  none.cancel();
  Registration outlives;
  {
    Fixture f;
    outlives =
        f.meter.observable_gauge("heat").observe([](Observer<double>& to) { to.observe(1); });
  }
  outlives.cancel();
}

}  // namespace
}  // namespace posthaste
