#pragma once

/// Slots: where spans live while they are under construction. One stack of free ones per lane, so
/// that threads on different CPUs do not meet; slots have no home and may be freed anywhere.
///
/// Threads:  any, lock-free.
/// Full:     slots take at most a quarter of the arena; then take() gives nothing.
/// Crash:    a slot's generation is odd while a span lives in it; docs/formats/arena.md.

#include "runtime/arena/arena.h"

namespace posthaste::arena {

class SlotPool {
public:
  SlotPool() = default;
  /// The first generation of a new slot grows out of `generation_base`.
  SlotPool(const Arena& arena, std::uint32_t generation_base) noexcept
      : arena_(arena), first_generation_(generation_base << 1) {}

  /// A free slot, its generation still even; null when there is none.
  Slot* take(std::uint32_t lane) const noexcept {
    Slot* slot = pop(lane);
    return slot != nullptr ? slot : take_elsewhere(lane);
  }

  /// For a slot whose generation is even again.
  void give_back(std::uint32_t lane, Slot& slot) const noexcept;

  const Arena& arena() const noexcept { return arena_; }

private:
  Slot* pop(std::uint32_t lane) const noexcept;
  Slot* take_elsewhere(std::uint32_t lane) const noexcept;
  Slot* take_new_segment(std::uint32_t lane) const noexcept;

  Arena arena_;
  std::uint32_t first_generation_ = 0;
};

inline Slot* SlotPool::pop(std::uint32_t lane) const noexcept {
  std::atomic<std::uint64_t>& stack = arena_.lane(lane).free_slots;
  std::uint64_t top = stack.load(std::memory_order_acquire);
  for (;;) {
    const auto index = static_cast<std::uint32_t>(top);
    if (index == no_slot) return nullptr;
    Slot& slot = arena_.slot(index);
    // Somebody else may take and reuse it meanwhile; then the tag has changed and the exchange
    // fails.
    const std::uint64_t next = slot.head.next.load(std::memory_order_relaxed);
    const std::uint64_t wanted = ((top >> 32) + 1) << 32 | next;
    if (stack.compare_exchange_weak(top, wanted, std::memory_order_acquire)) return &slot;
  }
}

inline void SlotPool::give_back(std::uint32_t lane, Slot& slot) const noexcept {
  std::atomic<std::uint64_t>& stack = arena_.lane(lane).free_slots;
  const std::uint32_t index = arena_.slot_index(slot);
  std::uint64_t top = stack.load(std::memory_order_relaxed);
  std::uint64_t wanted;
  do {
    slot.head.next.store(static_cast<std::uint32_t>(top), std::memory_order_relaxed);
    wanted = ((top >> 32) + 1) << 32 | index;
  } while (!stack.compare_exchange_weak(top, wanted, std::memory_order_release,
                                        std::memory_order_relaxed));
}

}  // namespace posthaste::arena
