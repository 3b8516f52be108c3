#include "runtime/base/bell.h"

#include "runtime/base/thread.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace posthaste {

Bell::Bell() noexcept : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Bell::~Bell() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Bell::ring_loudly() noexcept {
  state_.store(State::awake, std::memory_order_relaxed);
  if (descriptor_ < 0) return;
  const CancellationHeldBack held;  // recording calls come here
  const int error = errno;
  const std::uint64_t one = 1;
  // A full counter (EAGAIN) rings as well as one more would.
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
  errno = error;
}

void Bell::hush() noexcept {
  std::uint64_t rings = 0;
  if (descriptor_ >= 0) [[maybe_unused]]
    const auto taken = ::read(descriptor_, &rings, sizeof rings);
}

}  // namespace posthaste
