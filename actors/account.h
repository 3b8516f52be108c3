#pragma once

/// Ledger and health, read from the arena's counters and what the parts publish. Every number is
/// counted where it happens; none is the difference of two others, so that the law of the ledger is
/// a check and not a definition. Any thread; never blocks for longer than a short mutex.

#include "actors/durable.h"

#include <posthaste/ledger.h>
#include <posthaste/telemetry.h>

#include <vector>

namespace posthaste::actors {

Ledger ledger_of(const Durable& durable);
std::vector<OutputHealth> health_of(const Durable& durable);
MetricHealth metric_health_of(const Durable& durable);
std::uint64_t free_bytes_of(const Durable& durable) noexcept;

}  // namespace posthaste::actors
