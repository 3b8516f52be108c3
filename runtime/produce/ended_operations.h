#pragma once

/// The names of local roots that ended lately, for children that outlive them: a slot is used again
/// at once, and a child that began before its root learned its name would be left with the old one.
/// Only names that changed while the span lived come here.
///
/// Threads:  any, lock-free. Whoever meets another writer in a place leaves it to that one.
/// Blocking: never. Memory: 150 KB, of which pages that were never used take none.
/// Full:     a later name takes the place of an earlier one; a child then has the name that its
///           root had when the child began.

#include "runtime/produce/operation_name.h"

#include <atomic>
#include <cstdint>
#include <memory>

namespace posthaste::produce {

/// A local root by its slot.
struct RootRef {
  std::uint32_t slot = arena::no_slot;
  std::uint32_t generation = 0;
};

class EndedOperations {
public:
  EndedOperations();

  /// The name in `cell`, which nobody changes any more.
  void keep(RootRef root, const arena::OperationCell& cell) noexcept;
  /// False if it is not here, or not any more.
  bool find(RootRef root, OperationName& name) const noexcept;

private:
  static constexpr std::size_t places = 512;
  struct Place {
    std::atomic<std::uint64_t> root;
    arena::OperationCell cell;
  };

  static std::uint64_t word_of(RootRef root) noexcept {
    return std::uint64_t{root.generation} << 32 | root.slot;
  }
  Place& place_of(RootRef root) const noexcept;

  struct Free {
    void operator()(void* memory) const noexcept;
  };
  std::unique_ptr<Place[], Free> places_;  // null: there was no memory, nothing is kept
};

}  // namespace posthaste::produce
