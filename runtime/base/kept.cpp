#include "runtime/base/kept.h"

#include <atomic>
#include <new>
#include <utility>

namespace posthaste {
namespace {

struct Kept {
  std::shared_ptr<const void> thing;
  Kept* before = nullptr;
};

std::atomic<Kept*> last_kept{nullptr};

/// Holds its share without memory of its own, and never lets go.
union Undestroyed {
  explicit Undestroyed(std::shared_ptr<const void> thing) noexcept : thing_(std::move(thing)) {}
  ~Undestroyed() {}
  std::shared_ptr<const void> thing_;
};

}  // namespace

void keep_for_ever(std::shared_ptr<const void> thing) noexcept {
  auto* const kept = new (std::nothrow) Kept{std::move(thing)};
  if (kept == nullptr) {
    const Undestroyed undestroyed(std::move(thing));
    return;
  }
  kept->before = last_kept.load(std::memory_order_relaxed);
  while (!last_kept.compare_exchange_weak(kept->before, kept, std::memory_order_release,
                                          std::memory_order_relaxed)) {
  }
}

}  // namespace posthaste
