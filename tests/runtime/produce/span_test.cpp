#include "tests/support/recorder.h"

#include <gtest/gtest.h>

#include <poll.h>

#include <limits>
#include <map>
#include <random>
#include <stdexcept>

namespace posthaste {
namespace {

using model::EntryKind;
using testing_support::Recorded;
using testing_support::Recorder;
using namespace std::chrono_literals;

TEST(Span, CarriesItsNameKindIdsAndTimes) {
  Recorder recorder;
  const WallTime before = system_clock().wall();
  TraceId trace;
  SpanId id;
  {
    Span span = recorder.tracer().start_span("charge card", {.kind = SpanKind::client});
    EXPECT_TRUE(span.is_recording());
    trace = span.context().trace_id();
    id = span.context().span_id();
  }
  const Recorded record = recorder.one();
  EXPECT_EQ(record->text(EntryKind::name), "charge card");
  EXPECT_EQ(record->head().kind, static_cast<std::uint8_t>(SpanKind::client));
  EXPECT_EQ(record->head().trace_id, trace);
  EXPECT_EQ(record->head().span_id, id);
  EXPECT_FALSE(record->head().parent_span_id.is_valid());
  EXPECT_EQ(record->head().sample_rate, 100);
  const TickScale scale = recorder.arena().tick_scale();
  EXPECT_GE(model::start_of(record->head(), scale), before - 10ms);
  EXPECT_GE(model::duration_of(record->head(), scale), 0ns);
  EXPECT_LT(model::duration_of(record->head(), scale), 10s);
}

TEST(Span, KeepsEveryTypeOfAttribute) {
  Recorder recorder;
  const std::int64_t integers[] = {1, -2, std::numeric_limits<std::int64_t>::min()};
  const double doubles[] = {0.5, -1e300};
  const bool booleans[] = {true, false, true};
  const std::string_view strings[] = {"a", "", "\xc3\xa4"};
  {
    Span span = recorder.tracer().start_span("all");
    span.set_attribute("string", "text").set_attribute("bool", true).set_attribute("int", 42);
    span.set_attribute("double", 2.5).set_attribute("unsigned", ~std::uint64_t{0});
    span.set_attribute("integers", std::span<const std::int64_t>(integers));
    span.set_attribute("doubles", std::span<const double>(doubles));
    span.set_attribute("booleans", std::span<const bool>(booleans));
    span.set_attribute("strings", std::span<const std::string_view>(strings));
  }
  const Recorded record = recorder.one();
  EXPECT_EQ(record->head().attributes, 9);
  EXPECT_EQ(record->attribute("string")->string(), "text");
  EXPECT_TRUE(record->attribute("bool")->boolean());
  EXPECT_EQ(record->attribute("int")->int64(), 42);
  EXPECT_EQ(record->attribute("double")->float64(), 2.5);
  EXPECT_EQ(record->attribute("unsigned")->int64(), std::numeric_limits<std::int64_t>::max());
  std::vector<std::int64_t> got_integers;
  record->attribute("integers")->for_each_element([&](auto value) {
    if constexpr (std::is_same_v<decltype(value), std::int64_t>) got_integers.push_back(value);
  });
  EXPECT_EQ(got_integers, std::vector<std::int64_t>(std::begin(integers), std::end(integers)));
  std::vector<std::string_view> got_strings;
  record->attribute("strings")->for_each_element([&](auto value) {
    if constexpr (std::is_same_v<decltype(value), std::string_view>) got_strings.push_back(value);
  });
  EXPECT_EQ(got_strings, std::vector<std::string_view>(std::begin(strings), std::end(strings)));
}

TEST(Span, AKeySetTwiceKeepsTheLastValue) {
  Recorder recorder;
  {
    Span span = recorder.tracer().start_span("twice");
    span.set_attribute("word", 1).set_attribute("text", "first").set_attribute("word", 2);
    span.set_attribute("text", "second").set_attribute("text", 3);
  }
  const Recorded record = recorder.one();
  EXPECT_EQ(record->head().attributes, 2);
  EXPECT_EQ(record->attribute("word")->int64(), 2);
  EXPECT_EQ(record->attribute("text")->int64(), 3);
}

TEST(Span, CountsWhatGoesBeyondItsLimits) {
  Recorder recorder({.span_limits = {.attributes = 2,
                                     .events = 1,
                                     .links = 1,
                                     .event_attributes = 1,
                                     .link_attributes = 0,
                                     .value_length = 3}});
  const Context other = Context::remote(*TraceId::from_hex("0af7651916cd43dd8448eb211c80319c"),
                                        *SpanId::from_hex("b7ad6b7169203331"), true);
  {
    Span span = recorder.tracer().start_span("limited");
    span.set_attribute("a", "\xc3\xa4xyz").set_attribute("b", 2).set_attribute("c", 3);
    span.set_attribute("b", 4).set_attribute("", 5);
    span.add_event("kept", {{"x", 1}, {"y", 2}}).add_event("dropped");
    span.add_link(other, {{"x", 1}}).add_link(other);
  }
  const Recorded record = recorder.one();
  EXPECT_EQ(record->head().attributes, 2);
  EXPECT_EQ(record->head().dropped_attributes, 2u);
  EXPECT_EQ(record->attribute("a")->string(), "\xc3\xa4xy");
  EXPECT_EQ(record->attribute("b")->int64(), 4);
  EXPECT_EQ(record->head().events, 1);
  EXPECT_EQ(record->head().dropped_events, 1u);
  EXPECT_EQ(record->head().links, 1);
  EXPECT_EQ(record->head().dropped_links, 1);
  model::EntryRange entries = record->entries();
  while (const auto entry = entries.next()) {
    if (const auto event = model::EventView::from(*entry)) {
      EXPECT_EQ(event->name, "kept");
      EXPECT_EQ(event->head.attributes, 1);
      EXPECT_EQ(event->head.dropped_attributes, 1u);
    }
    if (const auto link = model::LinkView::from(*entry)) {
      EXPECT_EQ(link->head.trace_id, other.trace_id());
      EXPECT_EQ(link->head.dropped_attributes, 1u);
    }
  }
}

TEST(Span, HoldsLongTextsOverManySlots) {
  Recorder recorder;
  const std::string long_text(5000, 'l'), key(700, 'k');
  {
    Span span = recorder.tracer().start_span("long");
    span.set_attribute("first", 1).set_attribute("long", long_text).set_attribute(key, "value");
    span.add_event("event", {{"text", long_text}});
    span.set_attribute("first", 2).set_attribute("long", "short").set_attribute(key, "other");
  }
  const Recorded record = recorder.one();
  EXPECT_EQ(record->attribute("first")->int64(), 2);
  EXPECT_EQ(record->attribute("long")->string(), "short");
  EXPECT_EQ(record->attribute(key)->string(), "other");
  EXPECT_EQ(record->head().attributes, 3);
  EXPECT_EQ(record->head().events, 1);
}

TEST(Span, CutsAValueThatDoesNotFitIntoTheRecord) {
  Recorder recorder;
  const std::string huge(100'000, 'h');
  {
    Span span = recorder.tracer().start_span("huge");
    span.set_attribute("huge", huge).set_attribute("late", "no room").set_attribute("later", 1);
  }
  const Recorded record = recorder.one();
  EXPECT_GT(record->attribute("huge")->string().size(), 60'000u);
  EXPECT_TRUE(record->head().flags & model::record_flag::truncated);
  EXPECT_EQ(record->head().attributes + record->head().dropped_attributes, 3u);
  EXPECT_LE(record->head().length(), model::record_size_limit);
}

TEST(Span, SlotsOfLongSpansGoHome) {
  Recorder recorder;
  const std::string text(20'000, 't');
  std::uint32_t after_warm_up = 0;
  for (int i = 0; i < 200; ++i) {
    {
      Span span = recorder.tracer().start_span("long");
      span.set_attribute("text", text);
    }
    EXPECT_EQ(recorder.take().size(), 1u);
    const std::uint32_t segments = recorder.arena().header().slot_segments.load();
    if (i == 10) after_warm_up = segments;
    if (i > 10) {
      ASSERT_EQ(segments, after_warm_up);
    }
  }
}

TEST(Span, ChildrenFindTheirParentInTheCurrentScope) {
  Recorder recorder;
  SpanId parent, child;
  {
    Span outer = recorder.tracer().start_span("outer");
    parent = outer.context().span_id();
    const Scope scope(outer);
    {
      Span inner = recorder.tracer().start_span("inner");
      child = inner.context().span_id();
    }
    EXPECT_EQ(Context::current().span_id(), parent);
  }
  EXPECT_FALSE(Context::current().is_valid());
  std::map<std::string, SpanId> parents;
  for (const Recorded& record : recorder.take()) {
    parents[std::string(record->text(EntryKind::name))] = record->head().parent_span_id;
  }
  EXPECT_EQ(parents["inner"], parent);
  EXPECT_EQ(parents["outer"], SpanId());
}

TEST(Span, ADefaultContextAsParentStartsANewTrace) {
  Recorder recorder;
  Span outer = recorder.tracer().start_span("outer");
  const Scope scope(outer);
  const Context none;
  Span fresh = recorder.tracer().start_span("fresh", {.parent = &none});
  EXPECT_NE(fresh.context().trace_id(), outer.context().trace_id());
}

TEST(Span, EndsOnceAndKeepsItsIdsAfterwards) {
  Recorder recorder;
  Span span = recorder.tracer().start_span("once");
  const SpanId id = span.context().span_id();
  span.end();
  EXPECT_FALSE(span.is_recording());
  EXPECT_EQ(span.context().span_id(), id);
  span.set_attribute("late", 1);
  span.end();
  EXPECT_EQ(recorder.one()->head().attributes, 0);
}

TEST(Span, MovesAndEndsWithItsLastHolder) {
  Recorder recorder;
  {
    Span holder;
    {
      Span span = recorder.tracer().start_span("moved");
      holder = std::move(span);
    }
    EXPECT_TRUE(recorder.take().empty());
    holder.set_attribute("after", 1);
  }
  EXPECT_EQ(recorder.one()->head().attributes, 1);
}

TEST(Span, TakesTimesThatAreKnownFromElsewhere) {
  Recorder recorder;
  const TimePoint start{1'700'000'000s}, end{1'700'000'001s + 500ms};
  {
    Span span = recorder.tracer().start_span("imported", {.start_time = start});
    span.end(end);
  }
  const Recorded record = recorder.one();
  const TickScale scale = recorder.arena().tick_scale();
  EXPECT_EQ(model::start_of(record->head(), scale), start);
  EXPECT_EQ(model::duration_of(record->head(), scale), 1500ms);
}

TEST(Span, OkIsFinalAndADescriptionBelongsToErrors) {
  Recorder recorder;
  {
    Span span = recorder.tracer().start_span("status");
    span.set_status(StatusCode::error, "card declined").set_status(StatusCode::unset);
    span.set_status(StatusCode::ok, "ignored").set_status(StatusCode::error, "too late");
  }
  const Recorded record = recorder.one();
  EXPECT_EQ(record->head().status, static_cast<std::uint8_t>(StatusCode::ok));
  EXPECT_EQ(record->text(EntryKind::status_description), "");
}

struct CardDeclined : std::runtime_error {
  using std::runtime_error::runtime_error;
};

TEST(Span, RecordsAnExceptionWithItsTypeAndMessage) {
  Recorder recorder;
  {
    Span span = recorder.tracer().start_span("throws");
    try {
      throw CardDeclined("limit");
    } catch (...) {
      span.record_exception(std::current_exception(), {{"attempt", 2}});
    }
  }
  const Recorded record = recorder.one();
  EXPECT_EQ(record->head().status, static_cast<std::uint8_t>(StatusCode::error));
  model::EntryRange entries = record->entries();
  bool found = false;
  while (const auto entry = entries.next()) {
    const auto event = model::EventView::from(*entry);
    if (!event) continue;
    found = true;
    EXPECT_EQ(event->name, "exception");
    model::EntryRange attributes(event->attributes);
    std::map<std::string, std::string> texts;
    while (const auto attribute = attributes.next()) {
      if (attribute->type() == AttributeType::string) {
        texts[std::string(attribute->key())] = attribute->value().string();
      }
    }
    EXPECT_EQ(texts["exception.type"], "posthaste::(anonymous namespace)::CardDeclined");
    EXPECT_EQ(texts["exception.message"], "limit");
  }
  EXPECT_TRUE(found);
}

TEST(Span, LeftByAnUnwindingExceptionSaysSoUnlessToldNotTo) {
  Recorder recorder;
  for (const bool record_unwinding : {true, false}) {
    try {
      Span span = recorder.tracer().start_span("left", {.record_unwinding = record_unwinding});
      throw std::runtime_error("out");
    } catch (const std::runtime_error&) {
    }
    const Recorded record = recorder.one();
    EXPECT_EQ(record->head().events, record_unwinding ? 1 : 0);
    EXPECT_EQ(record->head().status, record_unwinding ? 2 : 0);
  }
}

TEST(Span, EndedByADestructorDuringUnwindingIsNotTheExceptionsVictim) {
  struct Cleaner {
    Tracer tracer;
    ~Cleaner() { Span span = tracer.start_span("clean up"); }
  };
  Recorder recorder;
  try {
    const Cleaner cleaner{recorder.tracer()};
    throw 1;
  } catch (int) {
  }
  EXPECT_EQ(recorder.one()->head().events, 0);
}

TEST(Tracer, InSpanRecordsTheExceptionThatLeavesIt) {
  Recorder recorder;
  EXPECT_THROW(recorder.tracer().in_span("work", [](Span&) -> int { throw CardDeclined("no"); }),
               CardDeclined);
  EXPECT_EQ(recorder.one()->head().events, 1);
  EXPECT_EQ(recorder.tracer().in_span("work",
                                      [](Span& span) {
                                        EXPECT_EQ(Context::current().span_id(),
                                                  span.context().span_id());
                                        return 7;
                                      }),
            7);
  EXPECT_EQ(recorder.one()->head().events, 0);
}

TEST(Sampling, AnUnsampledTraceRecordsNothingAndPassesTheDecisionOn) {
  Recorder recorder({.sample_rate = 0});
  {
    Span root = recorder.tracer().start_span("root");
    EXPECT_FALSE(root.is_recording());
    EXPECT_TRUE(root.context().is_valid());
    EXPECT_FALSE(root.context().is_sampled());
    const Scope scope(root);
    Span child = recorder.tracer().start_span("child");
    EXPECT_FALSE(child.is_recording());
    EXPECT_EQ(child.context().trace_id(), root.context().trace_id());
    EXPECT_FALSE(child.context().is_sampled());
  }
  EXPECT_TRUE(recorder.take().empty());
  EXPECT_EQ(recorder.producer().refused()[RefusalReason::sampled], 2u);
}

TEST(Sampling, FollowsTheParentsDecisionUnlessToldNotTo) {
  const auto trace = *TraceId::from_hex("4bf92f3577b31ce8e000c0ffee002594");  // score 100
  const auto span = *SpanId::from_hex("b7ad6b7169203331");
  const Context sampled = Context::remote(trace, span, true);
  {
    Recorder following({.sample_rate = 50});
    { Span child = following.tracer().start_span("child", {.parent = &sampled}); }
    EXPECT_EQ(following.one()->head().sample_rate, 100);
  }
  Recorder ignoring({.sample_rate = 50, .parents = ParentRule::ignore});
  { Span child = ignoring.tracer().start_span("child", {.parent = &sampled}); }
  EXPECT_TRUE(ignoring.take().empty());
}

TEST(Sampling, KeepsTheShareThatTheRateSaysAndWritesItIntoEachRecord) {
  Recorder recorder({.sample_rate = 25});
  constexpr int spans = 4000;
  std::size_t kept = 0;
  for (int i = 0; i < spans; ++i) {
    { Span span = recorder.tracer().start_span("span"); }
    for (const Recorded& record : recorder.take()) {
      EXPECT_EQ(record->head().sample_rate, 25);
      ++kept;
    }
  }
  EXPECT_GT(kept, spans / 5);
  EXPECT_LT(kept, spans * 3 / 10);
}

TEST(Refusal, SpansAreRefusedByNameWhenSlotsRunOut) {
  Recorder recorder({}, {4 << 20});
  std::vector<Span> open;
  while (recorder.producer().refused()[RefusalReason::slots_full] == 0) {
    open.push_back(recorder.tracer().start_span("open"));
    ASSERT_LT(open.size(), 100'000u);
  }
  EXPECT_FALSE(open.back().is_recording());
  const std::size_t most = recorder.arena().geometry().segments / 4 * arena::slots_per_segment;
  EXPECT_EQ(open.size() - 1, most);
}

TEST(Refusal, ASpanThatFindsNoSlotCarriesItsParentOn) {
  Recorder recorder({}, {4 << 20});
  std::vector<Span> open;
  while (recorder.producer().refused()[RefusalReason::slots_full] == 0) {
    open.push_back(recorder.tracer().start_span("open"));
  }
  const Context parent = open.front().context();
  Span refused = recorder.tracer().start_span("refused", {.parent = &parent});
  EXPECT_FALSE(refused.is_recording());
  EXPECT_EQ(refused.context().trace_id(), parent.trace_id());
  EXPECT_EQ(refused.context().span_id(), parent.span_id());
  {
    const Scope scope(open.front());
    Span child = recorder.tracer().start_span("refused, too");
    const Scope inner(child);
    EXPECT_EQ(Context::current().span_id(), parent.span_id());
  }
  EXPECT_EQ(recorder.producer().refused()[RefusalReason::slots_full], 3u);
}

TEST(Refusal, AFullArenaStillTakesFailures) {
  Recorder recorder({}, {4 << 20});
  std::size_t taken = 0;
  while (recorder.producer().refused()[RefusalReason::arena_full] == 0) {
    { Span span = recorder.tracer().start_span("ordinary"); }
    ASSERT_LT(++taken, 1'000'000u);
  }
  {
    Span span = recorder.tracer().start_span("failed");
    span.set_status(StatusCode::error);
  }
  recorder.logger().error("out of stock");
  EXPECT_EQ(recorder.producer().refused()[RefusalReason::arena_full], 1u);
  EXPECT_EQ(recorder.take().size(), taken - 1 + 2);
}

TEST(Refusal, IsForestalledByWakingADozingReaderWhenSegmentsRunShort) {
  Recorder recorder;
  Bell& bell = recorder.producer().bell();
  const auto rings = [&bell] {
    pollfd ring{.fd = bell.descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&ring, 1, 0) == 1;
  };
  bell.doze();
  std::size_t filled_in_silence = 0;
  for (std::uint32_t free = recorder.arena().free_segments(); !rings();) {
    { Span span = recorder.tracer().start_span("ordinary"); }
    if (recorder.arena().free_segments() == free) continue;
    free = recorder.arena().free_segments();
    if (!rings()) ++filled_in_silence;
  }
  EXPECT_GT(filled_in_silence, 8u);
  EXPECT_GT(recorder.arena().free_segments(), recorder.arena().floor(arena::Claim::ordinary) + 8u);
  EXPECT_EQ(recorder.producer().refused()[RefusalReason::arena_full], 0u);
}

TEST(Refusal, CallsAfterTheCloseAreCountedAndDoNothing) {
  Recorder recorder;
  Span open = recorder.tracer().start_span("open");
  recorder.producer().close();
  open.set_attribute("late", 1);
  open.end();
  {
    Span late = recorder.tracer().start_span("late");
    EXPECT_FALSE(late.is_recording());
  }
  recorder.logger().info("late");
  EXPECT_TRUE(recorder.take().empty());
  EXPECT_EQ(recorder.producer().refused()[RefusalReason::shutdown], 3u);
}

TEST(SpanModel, RandomCallsLeaveWhatAMapWouldHold) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    Recorder recorder;
    std::mt19937 random(seed);
    std::map<std::string, std::string> expected;
    std::string name = "start";
    {
      Span span = recorder.tracer().start_span(name);
      const auto calls = random() % 200;
      for (auto i = calls; i > 0; --i) {
        const std::string key = "key." + std::to_string(random() % 90);
        switch (random() % 4) {
          case 0: {
            const std::string text(random() % 300, static_cast<char>('a' + random() % 26));
            span.set_attribute(key, text);
            expected[key] = text;
            break;
          }
          case 1: {
            const auto number = static_cast<std::int64_t>(random());
            span.set_attribute(key, number);
            expected[key] = std::to_string(number);
            break;
          }
          case 2:
            span.set_attribute(key, true);
            expected[key] = "true";
            break;
          default: name = std::string(random() % 40, 'n'); span.update_name(name);
        }
      }
    }
    const Recorded record = recorder.one();
    std::map<std::string, std::string> found;
    model::EntryRange entries = record->entries();
    while (const auto entry = entries.next()) {
      if (entry->head.kind != EntryKind::attribute) continue;
      const model::ValueView value = entry->value();
      const std::string text = value.type() == AttributeType::string ? std::string(value.string())
                               : value.type() == AttributeType::int64
                                   ? std::to_string(value.int64())
                                   : (value.boolean() ? "true" : "false");
      EXPECT_TRUE(found.emplace(entry->key(), text).second) << "twice: " << entry->key();
    }
    EXPECT_EQ(found, expected) << "seed " << seed;
    EXPECT_EQ(record->head().attributes, expected.size());
    EXPECT_EQ(record->text(EntryKind::name), name);
  }
}

}  // namespace
}  // namespace posthaste
