#include "tests/support/recorder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>
#include <thread>

namespace posthaste {
namespace {

using testing_support::Recorded;
using testing_support::Recorder;

/// Every record arrives once, whole, while a reader drains beside the writers.
TEST(Threads, RecordBesideEachOtherAndNothingIsLostOrTorn) {
  Recorder recorder({}, {16 << 20});
  constexpr int threads = 4, each = 5000;
  std::atomic<int> done = 0;
  std::vector<std::thread> writers;
  for (int t = 0; t < threads; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        Span span = recorder.tracer().start_span("span");
        span.set_attribute("number", t * each + i).set_attribute("again", t * each + i);
        const Scope scope(span);
        recorder.logger().info("log", {{"number", t * each + i}});
      }
      ++done;
    });
  }
  std::set<std::int64_t> spans, logs;
  const auto collect = [&] {
    for (const Recorded& record : recorder.take()) {
      const std::int64_t number = record->attribute("number")->int64();
      const bool is_log = record->head().type == model::RecordType::log;
      EXPECT_TRUE((is_log ? logs : spans).insert(number).second) << "twice: " << number;
      if (!is_log) {
        EXPECT_EQ(record->attribute("again")->int64(), number);
      }
    }
  };
  while (done < threads) collect();
  for (std::thread& writer : writers) writer.join();
  collect();
  const auto refused = recorder.producer().refused().total();
  EXPECT_EQ(spans.size() + logs.size() + refused, 2u * threads * each);
}

TEST(Threads, ASpanMayEndOnAnotherThread) {
  Recorder recorder;
  constexpr int spans = 3000;
  for (int i = 0; i < spans / 100; ++i) {
    std::vector<Span> open;
    for (int k = 0; k < 100; ++k) open.push_back(recorder.tracer().start_span("handed over"));
    std::thread([moved = std::move(open)]() mutable { moved.clear(); }).join();
    EXPECT_EQ(recorder.take().size(), 100u);
  }
  EXPECT_LE(recorder.arena().header().slot_segments.load(), 8u);
}

/// How many spans can be open at once.
std::size_t room_for_open_spans(const Recorder& recorder) {
  std::vector<Span> open;
  do {
    open.push_back(recorder.tracer().start_span("open"));
  } while (open.back().is_recording());
  return open.size() - 1;
}

TEST(Threads, ThatIdleKeepFewSlotsForThemselves) {
  Recorder recorder({}, {4 << 20});
  constexpr int threads = 200;
  std::latch recorded(threads), enough(1);
  std::vector<std::thread> idle;
  for (int t = 0; t < threads; ++t) {
    idle.emplace_back([&] {
      { Span span = recorder.tracer().start_span("once"); }
      recorded.count_down();
      enough.wait();
    });
  }
  recorded.wait();
  const std::size_t segments = recorder.arena().geometry().segments;
  const std::size_t slots = segments / 4 * arena::slots_per_segment;
  ASSERT_GT(threads, slots / 8);  // or this proves nothing
  const std::size_t room = room_for_open_spans(recorder);
  EXPECT_GE(room, slots - segments * arena::slots_per_segment / 32);
  EXPECT_LT(room, slots);
  enough.count_down();
  for (std::thread& thread : idle) thread.join();
  EXPECT_EQ(room_for_open_spans(recorder), slots);
}

TEST(Threads, MayRecordForSeveralInTurn) {
  Recorder first, second;
  for (int i = 0; i < 100; ++i) {
    Span one = first.tracer().start_span("one");
    Span two = second.tracer().start_span("two");
  }
  EXPECT_EQ(first.take().size(), 100u);
  EXPECT_EQ(second.take().size(), 100u);
  Recorder third;
  { Span span = third.tracer().start_span("three"); }
  EXPECT_EQ(third.take().size(), 1u);
}

TEST(Threads, ChildrenReadTheNameOfARootThatIsBeingRenamed) {
  Recorder recorder({}, {16 << 20});
  std::atomic<bool> stop = false;
  Span root = recorder.tracer().start_span("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  const Context context = root.context();
  std::thread children([&] {
    while (!stop) Span child = recorder.tracer().start_span("child", {.parent = &context});
  });
  for (int i = 0; i < 3000; ++i) {
    root.update_name(std::string(30, static_cast<char>('a' + i % 26)));
    if (i % 100 == 0) {
      for (const Recorded& record : recorder.take(500)) {
        const std::string_view name = record->text(model::EntryKind::operation_name);
        ASSERT_EQ(name.size(), 30u);
        EXPECT_EQ(name.find_first_not_of(name.front()), std::string_view::npos) << name;
      }
    }
  }
  stop = true;
  children.join();
}

TEST(Threads, ClosingBesideWritersLosesNoCount) {
  for (int round = 0; round < 20; ++round) {
    Recorder recorder;
    std::atomic<std::uint64_t> ended = 0;
    std::vector<std::thread> writers;
    std::atomic<bool> stop = false;
    for (int t = 0; t < 3; ++t) {
      writers.emplace_back([&] {
        while (!stop) {
          { Span span = recorder.tracer().start_span("span"); }
          ++ended;
        }
      });
    }
    while (ended < 300) std::this_thread::yield();
    recorder.producer().close();
    stop = true;
    for (std::thread& writer : writers) writer.join();
    const std::uint64_t accepted = recorder.take().size();
    EXPECT_EQ(accepted + recorder.producer().refused().total(), ended.load());
  }
}

TEST(Scope, ThatEndsOnAnotherThreadIsCountedAndHarmsNothing) {
  Recorder recorder;
  Span span = recorder.tracer().start_span("span");
  const std::uint64_t before = produce::misplaced_scopes();
  auto scope = std::make_unique<Scope>(span);
  std::thread([&] { scope.reset(); }).join();
  EXPECT_EQ(produce::misplaced_scopes(), before + 1);
  const Scope outer(span);  // takes its place above the one that was never ended here
}

TEST(Scope, ThatEndsBeforeTheOnesInsideTakesThemAlong) {
  Recorder recorder;
  const Context none = Context::current();
  Span one = recorder.tracer().start_span("one", {.parent = &none});
  Span two = recorder.tracer().start_span("two", {.parent = &none});
  auto outer = std::make_unique<Scope>(one);
  auto inner = std::make_unique<Scope>(two);
  outer.reset();
  const Scope next(one);
  inner.reset();
  EXPECT_EQ(Context::current().span_id(), one.context().span_id());
}

}  // namespace
}  // namespace posthaste
