#include "runtime/base/fork_guard.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>

namespace posthaste {
namespace {

/// 0: free; else the descriptor + 1. An arena and a store for each Telemetry that can live.
constinit std::array<std::atomic<int>, 128> descriptors{};

void close_all() noexcept {
  for (std::atomic<int>& kept : descriptors) {
    const int descriptor = kept.exchange(0, std::memory_order_relaxed) - 1;
    if (descriptor >= 0) ::close(descriptor);
  }
}

void replace(int expected, int wanted) noexcept {
  for (std::atomic<int>& kept : descriptors) {
    int present = expected;
    if (kept.compare_exchange_strong(present, wanted)) return;
  }
}

}  // namespace

void close_in_children(int descriptor) noexcept {
  [[maybe_unused]] static const int registered = ::pthread_atfork(nullptr, nullptr, close_all);
  if (descriptor >= 0) replace(0, descriptor + 1);
}

void forget_in_children(int descriptor) noexcept {
  if (descriptor >= 0) replace(descriptor + 1, 0);
}

}  // namespace posthaste
