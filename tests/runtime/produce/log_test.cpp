#include "tests/support/dice.h"
#include "tests/support/recorder.h"

#include <gtest/gtest.h>

#include <array>
#include <span>

namespace posthaste {
namespace {

using model::EntryKind;
using testing_support::Recorded;
using testing_support::Recorder;

std::optional<model::ValueView> body_of(const Recorded& record) {
  model::EntryRange entries = record->entries();
  while (const auto entry = entries.next()) {
    if (entry->head.kind == EntryKind::body) return entry->value();
  }
  return std::nullopt;
}

TEST(Log, CarriesSeverityBodyAndAttributes) {
  Recorder recorder;
  recorder.logger().emit(Severity::warn, "stock low", {{"item", "apple"}, {"left", 3}});
  const Recorded record = recorder.one();
  EXPECT_EQ(record->head().type, model::RecordType::log);
  EXPECT_EQ(record->head().kind, static_cast<std::uint8_t>(Severity::warn));
  EXPECT_EQ(body_of(record)->string(), "stock low");
  EXPECT_EQ(record->attribute("item")->string(), "apple");
  EXPECT_EQ(record->attribute("left")->int64(), 3);
  EXPECT_FALSE(record->head().trace_id.is_valid());
}

TEST(Log, JoinsTheCurrentSpan) {
  Recorder recorder;
  Span span = recorder.tracer().start_span("root");
  const Scope scope(span);
  recorder.logger().info("inside");
  const Recorded record = recorder.one();
  EXPECT_EQ(record->head().trace_id, span.context().trace_id());
  EXPECT_EQ(record->head().span_id, span.context().span_id());
}

TEST(Log, TakesBodiesOfOtherTypesAndATimeAndAnEventName) {
  Recorder recorder;
  const TimePoint when{std::chrono::seconds{1'700'000'000}};
  recorder.logger().emit(
      Severity::info, 42,
      LogOptions{.time = when, .event_name = "order.placed", .severity_text = "NOTICE"});
  const Recorded record = recorder.one();
  EXPECT_EQ(body_of(record)->int64(), 42);
  EXPECT_EQ(model::start_of(record->head(), recorder.arena().tick_scale()), when);
  EXPECT_EQ(record->text(EntryKind::event_name), "order.placed");
  EXPECT_EQ(record->text(EntryKind::severity_text), "NOTICE");
}

TEST(Log, TakesMapsListsBytesAndNothing) {
  Recorder recorder;
  const std::string_view bytes = "\x01\x02";
  const std::array<AttributeValue, 2> list{1,
                                           AttributeValue::bytes(std::as_bytes(std::span(bytes)))};
  const std::array<Attribute, 2> map{{{"list", AttributeValue::list(list)}, {"word", "long text"}}};
  recorder.logger().emit(Severity::info, AttributeValue::map(Attributes(map)), {{"none", {}}});
  const Recorded record = recorder.one();
  EXPECT_EQ(record->attribute("none")->type(), AttributeType::none);
  ASSERT_EQ(body_of(record)->type(), AttributeType::map);
  model::EntryRange members = body_of(record)->entries();
  const auto first = members.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->key(), "list");
  model::EntryRange elements = first->value().entries();
  EXPECT_EQ(elements.next()->value().int64(), 1);
  EXPECT_EQ(elements.next()->value().string(), bytes);
  EXPECT_FALSE(elements.next());
  const auto second = members.next();
  EXPECT_EQ(second->key(), "word");
  EXPECT_EQ(second->value().string(), "long text");
  EXPECT_FALSE(members.next());
}

/// All that a record says, but for where and when.
std::string told_by(const Recorded& record) {
  model::RecordHead head = record->head();
  head.commit = head.origin = head.start = head.end = 0;
  std::string told(reinterpret_cast<const char*>(&head), sizeof head);
  told += std::to_string(record->head().length());
  model::EntryRange entries = record->entries();
  while (const auto entry = entries.next()) {
    told.append(reinterpret_cast<const char*>(&entry->head), sizeof entry->head);
    told += entry->payload;
  }
  return told;
}

TEST(Log, ATextSaysTheSameWhicheverWayItIsWritten) {
  testing_support::Dice dice(7);
  Recorder plain;
  Recorder limited({.log_limits = {.attributes = 5, .value_length = 10}});
  const std::string text(300, 'x');
  const auto some = [&](std::uint32_t most) {
    return std::string_view(text).substr(0, dice() % 4 == 0 ? dice() % most : dice() % 20);
  };
  for (int round = 0; round < 2'000; ++round) {
    Recorder& recorder = round % 8 == 0 ? limited : plain;
    std::vector<std::string> keys(dice() % 9);
    std::vector<Attribute> attributes;
    for (std::string& key : keys) {
      key = some(1'200);  // also empty, too long, and the same again
      if (!key.empty() && dice() % 8 != 0) key.back() = static_cast<char>('a' + dice() % 26);
      const AttributeValue values[] = {some(300), dice(), 0.5 * dice(), dice() % 2 == 0,
                                       AttributeValue()};
      attributes.push_back({key, values[dice() % 5 % (dice() % 16 == 0 ? 5 : 4)]});
    }
    const Attributes given{std::span<const Attribute>(attributes)};
    const std::string_view body = some(300);
    const auto severity = static_cast<Severity>(1 + dice() % 24);
    recorder.logger().emit(severity, body, given);
    const std::string quick = told_by(recorder.one());
    recorder.logger().emit(severity, body, LogOptions{.attributes = given});
    ASSERT_EQ(quick, told_by(recorder.one())) << round;
  }
}

TEST(Log, BelowTheMinimumSeverityIsNotTaken) {
  Recorder recorder;
  const Logger logger = recorder.logger(Severity::warn);
  EXPECT_FALSE(logger.is_enabled(Severity::info));
  logger.info("quiet");
  logger.error("loud");
  EXPECT_EQ(body_of(recorder.one())->string(), "loud");
}

TEST(Log, BeyondTheRateLimitIsCounted) {
  Recorder recorder;
  const Logger logger = recorder.logger(Severity::trace, 10);
  for (int i = 0; i < 25; ++i) logger.info("again");
  const std::size_t taken = recorder.take().size();
  EXPECT_GE(taken, 10u);
  EXPECT_EQ(taken + recorder.producer().refused()[RefusalReason::rate_limited], 25u);
}

TEST(RateLimit, TellsOnceInTheNextSecondHowManyItTurnedAway) {
  produce::RateLimit rate;
  std::uint64_t suppressed = 0;
  constexpr std::uint64_t second = 1000;
  int taken = 0;
  for (int i = 0; i < 8; ++i) taken += rate.allows(5000, second, 3, suppressed) ? 1 : 0;
  EXPECT_EQ(taken, 3);
  EXPECT_TRUE(rate.allows(6000, second, 3, suppressed));
  EXPECT_EQ(suppressed, 5u);
  EXPECT_TRUE(rate.allows(6001, second, 3, suppressed));
  EXPECT_EQ(suppressed, 0u);
}

TEST(Log, ABodyThatDoesNotFitIsCut) {
  Recorder recorder;
  recorder.logger().info(std::string(100'000, 'b'), {{"kept", true}});
  const Recorded record = recorder.one();
  EXPECT_GT(body_of(record)->string().size(), 60'000u);
  EXPECT_TRUE(record->attribute("kept")->boolean());
  EXPECT_TRUE(record->head().flags & model::record_flag::truncated);
}

TEST(Log, AttributesThatDoNotFitAreCounted) {
  Recorder recorder;
  const std::string big(40'000, 'x');
  recorder.logger().info("body", {{"one", big}, {"two", big}});
  const Recorded record = recorder.one();
  EXPECT_EQ(body_of(record)->string(), "body");
  EXPECT_EQ(record->head().attributes, 0);
  EXPECT_EQ(record->head().dropped_attributes, 2u);
}

TEST(Log, IsRefusedByNameWhileLogsHoldTheirShare) {
  Recorder recorder;
  recorder.producer().ingress().set(Ingress::logs_refused);
  recorder.logger().info("no");
  { Span span = recorder.tracer().start_span("yes"); }
  EXPECT_EQ(recorder.take().size(), 1u);
  EXPECT_EQ(recorder.producer().refused()[RefusalReason::logs_share], 1u);
}

}  // namespace
}  // namespace posthaste
