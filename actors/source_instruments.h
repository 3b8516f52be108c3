#pragma once

/// What the sources of built-in meters (metrics::MeterSource) have in common: how they observe, and
/// how they say once what they cannot read.
///
/// Threads: as the source that calls.

#include "runtime/base/diagnostics_sink.h"
#include "runtime/metrics/instrument.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace posthaste::actors {

/// One collection's observations. Nothing is observed where there is no value, or no instrument.
class Observation {
public:
  explicit Observation(std::uint64_t collection) noexcept : collection_(collection) {}

  void put(metrics::Instrument* to, const std::optional<double>& value,
           Attributes attributes = {}) const noexcept {
    if (to != nullptr && value) to->observe_from_source(*value, attributes, collection_);
  }
  void put(metrics::Instrument* to, const std::optional<std::uint64_t>& amount,
           Attributes attributes = {}) const noexcept {
    if (to == nullptr || !amount) return;
    const auto most = static_cast<std::uint64_t>(INT64_MAX);
    to->observe_from_source(static_cast<std::int64_t>(std::min(*amount, most)), attributes,
                            collection_);
  }

private:
  std::uint64_t collection_;
};

/// `failures` as host::ProcessReader says them; nothing is said when there are none.
inline void tell_unreadable(DiagnosticsSink& diagnostics, const char* group,
                            const std::string& failures) noexcept {
  if (failures.empty()) return;
  diagnostics.report(
      Severity::info, DiagnosticCode::host_unreadable,
      std::string(group) + " that need what cannot be read are not sent: " + failures);
}

}  // namespace posthaste::actors
