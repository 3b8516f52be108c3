#include "runtime/produce/operation_name.h"

namespace posthaste::produce {

void put_any_operation(arena::OperationCell& cell, std::string_view name) noexcept {
  const std::string_view kept = cut_bytes(name, arena::operation_name_limit);
  cell.size.store(static_cast<std::uint32_t>(kept.size()), std::memory_order_relaxed);
  std::atomic<std::uint64_t>* to = cell.words.data();
  const char* from = kept.data();
  if (kept.size() < 8) {
    const TextEnds ends = TextEnds::of(from, kept.size());
    const std::size_t last = kept.size() < 4 ? 0 : 8 * (kept.size() - 4);
    to->store(ends.first | ends.last << last, std::memory_order_relaxed);
    return;
  }
  std::uint64_t word;
  for (const char* const last = from + kept.size() - 8; from <= last; from += 8) {
    std::memcpy(&word, from, 8);
    (to++)->store(word, std::memory_order_relaxed);
  }
  // The rest is the end of the last eight bytes.
  if (const std::size_t rest = kept.size() & 7; rest != 0) {
    std::memcpy(&word, from + rest - 8, 8);
    to->store(word >> (64 - 8 * rest), std::memory_order_relaxed);
  }
}

void write_operation(arena::OperationCell& cell, std::string_view name) noexcept {
  const std::uint32_t sequence = cell.sequence.load(std::memory_order_relaxed) & ~1u;
  cell.sequence.store(sequence + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  put_operation(cell, name);
  cell.sequence.store(sequence + 2, std::memory_order_release);
}

bool read_operation(const arena::Slot& slot, std::uint32_t generation,
                    OperationName& name) noexcept {
  return copy_operation(slot.operation, name, [&] {
    std::atomic_thread_fence(std::memory_order_acquire);
    return slot.head.generation.load(std::memory_order_relaxed) == generation;
  });
}

}  // namespace posthaste::produce
