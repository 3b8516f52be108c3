#pragma once

/// Views: how the measurements of chosen instruments become metrics. Set in Settings::metrics.
///
///   settings.metrics.views = {{.instrument = "http.*", .attribute_keys = {{"http.route"}}}};
///
/// Every view that fits an instrument makes one metric stream of it; without one there is the
/// standard stream. Specification: OpenTelemetry Metrics SDK 1.x, Views.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace posthaste {

enum class InstrumentKind : std::uint8_t {
  counter = 1,
  up_down_counter,
  histogram,
  gauge,
  observable_counter,
  observable_up_down_counter,
  observable_gauge,
};

enum class MetricAggregation : std::uint8_t {
  standard,  // as the instrument's kind has it
  drop,      // nothing is measured
  sum,
  last_value,
  explicit_histogram,     // counts by boundaries
  exponential_histogram,  // base-2, at most 160 buckets
};

/// How an output wants sums and histograms: the growth since the point before (delta), or the whole
/// since the beginning (cumulative). Up-down counters are always told whole. OpenTelemetry's names.
enum class TemporalityPreference : std::uint8_t {
  cumulative,
  delta,
  low_memory,  // delta; observable counters cumulative
};

/// What an output wants of metrics.
struct MetricPreferences {
  TemporalityPreference temporality = TemporalityPreference::delta;
  /// Of histograms that no view decides: base-2 exponential, else by boundaries.
  bool exponential_histograms = false;
  /// Where no view has one. Unset: `metrics.cardinality_limit`.
  std::optional<std::uint32_t> cardinality_limit = {};

  friend bool operator==(const MetricPreferences&, const MetricPreferences&) = default;
};

struct MetricView {
  // which instruments: all that is set must fit

  /// Name; `*` stands for any characters, `?` for one.
  std::string instrument = "*";
  std::string meter = {};  // name; empty: any
  std::string unit = {};   // empty: any
  std::optional<InstrumentKind> kind = {};

  // what becomes of them

  std::string name = {};         // empty: the instrument's; else `instrument` names one alone
  std::string description = {};  // empty: the instrument's
  /// The only attributes that are kept. Unset: all.
  std::optional<std::vector<std::string>> attribute_keys = {};
  std::vector<std::string> excluded_attribute_keys = {};
  /// What an observable instrument or a gauge cannot be (a histogram) stays standard.
  MetricAggregation aggregation = MetricAggregation::standard;
  /// Of an explicit histogram, ascending, at most 255. Unset: the instrument's advice, else
  /// OpenTelemetry's 15.
  std::optional<std::vector<double>> boundaries = {};
  /// Different attribute sets; more are summed up in one marked otel.metric.overflow. Unset:
  /// `metrics.cardinality_limit`.
  std::optional<std::uint32_t> cardinality_limit = {};
};

}  // namespace posthaste
