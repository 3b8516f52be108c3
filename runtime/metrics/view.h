#pragma once

/// Which streams an instrument has: the views that fit it, or the standard one. Pure; used when an
/// instrument is made.

#include "runtime/metrics/cells.h"
#include "runtime/model/metric_point.h"

#include <posthaste/metric_view.h>

#include <cstdint>
#include <optional>
#include <span>
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

/// Outputs that want the same.
struct Reader {
  MetricPreferences wants = {};
  std::uint16_t outputs = 0;  // bit o: output o; 0: all
};
/// One for each kind of preferences; element o is output o's.
std::vector<Reader> readers_of(std::span<const MetricPreferences> outputs);

/// Readers to whom a stream tells the same.
struct StreamReader {
  model::Temporality temporality = model::Temporality::unspecified;  // of a gauge
  std::uint16_t outputs = 0;
};

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
  std::vector<StreamReader> readers;  // one, or a delta and a cumulative one

  bool filters() const noexcept { return keys.has_value() || !excluded_keys.empty(); }
  bool keeps(std::string_view key) const noexcept;
};

struct StreamDefaults {
  std::uint32_t cardinality_limit = 2000;
};

/// OpenTelemetry's boundaries.
const std::vector<double>& standard_boundaries();

/// Empty: the views drop the instrument. Readers that want different aggregations or limits have
/// streams of their own.
std::vector<StreamSpec> streams_of(const InstrumentInfo& info, std::string_view meter,
                                   const std::vector<MetricView>& views,
                                   const StreamDefaults& defaults,
                                   const std::vector<Reader>& readers);

}  // namespace posthaste::metrics
