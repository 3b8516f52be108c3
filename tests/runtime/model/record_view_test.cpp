#include "runtime/model/record_view.h"

#include "runtime/model/record_builder.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>
#include <vector>

namespace posthaste::model {
namespace {

/// Reads everything that a record has; returns how many bytes it saw, so that nothing is optimised
/// away.
std::size_t read_all(const RecordView& record) {
  std::size_t seen = 0;
  EntryRange range = record.entries();
  while (const auto entry = range.next()) {
    seen += entry->payload.size();
    const auto read_value = [&seen](const EntryView& each) {
      if (each.head.kind != EntryKind::attribute) return;
      seen += each.key().size();
      seen += each.value().string().size() + static_cast<std::size_t>(each.value().boolean());
      each.value().for_each_element([&seen](auto element) { seen += sizeof element; });
    };
    read_value(*entry);
    if (const auto event = EventView::from(*entry)) {
      EntryRange nested(event->attributes);
      while (const auto each = nested.next()) read_value(*each);
    }
    if (const auto link = LinkView::from(*entry)) {
      EntryRange nested(link->attributes);
      while (const auto each = nested.next()) read_value(*each);
    }
  }
  return seen;
}

std::vector<std::byte> sample() {
  const std::array<std::string_view, 2> texts{"one", "two"};
  RecordBuilder builder(RecordType::span);
  builder.text(EntryKind::name, "sample").attribute("text", "value").attribute("number", 7);
  builder.attribute("texts", std::span<const std::string_view>(texts));
  builder.event("event", 5, true, {{"a", 1.5}});
  builder.link(TraceId{}, SpanId{}, {{"b", true}}, "x=y");
  const auto bytes = builder.bytes();
  return {bytes.begin(), bytes.end()};
}

TEST(RecordView, RefusesLengthsThatMakeNoSense) {
  std::vector<std::byte> bytes = sample();
  const auto with_length = [&bytes](std::uint32_t length) {
    std::memcpy(bytes.data(), &length, sizeof length);
    return RecordView::from(bytes).has_value();
  };
  const auto size = static_cast<std::uint32_t>(bytes.size());
  EXPECT_TRUE(with_length(size));
  EXPECT_FALSE(with_length(0));
  EXPECT_FALSE(with_length(88));
  EXPECT_FALSE(with_length(size + 8));
  EXPECT_FALSE(with_length(size - 4));
  EXPECT_FALSE(with_length(0xFFFFFFF8));
}

TEST(RecordView, RefusesUnknownTypesAndShortBytes) {
  std::vector<std::byte> bytes = sample();
  EXPECT_FALSE(RecordView::from(std::span(bytes).first(95)));
  bytes[offsetof(RecordHead, type)] = std::byte{9};
  EXPECT_FALSE(RecordView::from(bytes));
}

TEST(RecordView, SaysThatItStoppedAtDamage) {
  std::vector<std::byte> bytes = sample();
  const std::uint32_t too_long = 1'000'000;
  std::memcpy(bytes.data() + sizeof(RecordHead) + offsetof(EntryHead, size), &too_long, 4);
  EntryRange range = RecordView::from(bytes)->entries();
  EXPECT_FALSE(range.next());
  EXPECT_TRUE(range.damaged());
}

TEST(RecordView, NeverReadsOutsideWhateverByteIsDamaged) {
  const std::vector<std::byte> whole = sample();
  std::mt19937 random(7);
  std::size_t seen = 0;
  for (int round = 0; round < 20'000; ++round) {
    // An exact copy on the heap, so that a read behind its end is an error under AddressSanitizer.
    std::vector<std::byte> bytes(whole.begin(), whole.end());
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    if (const auto record = RecordView::from(bytes)) seen += read_all(*record);
  }
  EXPECT_GT(seen, 0u);
}

}  // namespace
}  // namespace posthaste::model
