#pragma once

/// Address ranges that regions have left. They stay mapped for ever, as empty pages, because a
/// thread that was late may still write there; a new region of the same size takes one over, so
/// that starting and stopping does not use up addresses. One per process, a forked child's is empty;
/// it is never destroyed.
///
/// Threads: any; locks. Blocking: system calls.

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace posthaste::arena {

struct AddressRange {
  std::byte* base = nullptr;  // null: no addresses to be had
  std::size_t size = 0;
  std::uint32_t uses = 0;  // by regions, before the present one
};

class AddressPool {
public:
  static AddressPool& of_process() noexcept;

  /// A range of empty pages; the one that was given back first, else a new one.
  AddressRange take(std::size_t size);
  /// Replaces whatever is mapped there by empty pages, and keeps the range.
  void give_back(AddressRange range) noexcept;
  /// Ranges that are not in use.
  std::size_t unused() const noexcept;

private:
  struct Owned;
  mutable std::mutex mutex_;
  std::vector<AddressRange> ranges_;  // guarded by mutex_; oldest first
};

}  // namespace posthaste::arena
