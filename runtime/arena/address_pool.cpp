#include "runtime/arena/address_pool.h"

#include <sys/mman.h>

#include <algorithm>

namespace posthaste::arena {
namespace {

constexpr int empty_pages = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

}  // namespace

AddressPool& AddressPool::of_process() noexcept {
  static AddressPool& pool = *new AddressPool;
  return pool;
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
