#include "runtime/produce/operation_name.h"

#include "runtime/produce/cut_text.h"

#include <algorithm>
#include <cstring>

namespace posthaste::produce {
namespace {

/// A rename takes some ten instructions; more tries than this mean that its thread was interrupted.
constexpr int most_attempts = 100;

}  // namespace

void write_operation(arena::OperationCell& cell, std::string_view name) noexcept {
  const std::uint32_t sequence = cell.sequence.load(std::memory_order_relaxed) & ~1u;
  cell.sequence.store(sequence + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  begin_operation(cell, name);
  cell.sequence.store(sequence + 2, std::memory_order_release);
}

bool read_operation(const arena::Slot& slot, std::uint32_t generation,
                    OperationName& name) noexcept {
  const arena::OperationCell& cell = slot.operation;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    const std::uint32_t before = cell.sequence.load(std::memory_order_acquire);
    const std::uint32_t size = std::min<std::uint32_t>(cell.size.load(std::memory_order_relaxed),
                                                       arena::operation_name_limit);
    for (std::uint32_t at = 0; at < size; at += 8) {
      const std::uint64_t word = cell.words[at / 8].load(std::memory_order_relaxed);
      std::memcpy(name.text + at, &word, 8);
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    if (slot.head.generation.load(std::memory_order_relaxed) != generation) return false;
    if (before % 2 == 0 && cell.sequence.load(std::memory_order_relaxed) == before) {
      name.sequence = before;
      name.size = size;
      return true;
    }
  }
  return false;
}

}  // namespace posthaste::produce
