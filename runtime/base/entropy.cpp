#include "runtime/base/entropy.h"

#include "runtime/base/thread.h"

#include <sys/random.h>

#include <atomic>

namespace posthaste {

std::uint64_t entropy() noexcept {
  const CancellationHeldBack held;
  std::uint64_t value = 0;
  if (getrandom(&value, sizeof value, GRND_NONBLOCK) == sizeof value) return value;
  // No entropy yet, early at boot: an address and a counter still tell threads and processes apart.
  static std::atomic<std::uint64_t> turn{0x9e37'79b9'7f4a'7c15};
  return turn.fetch_add(0x9e37'79b9'7f4a'7c15) ^ reinterpret_cast<std::uintptr_t>(&value);
}

}  // namespace posthaste
