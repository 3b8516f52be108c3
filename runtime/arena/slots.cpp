#include "runtime/arena/slots.h"

#include <new>

namespace posthaste::arena {

Slot* SlotPool::take_elsewhere(std::uint32_t lane) const noexcept {
  // Spans that start on one CPU and end on another pile up there: look before taking more memory.
  for (std::uint32_t other = 0; other < arena_.geometry().lanes; ++other) {
    if (other == lane) continue;
    if (Slot* slot = pop(other)) return slot;
  }
  return take_new_segment(lane);
}

Slot* SlotPool::take_new_segment(std::uint32_t lane) const noexcept {
  ArenaHeader& header = arena_.header();
  const std::uint32_t most = arena_.geometry().segments / 4;
  if (header.slot_segments.fetch_add(1, std::memory_order_relaxed) >= most) {
    header.slot_segments.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  // Whoever dies before the heads are laid out leaves a segment that belongs to nothing, not slots
  // with the bytes of an earlier use for heads.
  const auto segment = arena_.take_segment(SegmentUse::free, Claim::ordinary);
  if (!segment) {
    header.slot_segments.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  Slot* first = &arena_.slot(*segment * slots_per_segment);
  for (std::uint32_t i = 0; i < slots_per_segment; ++i) {
    SlotHead* head = new (&first[i].head) SlotHead{};
    head->generation.store(first_generation_, std::memory_order_relaxed);
    first[i].operation.sequence.store(0, std::memory_order_relaxed);
    first[i].operation.size.store(0, std::memory_order_relaxed);
  }
  arena_.descriptor(*segment).use.store(SegmentUse::slots, std::memory_order_release);
  for (std::uint32_t i = 1; i < slots_per_segment; ++i) give_back(lane, first[i]);
  return first;
}

}  // namespace posthaste::arena
