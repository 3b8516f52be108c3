/// Damage to a small arena that is full of everything, and then its adoption. The input is a list
/// of changes: 4 bytes of place, 8 bytes of value, one byte that says how many of them are written
/// and whether they are added to what is there.

#include "runtime/arena/adoption.h"
#include "runtime/arena/scopes.h"
#include "runtime/arena/slots.h"
#include "tests/support/test_pipeline.h"

#include <cstdio>

namespace {

using namespace posthaste;
using namespace posthaste::arena;
using namespace posthaste::testing_support;

constexpr Geometry geometry{.segments = 16, .lanes = 2, .outputs = 2};

void open_spans_in(const Arena& arena) {
  const SlotPool pool(arena, 4);
  for (std::uint64_t n = 0; n < 5; ++n) {
    Slot& slot = *pool.take(0);
    Slot& more = *pool.take(0);
    more.head.next.store(no_slot);
    slot.head.next.store(arena.slot_index(more));
    slot.head.traits = slot_recording;
    model::RecordHead head = numbered_head(n, 0);
    head.span_id.bytes[0] = 1;
    std::memcpy(slot.image.data(), &head, sizeof head);
    slot.head.used.store(800);
    slot.head.generation.fetch_add(1);
  }
}

/// Records in lanes, log and bodies of both outputs, open spans, scopes.
TestArena& full_arena() {
  static TestArena& arena = *new TestArena(geometry);
  ScopeTable(*arena).intern({"name", "version", "schema"});
  open_spans_in(*arena);
  const LaneWriter writer(*arena);
  TestPipeline pipeline(*arena, LaneReader::Holes::wait, [](auto) {});
  for (std::uint32_t n = 0; n < 300; ++n) {
    write_record(writer, n % 3, n, n * 7 % 900);
    if (n % 3 == 0) pipeline.sample(2);
    if (n % 40 == 0) pipeline.encode(10);
    if (n % 100 == 99) pipeline.transmit(1);
  }
  for (std::uint32_t i = 0; i < 3; ++i) {
    BodyWriter other(*arena, 1, BodyAuthor::batcher);
    auto draft = other.allocate(3000);
    draft->write(std::vector<std::byte>(3000, std::byte{9}));
    other.publish(std::move(*draft), {.records = 2, .extent_end = i * 8});
  }
  return arena;
}

void damage(std::span<std::byte> memory, const std::uint8_t* data, std::size_t size) {
  const std::size_t tables = Arena::tables_size(geometry);
  for (; size >= 13; data += 13, size -= 13) {
    std::uint32_t place;
    std::uint64_t value;
    std::memcpy(&place, data, sizeof place);
    std::memcpy(&value, data + 4, sizeof value);
    const std::size_t width = std::size_t{1} << (data[12] & 3);
    const std::size_t room = (place >> 31) != 0 ? memory.size() : tables;
    const std::size_t at = (place & 0x7fff'ffff) % (room - 8);
    if ((data[12] & 4) != 0) {
      std::uint64_t old = 0;
      std::memcpy(&old, memory.data() + at, width);
      value += old;
    }
    std::memcpy(memory.data() + at, &value, width);
  }
}

void adopt(const Arena& arena) {
  prepare(arena);
  std::uint32_t on_the_list = 0;
  auto next = static_cast<std::uint32_t>(arena.header().free_list.load());
  while (next != no_segment && on_the_list <= arena.geometry().segments) {
    ++on_the_list;
    next = arena.descriptor(next).next_free.load();
  }
  if (on_the_list != arena.free_segments()) __builtin_trap();
  visit_open_spans(arena, [](const model::RecordHead&, std::string_view) {});
  for (std::uint32_t i = 0; i < 5; ++i) scope_at(arena, static_cast<std::uint16_t>(i * i));
  for (std::uint32_t output = 0; output < arena.geometry().outputs; ++output) {
    BodyTable table(arena, output);
    for (const BodyIndex index : table.unsettled()) {
      if (body_crc(arena, table.entry(index)) != table.entry(index).crc) __builtin_trap();
      if (output != 0) table.settle(index);
    }
    if (output != 0) {
      BodyWriter(arena, output, BodyAuthor::batcher).skip(arena.header().log_tail.load(), 0);
    }
  }
  TestPipeline pipeline(arena, LaneReader::Holes::skip, [](auto) {});
  pipeline.run_dry();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static TestArena& arena = full_arena();
  static const std::vector<std::byte> whole(arena.memory().begin(), arena.memory().end());
  std::memcpy(arena.memory().data(), whole.data(), whole.size());
  damage(arena.memory(), data, size);
  read_orphan_head(arena.memory().first(65'536), whole.size());
  const auto opened = Arena::open(arena.memory());
  if (!opened) return 0;
  adopt(*opened);
  adopt(*opened);
  return 0;
}
