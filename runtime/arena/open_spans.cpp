#include "runtime/arena/open_spans.h"

#include "runtime/model/record_view.h"

#include <algorithm>
#include <array>
#include <vector>

namespace posthaste::arena {
namespace {

Place place_of(const Arena& arena, const Slot& slot) noexcept {
  const std::uint32_t index = arena.slot_index(slot);
  const SegmentIndex segment = index / slots_per_segment;
  return {arena.descriptor(segment).epoch.load(std::memory_order_relaxed), segment,
          index % slots_per_segment * slot_size};
}

bool in_slot_segment(const Arena& arena, std::uint32_t index) noexcept {
  const std::uint32_t segment = index / slots_per_segment;
  return segment < arena.usable_segments() &&
         arena.descriptor(segment).use.load(std::memory_order_relaxed) == SegmentUse::slots;
}

/// Whether end() got as far as the commit: then the record counts, and the span is not open.
bool has_ended(const Arena& arena, const Slot& slot) noexcept {
  const std::uint64_t end_place = slot.head.end_place.load(std::memory_order_acquire);
  if (end_place == 0) return false;
  const Place place = Place::unpacked(end_place);
  if (place.segment >= arena.usable_segments()) return false;
  const SegmentDescriptor& descriptor = arena.descriptor(place.segment);
  // A later life of the segment began when this one was drained, record and all.
  if (descriptor.epoch.load(std::memory_order_relaxed) != place.epoch) return true;
  if (place.offset > segment_size - sizeof(model::RecordHead)) return false;
  std::uint64_t commit;
  std::memcpy(&commit, arena.bytes(place.segment) + place.offset, sizeof commit);
  return is_commit_word(commit, arena.header().secret, end_place);
}

/// The image out of the slot and its chain; empty if it cannot be one.
std::vector<std::uint64_t> image_of(const Arena& arena, const Slot& slot) {
  const std::uint32_t used = slot.head.used.load(std::memory_order_acquire) & ~7u;
  if (used < sizeof(model::RecordHead) || used > model::record_size_limit) return {};
  std::vector<std::uint64_t> image(used / 8);
  auto* const to = reinterpret_cast<std::byte*>(image.data());
  std::uint32_t done = std::min(used, first_chunk);
  std::memcpy(to, slot.image.data(), done);
  const Slot* part = &slot;
  while (done < used) {
    const std::uint32_t next = part->head.next.load(std::memory_order_relaxed);
    if (!in_slot_segment(arena, next)) return {};
    part = &arena.slot(next);
    const std::uint32_t chunk = std::min(used - done, chain_chunk);
    std::memcpy(to + done, reinterpret_cast<const std::byte*>(part) + sizeof(SlotHead), chunk);
    done += chunk;
  }
  return image;
}

/// Counts the live entries, as end() would have done.
void count_entries(model::RecordHead& head, std::span<const std::byte> image) {
  head.attributes = head.events = head.links = 0;
  const std::string_view bytes(reinterpret_cast<const char*>(image.data()), image.size());
  model::EntryRange entries(bytes.substr(sizeof head));
  while (const auto entry = entries.next()) {
    if (entry->head.kind == model::EntryKind::attribute) ++head.attributes;
    if (entry->head.kind == model::EntryKind::event) ++head.events;
    if (entry->head.kind == model::EntryKind::link) ++head.links;
  }
}

bool complete(const Arena& arena, const Slot& slot, std::vector<std::uint64_t>& image) {
  auto& head = *reinterpret_cast<model::RecordHead*>(image.data());
  if (head.type != model::RecordType::span || !head.span_id.is_valid()) return false;
  const auto length = static_cast<std::uint32_t>(image.size() * 8);
  head.origin = place_of(arena, slot).packed();
  head.commit = commit_word(arena.header().secret, head.origin, length);
  head.flags |= model::record_flag::interrupted;
  if ((head.flags & model::record_flag::start_is_wall) != 0) {
    head.end = static_cast<std::uint64_t>(arena.header().scale.wall_ns);
    head.flags |= model::record_flag::end_is_wall;
  } else {
    head.end = arena.header().scale.tick;
    head.flags &= static_cast<std::uint16_t>(~model::record_flag::end_is_wall);
  }
  head.end = std::max(head.end, head.start);
  count_entries(head, std::as_bytes(std::span(image)));
  return true;
}

/// What the local root had last said; nothing if it was being written.
std::string_view operation_of(const Arena& arena, const Slot& slot,
                              std::array<char, operation_name_limit>& text) noexcept {
  if (!in_slot_segment(arena, slot.head.root)) return {};
  const Slot& root = arena.slot(slot.head.root);
  if (root.head.generation.load(std::memory_order_relaxed) != slot.head.root_generation) return {};
  const OperationCell& cell = root.operation;
  const std::uint32_t size = cell.size.load(std::memory_order_relaxed);
  if (cell.sequence.load(std::memory_order_acquire) % 2 != 0 || size > text.size()) return {};
  for (std::size_t i = 0; i < cell.words.size(); ++i) {
    const std::uint64_t word = cell.words[i].load(std::memory_order_relaxed);
    std::memcpy(text.data() + i * sizeof word, &word, sizeof word);
  }
  return {text.data(), size};
}

bool is_live(const Slot& slot) noexcept {
  return slot.head.generation.load(std::memory_order_acquire) % 2 != 0;
}

template <class F>
void for_each_live_slot(const Arena& arena, F&& f) {
  for (SegmentIndex segment = 0; segment < arena.usable_segments(); ++segment) {
    if (arena.descriptor(segment).use.load(std::memory_order_relaxed) != SegmentUse::slots) {
      continue;
    }
    for (std::uint32_t i = 0; i < slots_per_segment; ++i) {
      Slot& slot = arena.slot(segment * slots_per_segment + i);
      const std::uint32_t traits =
          std::atomic_ref(slot.head.traits).load(std::memory_order_relaxed);
      if (is_live(slot) && (traits & slot_recording) != 0) f(slot);
    }
  }
}

}  // namespace

std::uint64_t count_open_spans(const Arena& arena) noexcept {
  std::uint64_t open = 0;
  for_each_live_slot(arena, [&open](const Slot& slot) {
    if (slot.head.end_place.load(std::memory_order_relaxed) == 0) ++open;
  });
  return open;
}

void close_ended_spans(const Arena& arena) noexcept {
  for_each_live_slot(arena, [&arena](Slot& slot) {
    if (has_ended(arena, slot)) {
      slot.head.generation.fetch_add(1, std::memory_order_release);
    } else {
      slot.head.end_place.store(0, std::memory_order_relaxed);
    }
  });
}

void visit_open_spans(const Arena& arena, const OpenSpanVisitor& visit) {
  for_each_live_slot(arena, [&](const Slot& slot) {
    std::vector<std::uint64_t> image = image_of(arena, slot);
    if (image.empty() || !complete(arena, slot, image)) return;
    std::array<char, operation_name_limit> text;
    visit(*reinterpret_cast<const model::RecordHead*>(image.data()),
          operation_of(arena, slot, text));
  });
}

void close_open_span(const Arena& arena, std::uint64_t origin) noexcept {
  const Place place = Place::unpacked(origin);
  if (place.segment >= arena.usable_segments() || place.offset % slot_size != 0) return;
  const SegmentDescriptor& descriptor = arena.descriptor(place.segment);
  if (descriptor.use.load(std::memory_order_relaxed) != SegmentUse::slots ||
      descriptor.epoch.load(std::memory_order_relaxed) != place.epoch) {
    return;
  }
  Slot& slot = arena.slot(place.segment * slots_per_segment + place.offset / slot_size);
  if (is_live(slot)) slot.head.generation.fetch_add(1, std::memory_order_release);
}

}  // namespace posthaste::arena
