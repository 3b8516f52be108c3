#include "runtime/arena/open_spans.h"

#include "runtime/arena/adoption.h"
#include "runtime/arena/log.h"
#include "runtime/arena/slots.h"
#include "runtime/model/record_view.h"
#include "tests/support/test_arena.h"

#include <gtest/gtest.h>

namespace posthaste::arena {
namespace {

using namespace testing_support;

struct Seen {
  std::uint64_t number;
  std::string name;
  std::string operation;
  std::uint64_t end;
  std::uint16_t flags;
  std::uint64_t origin;
  std::uint16_t attributes;
};

std::vector<Seen> visit(const Arena& arena) {
  std::vector<Seen> seen;
  visit_open_spans(arena, [&](const model::RecordHead& record, std::string_view operation) {
    const auto view =
        model::RecordView::from({reinterpret_cast<const std::byte*>(&record), record.length()});
    ASSERT_TRUE(view);
    seen.push_back({record.start, std::string(view->text(model::EntryKind::name)),
                    std::string(operation), record.end, record.flags, record.origin,
                    record.attributes});
  });
  return seen;
}

/// Spans as the producers build them, by the layout.
class OpenSpans : public testing::Test {
protected:
  OpenSpans() : pool_(*arena_, 4) { arena_->header().scale.tick = 5000; }

  Slot& start(std::uint64_t number, std::string_view name) {
    Slot& slot = *pool_.take(0);
    slot.head.next.store(no_slot);
    slot.head.end_place.store(0);
    slot.head.traits = slot_recording;
    slot.head.root = arena_->slot_index(slot);
    slot.head.root_generation = slot.head.generation.load() + 1;
    model::RecordHead head = numbered_head(number, 0);
    head.span_id.bytes[0] = 1;
    std::memcpy(slot.image.data(), &head, sizeof head);
    slot.head.used.store(sizeof head);
    add_text(slot, model::EntryKind::name, name);
    slot.head.generation.fetch_add(1);
    return slot;
  }

  /// Appends an entry, chaining slots as need be.
  void add_text(Slot& slot, model::EntryKind kind, std::string_view text) {
    const model::EntryHead head{kind, 0, 0, static_cast<std::uint32_t>(text.size())};
    std::vector<std::byte> entry(sizeof head + model::padded(head.size));
    std::memcpy(entry.data(), &head, sizeof head);
    std::memcpy(entry.data() + sizeof head, text.data(), text.size());
    std::uint32_t used = slot.head.used.load();
    for (const std::byte byte : entry) put(slot, used++, byte);
    slot.head.used.store(used);
  }

  void put(Slot& slot, std::uint32_t offset, std::byte byte) {
    if (offset < first_chunk) {
      slot.image[offset] = byte;
      return;
    }
    offset -= first_chunk;
    Slot* part = &slot;
    for (std::uint32_t i = 0; i <= offset / chain_chunk; ++i) {
      if (part->head.next.load() == no_slot) {
        Slot& more = *pool_.take(0);
        more.head.next.store(no_slot);
        part->head.next.store(arena_->slot_index(more));
      }
      part = &arena_->slot(part->head.next.load());
    }
    reinterpret_cast<std::byte*>(part)[sizeof(SlotHead) + offset % chain_chunk] = byte;
  }

