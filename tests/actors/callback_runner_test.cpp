#include "actors/callback_runner.h"

#include "tests/support/metric_points.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>

namespace posthaste::actors {
namespace {

using namespace std::chrono_literals;
using posthaste::testing_support::ManualClock;

/// Lives for ever, as a Producer's does: a callback that hangs may outlive its test.
Ingress& lasting_ingress() {
  static auto& all = *new std::deque<Ingress>;
  return all.emplace_back();
}

struct Runner {
  Runner() {
    ingress.set(Ingress::open);
    store =
        std::make_shared<metrics::MetricStore>(metrics::MetricStoreSetup{}, ingress, clock, sink);
    bool made = false;
    meter = &store->meter("shop", 0, made);
    runner = std::make_unique<CallbackRunner>(store, [this](std::uint32_t) {
      ++finished;
      finished.notify_all();
    });
  }
  std::shared_ptr<metrics::Callback> add(const char* name, std::function<void()> body) {
    auto* const instrument = meter->make({.name = name, .kind = InstrumentKind::observable_gauge});
    auto made = std::make_shared<metrics::Callback>(
        *instrument, [body = std::move(body)](std::uint64_t) { body(); });
    meter->callbacks().add(made);
    return made;
  }
  void wait_for(int runs) {
    for (int now = finished; now < runs; now = finished) finished.wait(now);
  }

  Ingress& ingress = lasting_ingress();
  ManualClock clock;
  DiagnosticsSink sink{[](const Diagnostic&) {}, clock};
  std::shared_ptr<metrics::MetricStore> store;
  metrics::MeterState* meter;
  std::atomic<int> finished{0};
  std::unique_ptr<CallbackRunner> runner;
};

TEST(CallbackRunner, RunsAllCallbacksAndSaysWhenTheyReturned) {
  Runner r;
  int runs = 0;
  r.add("a", [&] { ++runs; });
  r.add("b", [&] { ++runs; });
  ASSERT_TRUE(r.runner->run(0, 5));
  r.wait_for(1);
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(r.meter->observed(), 5u);
  EXPECT_EQ(r.runner->pass_by(0, 5), "");
  EXPECT_TRUE(r.runner->end(5s));
}

TEST(CallbackRunner, TellsWhichCallbackThrew) {
  Runner r;
  r.add("bad", [] { throw 7; });
  r.runner->run(0, 1);
  r.wait_for(1);
  const auto failures = r.runner->take_failures(0);
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].instrument, "bad");
  EXPECT_TRUE(r.runner->take_failures(0).empty());
}

TEST(CallbackRunner, LeavesAHangingCallbackBehindAndGoesOn) {
  Runner r;
  std::promise<void> begun, free;
  const std::shared_future<void> freed = free.get_future().share();
  int good = 0;
  bool hung_once = false;
  const auto hung = r.add("hung", [&, freed] {
    if (std::exchange(hung_once, true)) return;
    begun.set_value();
    freed.wait();
  });
  r.add("good", [&] { ++good; });
  r.runner->run(0, 1);
  begun.get_future().wait();
  EXPECT_EQ(r.runner->pass_by(0, 1), "hung");
  r.wait_for(1);
  EXPECT_EQ(good, 1);
  r.runner->run(0, 2);  // the one that hangs is left out
  r.wait_for(2);
  EXPECT_EQ(good, 2);
  EXPECT_FALSE(r.runner->end(0ms));
  free.set_value();
  hung->cancel();  // waits for it
}

TEST(CallbackRunner, RunsNoneThatWasCancelled) {
  Runner r;
  int runs = 0;
  const auto callback = r.add("a", [&] { ++runs; });
  callback->cancel();
  r.runner->run(0, 1);
  r.wait_for(1);
  EXPECT_EQ(runs, 0);
  EXPECT_TRUE(r.meter->callbacks().empty());
}

}  // namespace
}  // namespace posthaste::actors
