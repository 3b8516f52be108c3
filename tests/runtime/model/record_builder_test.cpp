#include "runtime/model/record_builder.h"

#include "runtime/model/record_view.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace posthaste::model {
namespace {

TEST(RecordBuilder, GivesBackWhatWasPutIn) {
  RecordBuilder builder(RecordType::span);
  builder.text(EntryKind::name, "charge card").attribute("order.id", 42).attribute("paid", true);
  builder.attribute("price", 9.5).attribute("customer", "alice");
  const auto record = RecordView::from(builder.bytes());
  ASSERT_TRUE(record);
  EXPECT_EQ(record->text(EntryKind::name), "charge card");
  EXPECT_EQ(record->attribute("order.id")->int64(), 42);
  EXPECT_TRUE(record->attribute("paid")->boolean());
  EXPECT_EQ(record->attribute("price")->float64(), 9.5);
  EXPECT_EQ(record->attribute("customer")->string(), "alice");
  EXPECT_EQ(record->head().attributes, 4);
  EXPECT_EQ(record->head().sample_rate, 100);
}

TEST(RecordBuilder, KeepsTheLastValueOfAKey) {
  RecordBuilder builder(RecordType::span);
  builder.attribute("retries", 1).attribute("other", "x").attribute("retries", "two");
  const auto record = RecordView::from(builder.bytes());
  EXPECT_EQ(record->attribute("retries")->string(), "two");
  EXPECT_EQ(record->head().attributes, 2);
  EXPECT_TRUE(record->head().flags & record_flag::has_dead);
  int entries = 0;
  EntryRange range = record->entries();
  while (range.next()) ++entries;
  EXPECT_EQ(entries, 2);
  EXPECT_FALSE(range.damaged());
}

TEST(RecordBuilder, KeepsTheLastValueOfAKeyThatCameAsAWholeEntry) {
  std::vector<std::byte> entries;
  ASSERT_TRUE(append_attribute_entry(entries, EntryKind::attribute, "key", "first"));
  RecordBuilder builder(RecordType::span);
  ASSERT_TRUE(builder.attribute_entries(entries, 1));
  builder.attribute("key", "last");
  const auto record = RecordView::from(builder.bytes());
  ASSERT_TRUE(record);
  EXPECT_EQ(record->head().attributes, 1);
  EXPECT_EQ(record->attribute("key")->string(), "last");
}

TEST(RecordBuilder, KeepsTheLastOfATextAndOfTheBody) {
  RecordBuilder builder(RecordType::log);
  builder.text(EntryKind::event_name, "first").text(EntryKind::event_name, "second");
  builder.body("one").body(2);
  const auto record = RecordView::from(builder.bytes());
  EXPECT_EQ(record->text(EntryKind::event_name), "second");
  EntryRange range = record->entries();
  std::vector<std::int64_t> bodies;
  while (const auto entry = range.next()) {
    if (entry->head.kind == EntryKind::body) bodies.push_back(entry->value().int64());
  }
  EXPECT_EQ(bodies, std::vector<std::int64_t>{2});
}

TEST(RecordBuilder, PacksArraysOfEveryType) {
  const std::array<std::string_view, 3> texts{"a", "", "ccc"};
  const std::array<std::int64_t, 2> numbers{INT64_MIN, 7};
  const std::array<double, 2> doubles{0.5, -1};
  const std::array<bool, 3> flags{true, false, true};
  RecordBuilder builder(RecordType::span);
  builder.attribute("s", std::span<const std::string_view>(texts));
  builder.attribute("i", std::span<const std::int64_t>(numbers));
  builder.attribute("d", std::span<const double>(doubles));
  builder.attribute("b", std::span<const bool>(flags));
  const auto record = RecordView::from(builder.bytes());
  std::string seen;
  const auto note = [&seen](auto element) {
    using Element = decltype(element);
    if constexpr (std::is_same_v<Element, std::string_view>) {
      seen += std::string(element) + ";";
    } else {
      seen += std::to_string(element) + ";";
    }
  };
  for (const char* key : {"s", "i", "d", "b"}) record->attribute(key)->for_each_element(note);
  EXPECT_EQ(seen, "a;;ccc;-9223372036854775808;7;0.500000;-1.000000;1;0;1;");
}

TEST(RecordBuilder, KeepsBytesListsMapsAndNothing) {
  const std::array<std::byte, 2> bytes{std::byte{0}, std::byte{255}};
  const std::array<Attribute, 2> inner{{{"a", 1}, {"b", AttributeValue()}}};
  const std::array<AttributeValue, 3> list{"x", 2.5, AttributeValue::map(Attributes(inner))};
  RecordBuilder builder(RecordType::log);
  builder.attribute("bytes", AttributeValue::bytes(bytes)).attribute("none", {});
  builder.body(AttributeValue::list(list));
  const auto record = RecordView::from(builder.bytes());
  EXPECT_EQ(record->attribute("bytes")->string(), std::string_view("\0\xFF", 2));
  EXPECT_EQ(record->attribute("none")->type(), AttributeType::none);
  EntryRange range = record->entries();
  std::optional<EntryView> body;
  while (const auto entry = range.next()) {
    if (entry->head.kind == EntryKind::body) body = entry;
  }
  ASSERT_TRUE(body);
  EntryRange elements = body->value().entries();
  EXPECT_EQ(elements.next()->value().string(), "x");
  EXPECT_EQ(elements.next()->value().float64(), 2.5);
  const auto map = elements.next();
  ASSERT_TRUE(map);
  EntryRange members = map->value().entries();
  const auto first = members.next();
  EXPECT_EQ(first->key(), "a");
  EXPECT_EQ(first->value().int64(), 1);
  EXPECT_EQ(members.next()->type(), AttributeType::none);
  EXPECT_FALSE(members.next());
  EXPECT_FALSE(elements.next());
  EXPECT_FALSE(elements.damaged() || members.damaged());
}

TEST(RecordBuilder, LeavesOutWhatLiesTooDeep) {
  AttributeValue value = "core";
  std::array<AttributeValue, 20> levels;
  for (AttributeValue& level : levels) {
    level = value;
    value = AttributeValue::list(std::span(&level, 1));
  }
  RecordBuilder builder(RecordType::log);
  builder.attribute("deep", value);
  const auto record = RecordView::from(builder.bytes());
  ASSERT_TRUE(record);
  int depth = 0;
  auto seen = record->attribute("deep");
  while (seen && seen->type() == AttributeType::list) {
    ++depth;
    EntryRange range = seen->entries();
    const auto next = range.next();
    EXPECT_FALSE(range.damaged());
    seen = next ? std::optional(next->value()) : std::nullopt;
  }
  EXPECT_EQ(depth, nesting_limit + 1) << "the innermost is empty";
}

TEST(RecordBuilder, MakesLongerRecordsWhereTheyNeverLieInAnArena) {
  const std::string text(200'000, 'x');
  RecordBuilder builder(RecordType::log, 1'048'576);
  builder.body(text);
  EXPECT_FALSE(RecordView::from(builder.bytes())) << "no record of an arena is that long";
  const auto record = RecordView::from(builder.bytes(), 1'048'576);
  ASSERT_TRUE(record);
  EntryRange range = record->entries();
  EXPECT_EQ(range.next()->value().string(), text);
}

TEST(RecordBuilder, NestsAttributesInEventsAndLinks) {
  TraceId trace;
  trace.bytes[15] = 9;
  RecordBuilder builder(RecordType::span);
  builder.event("cache miss", 1234, true, {{"key", "k1"}, {"size", 3}});
  builder.link(trace, SpanId{}, {{"why", "retry"}}, "a=b", 1);
  const auto record = RecordView::from(builder.bytes());
  EntryRange range = record->entries();
  const auto event = EventView::from(*range.next());
  ASSERT_TRUE(event);
  EXPECT_EQ(event->name, "cache miss");
  EXPECT_EQ(event->head.time, 1234u);
  EXPECT_EQ(event->head.attributes, 2);
  EntryRange nested(event->attributes);
  EXPECT_EQ(nested.next()->value().string(), "k1");
  EXPECT_EQ(nested.next()->value().int64(), 3);
  EXPECT_FALSE(nested.next());
  const auto link = LinkView::from(*range.next());
  ASSERT_TRUE(link);
  EXPECT_EQ(link->head.trace_id, trace);
  EXPECT_EQ(link->trace_state, "a=b");
  EXPECT_EQ(EntryRange(link->attributes).next()->key(), "why");
}

TEST(RecordBuilder, KeepsTheLastValueOfAKeyOfAnEventToo) {
  RecordBuilder builder(RecordType::span);
  builder.event("e", 1, true, {{"k", 1}, {"other", 2}, {"k", 3}});
  EntryRange entries = RecordView::from(builder.bytes())->entries();
  const auto event = EventView::from(*entries.next());
  ASSERT_TRUE(event);
  EntryRange attributes(event->attributes);
  EXPECT_EQ(attributes.next()->key(), "other");
  EXPECT_EQ(attributes.next()->value().int64(), 3);
  EXPECT_FALSE(attributes.next());
  EXPECT_EQ(event->head.dropped_attributes, 0u);
}

TEST(RecordBuilder, CountsWhatDoesNotFitAndStaysWithinTheLimit) {
  const std::string long_text(40'000, 'x');
  RecordBuilder builder(RecordType::span);
  builder.attribute("first", long_text).attribute("second", long_text);
  builder.event(long_text, 1, true);
  builder.link(TraceId{}, SpanId{}, {}, long_text);
  const auto record = RecordView::from(builder.bytes());
  ASSERT_TRUE(record);
  EXPECT_EQ(record->head().attributes, 1);
  EXPECT_EQ(record->head().dropped_attributes, 1u);
  EXPECT_EQ(record->head().dropped_events, 1u);
  EXPECT_EQ(record->head().dropped_links, 1);
  EXPECT_TRUE(record->head().flags & record_flag::truncated);
}

TEST(RecordBuilder, CutsATextThatDoesNotFit) {
  RecordBuilder builder(RecordType::log);
  builder.body(std::string(200'000, 'b'));
  const auto record = RecordView::from(builder.bytes());
  ASSERT_TRUE(record);
  EntryRange range = record->entries();
  EXPECT_GT(range.next()->value().string().size(), 65'000u);
}

TEST(RecordBuilder, StartsAnewWithoutTraces) {
  RecordBuilder builder(RecordType::span);
  builder.attribute("k", 1).text(EntryKind::name, "old");
  builder.head().flags = record_flag::interrupted;
  builder.start(RecordType::log);
  const auto record = RecordView::from(builder.bytes());
  EXPECT_EQ(record->head().type, RecordType::log);
  EXPECT_EQ(record->head().flags, 0);
  EXPECT_FALSE(record->entries().next());
}

}  // namespace
}  // namespace posthaste::model