  TestArena arena_;
  SlotPool pool_;
};

TEST_F(OpenSpans, AreShownInterruptedWithTheLastSignOfLifeAsTheirEnd) {
  start(1000, "charge card");
  start(9000, "began after the last sign of life");
  prepare(*arena_);
  std::vector<Seen> seen = visit(*arena_);
  ASSERT_EQ(seen.size(), 2u);
  std::sort(seen.begin(), seen.end(), [](auto& a, auto& b) { return a.number < b.number; });
  EXPECT_EQ(seen[0].name, "charge card");
  EXPECT_EQ(seen[0].end, 5000u);
  EXPECT_EQ(seen[1].end, 9000u);
  EXPECT_EQ(seen[0].flags, model::record_flag::interrupted);
}

TEST_F(OpenSpans, ArePutTogetherFromAllTheirSlots) {
  Slot& slot = start(1, "long");
  const std::string text(5'000, 'x');
  add_text(slot, model::EntryKind::status_description, text);
  add_text(slot, model::EntryKind::name, "renamed");
  prepare(*arena_);
  std::string description;
  visit_open_spans(*arena_, [&](const model::RecordHead& record, std::string_view) {
    const auto view =
        model::RecordView::from({reinterpret_cast<const std::byte*>(&record), record.length()});
    description = view->text(model::EntryKind::status_description);
    EXPECT_EQ(view->text(model::EntryKind::name), "renamed");
  });
  EXPECT_EQ(description, text);
}

TEST_F(OpenSpans, AreNotThoseThatEndedOrAreNotRecorded) {
  Slot& ended = start(1, "ended");
  ended.head.generation.fetch_add(1);
  start(2, "not sampled").head.traits = 0;
  prepare(*arena_);
  EXPECT_TRUE(visit(*arena_).empty());
}

TEST_F(OpenSpans, AreNotThoseWhoseRecordWasCommitted) {
  const LaneWriter writer(*arena_);
  Slot& committed = start(1, "committed");
  Slot& reserved = start(2, "in the middle of its end");
  for (Slot* slot : {&committed, &reserved}) {
    const Reservation room = writer.reserve(0, record_size(0));
    slot->head.end_place.store(room.place);
    fill_record(room, 7, record_size(0));
    if (slot == &committed) writer.commit(room, record_size(0));
  }
  prepare(*arena_);
  ASSERT_EQ(visit(*arena_).size(), 1u);
  EXPECT_EQ(visit(*arena_)[0].number, 2u);

  // The adopter drains the lane, uses its segment for other things, and dies.
  LaneReader reader(*arena_, LaneReader::Holes::skip);
  EXPECT_EQ(drain(reader).size(), 1u);
  while (arena_->take_segment(SegmentUse::bodies, Claim::bodies)) {
  }
  prepare(*arena_);
  ASSERT_EQ(visit(*arena_).size(), 1u);
  EXPECT_EQ(visit(*arena_)[0].number, 2u);
}

TEST_F(OpenSpans, KnowTheOperationOfTheirRoot) {
  Slot& root = start(1, "GET /");
  const char name[] = "GET /orders/{id}";
  for (std::size_t i = 0; i < sizeof name; ++i) {
    root.operation.words[i / 8] |= std::uint64_t{static_cast<unsigned char>(name[i])} << i % 8 * 8;
  }
  root.operation.size.store(sizeof name - 1);
  Slot& child = start(2, "query");
  child.head.root = arena_->slot_index(root);
  child.head.root_generation = root.head.generation.load();
  Slot& stranger = start(3, "of a root that has ended");
  stranger.head.root = arena_->slot_index(root);
  stranger.head.root_generation = root.head.generation.load() - 2;
  prepare(*arena_);
  for (const Seen& seen : visit(*arena_)) {
    EXPECT_EQ(seen.operation, seen.number == 3 ? "" : "GET /orders/{id}") << seen.number;
  }
  root.operation.sequence.store(1);  // was being written
  for (const Seen& seen : visit(*arena_)) EXPECT_EQ(seen.operation, "");
}

TEST_F(OpenSpans, AreNotShownAgainOnceTheyAreInTheLog) {
  start(1, "a");
  start(2, "b");
  prepare(*arena_);
  {
    LogWriter log(*arena_);
    log.begin_step();
    bool first = true;
    visit_open_spans(*arena_, [&](const model::RecordHead& record, std::string_view) {
      if (std::exchange(first, false)) {
        ASSERT_TRUE(log.append(record));
      }
    });
    log.publish();  // and dies
  }
  prepare(*arena_);
  ASSERT_EQ(visit(*arena_).size(), 1u);
  close_open_span(*arena_, visit(*arena_)[0].origin);
  EXPECT_TRUE(visit(*arena_).empty());
}

TEST_F(OpenSpans, ThatMakeNoSenseAreNotShown) {
  start(1, "no id").image[24 + 16] = std::byte{0};
  start(2, "too short").head.used.store(50);
  start(3, "too long").head.used.store(3'000'000);
  start(4, "chain leads nowhere").head.used.store(1'000);
  Slot& loop = start(5, "chain leads to itself");
  loop.head.next.store(arena_->slot_index(loop));
  loop.head.used.store(60'000);
  prepare(*arena_);
  EXPECT_LE(visit(*arena_).size(), 1u);  // the loop is bounded
}

}  // namespace
}  // namespace posthaste::arena
