#include "runtime/produce/operation_name.h"

namespace posthaste::produce {

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
