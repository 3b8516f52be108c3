#pragma once

/// What tells one telemetry item from another: 64 bits, for finding what arrived twice.
///
/// An item with an id of its own is (iKey, type, operation id, id, time, name); an item without
/// one (trace, exception, event, metric) is its whole text, as two of them may share all of these.

#include "tools/emulator/envelope_check.h"

#include <cstdint>

namespace posthaste::tools {

std::uint64_t hash_of(const ItemFacts& item) noexcept;

}  // namespace posthaste::tools
