#pragma once

/// When a batch is closed: full by count or bytes, old enough, flushed, or because the arena gets
/// scarce; never because it is merely not empty. Pure; asked by the batcher.

#include "runtime/base/clock.h"

#include <chrono>
#include <cstdint>
#include <optional>

namespace posthaste::actors {

struct BatchRules {
  static constexpr std::uint64_t most_bytes = 1024 * 1024;  // of records
  std::uint32_t most_items = 512;
  std::chrono::nanoseconds most_age = std::chrono::seconds{5};
};

/// The records behind the cursor, as far as they would fit in one batch.
struct Extent {
  std::uint64_t begin = 0;  // log positions
  std::uint64_t end = 0;
  std::uint32_t records = 0;
  std::uint32_t items = 0;  // lines that they make
  std::uint64_t bytes = 0;
  SteadyTime seen{};  // when the first of them was
};

enum class CloseReason : std::uint8_t { count, bytes, age, flush, pressure };

/// Empty: it stays open. `flush_up_to`: everything below that log position is to be closed.
std::optional<CloseReason> why_close(const BatchRules& rules, const Extent& extent, SteadyTime now,
                                     std::uint64_t flush_up_to, bool pressure) noexcept;

}  // namespace posthaste::actors
