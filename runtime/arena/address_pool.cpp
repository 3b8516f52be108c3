#include "runtime/arena/address_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

namespace posthaste::arena {
namespace {

constexpr int empty_pages = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

}  // namespace

/// With the process that it is of: a forked child has none of the ranges of its parent, whose pool
/// may be locked for ever there.
struct AddressPool::Owned {
  pid_t process = ::getpid();
  AddressPool pool;
};

AddressPool& AddressPool::of_process() noexcept {
  static std::atomic<Owned*> owned{new Owned};
  Owned* known = owned.load(std::memory_order_acquire);
  if (known->process == ::getpid()) return known->pool;
  auto* const fresh = new Owned;
  if (owned.compare_exchange_strong(known, fresh, std::memory_order_acq_rel)) return fresh->pool;
  delete fresh;
  return known->pool;
}

AddressRange AddressPool::take(std::size_t size) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(ranges_.begin(), ranges_.end(),
                                    [&](const AddressRange& range) { return range.size == size; });
    if (found != ranges_.end()) {
      const AddressRange range = *found;
      ranges_.erase(found);
      return range;
    }
    ranges_.reserve(ranges_.size() + 1);  // give_back needs no memory
  }
  void* const base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, empty_pages, -1, 0);
  if (base == MAP_FAILED) return {};
  ::madvise(base, size, MADV_DONTFORK);
  return {static_cast<std::byte*>(base), size, 0};
}

void AddressPool::give_back(AddressRange range) noexcept {
  void* const base =
      ::mmap(range.base, range.size, PROT_READ | PROT_WRITE, empty_pages | MAP_FIXED, -1, 0);
  if (base == MAP_FAILED) return;  // stays as it is; not used again
  ::madvise(base, range.size, MADV_DONTFORK);
  ++range.uses;
  const std::lock_guard lock(mutex_);
  ranges_.push_back(range);
}

std::size_t AddressPool::unused() const noexcept {
  const std::lock_guard lock(mutex_);
  return ranges_.size();
}

}  // namespace posthaste::arena
