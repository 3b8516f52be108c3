#pragma once

/// Which streams an instrument has: the views that fit it, or the standard one. Pure; used when an
/// instrument is made.

#include "runtime/metrics/cells.h"

#include <posthaste/metric_view.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::metrics {

/// What an instrument is, as its maker said.
struct InstrumentInfo {
  std::string name = {};
  std::string unit = {};
  std::string description = {};
  InstrumentKind kind = InstrumentKind::counter;
  bool integer = true;                  // int64, else double
  std::vector<double> boundaries = {};  // advice, for histograms; empty: none

  bool observable() const noexcept { return kind >= InstrumentKind::observable_counter; }
  bool monotonic() const noexcept {
    return kind == InstrumentKind::counter || kind == InstrumentKind::observable_counter ||
           kind == InstrumentKind::histogram;
  }
};

/// What a stream sends.
enum class PointKind : std::uint8_t { sum, gauge, explicit_histogram, exponential_histogram };

struct StreamSpec {
  std::string name;
  std::string unit;
  std::string description;
  InstrumentKind instrument = InstrumentKind::counter;
  PointKind point = PointKind::sum;
  CellKind cell = CellKind::sum_int64;
  bool integer = true;
  bool monotonic = true;
  bool observable = false;
  std::vector<double> boundaries;                // of an explicit histogram
  std::optional<std::vector<std::string>> keys;  // kept alone
  std::vector<std::string> excluded_keys;
  std::uint32_t cardinality_limit = 2000;

  bool filters() const noexcept { return keys.has_value() || !excluded_keys.empty(); }
  bool keeps(std::string_view key) const noexcept;
};

struct StreamDefaults {
  std::uint32_t cardinality_limit = 2000;
  bool exponential_histograms = false;
};

/// OpenTelemetry's boundaries.
const std::vector<double>& standard_boundaries();

/// Whether `text` is like `pattern`, with `*` and `?`.
bool is_like(std::string_view text, std::string_view pattern) noexcept;

/// Empty: the views drop the instrument.
std::vector<StreamSpec> streams_of(const InstrumentInfo& info, std::string_view meter,
                                   const std::vector<MetricView>& views,
                                   const StreamDefaults& defaults);

}  // namespace posthaste::metrics
