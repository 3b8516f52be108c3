#include "runtime/produce/ended_operations.h"

#include <cstdlib>

namespace posthaste::produce {

// Zeros as they come from the system are a table of nothing: no slot has generation 0.
EndedOperations::EndedOperations()
    : places_(static_cast<Place*>(std::calloc(places, sizeof(Place)))) {}

void EndedOperations::Free::operator()(void* memory) const noexcept {
  std::free(memory);
}

EndedOperations::Place& EndedOperations::place_of(RootRef root) const noexcept {
  const std::uint64_t mixed = word_of(root) * 0x9e37'79b9'7f4a'7c15;
  return places_[mixed >> 55];
}

void EndedOperations::keep(RootRef root, const arena::OperationCell& cell) noexcept {
  if (places_ == nullptr) return;
  Place& place = place_of(root);
  std::uint32_t sequence = place.cell.sequence.load(std::memory_order_relaxed);
  if (sequence % 2 != 0 || !place.cell.sequence.compare_exchange_strong(
                               sequence, sequence + 1, std::memory_order_acquire)) {
    return;
  }
  std::atomic_thread_fence(std::memory_order_release);
  place.root.store(word_of(root), std::memory_order_relaxed);
  const std::uint32_t size = cell.size.load(std::memory_order_relaxed);
  place.cell.size.store(size, std::memory_order_relaxed);
  for (std::uint32_t at = 0; at < size; at += 8) {
    place.cell.words[at / 8].store(cell.words[at / 8].load(std::memory_order_relaxed),
                                   std::memory_order_relaxed);
  }
  place.cell.sequence.store(sequence + 2, std::memory_order_release);
}

bool EndedOperations::find(RootRef root, OperationName& name) const noexcept {
  if (places_ == nullptr) return false;
  const Place& place = place_of(root);
  return copy_operation(place.cell, name, [&] {
    return place.root.load(std::memory_order_relaxed) == word_of(root);
  });
}

}  // namespace posthaste::produce
