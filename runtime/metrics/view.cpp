#include "runtime/metrics/view.h"

#include <algorithm>

namespace posthaste::metrics {
namespace {

bool fits(const MetricView& view, const InstrumentInfo& info, std::string_view meter) noexcept {
  return is_like(info.name, view.instrument) && (view.meter.empty() || view.meter == meter) &&
         (view.unit.empty() || view.unit == info.unit) && (!view.kind || *view.kind == info.kind);
}

MetricAggregation standard_aggregation(const InstrumentInfo& info,
                                       const StreamDefaults& defaults) noexcept {
  switch (info.kind) {
    case InstrumentKind::histogram:
      return defaults.exponential_histograms ? MetricAggregation::exponential_histogram
                                             : MetricAggregation::explicit_histogram;
    case InstrumentKind::gauge:
    case InstrumentKind::observable_gauge: return MetricAggregation::last_value;
    default: return MetricAggregation::sum;
  }
}

bool is_histogram(MetricAggregation aggregation) noexcept {
  return aggregation == MetricAggregation::explicit_histogram ||
         aggregation == MetricAggregation::exponential_histogram;
}

MetricAggregation aggregation_of(const InstrumentInfo& info, MetricAggregation wanted,
                                 const StreamDefaults& defaults) noexcept {
  const MetricAggregation standard = standard_aggregation(info, defaults);
  if (wanted == MetricAggregation::standard) return standard;
  const bool gauge =
      info.kind == InstrumentKind::gauge || info.kind == InstrumentKind::observable_gauge;
  // A sum of a gauge's values means nothing, and what is observed was summed up already; a
  // histogram takes no negative values.
  if (is_histogram(wanted) && (info.observable() || gauge || !info.monotonic())) return standard;
  if (wanted == MetricAggregation::sum && gauge) return standard;
  return wanted;
}

void set_aggregation(StreamSpec& spec, MetricAggregation aggregation) {
  switch (aggregation) {
    case MetricAggregation::explicit_histogram:
      spec.point = PointKind::explicit_histogram;
      spec.cell = CellKind::explicit_histogram;
      return;
    case MetricAggregation::exponential_histogram:
      spec.point = PointKind::exponential_histogram;
      spec.cell = CellKind::exponential_histogram;
      return;
    case MetricAggregation::last_value:
      spec.point = PointKind::gauge;
      spec.cell = CellKind::last_value;
      return;
    default: break;
  }
  spec.point = PointKind::sum;
  spec.cell = spec.observable ? CellKind::last_value
              : spec.integer  ? CellKind::sum_int64
                              : CellKind::sum_float64;
}

StreamSpec stream_of(const InstrumentInfo& info, const MetricView& view,
                     const StreamDefaults& defaults) {
  StreamSpec spec;
  spec.name = view.name.empty() ? info.name : view.name;
  spec.unit = info.unit;
  spec.description = view.description.empty() ? info.description : view.description;
  spec.instrument = info.kind;
  spec.integer = info.integer;
  spec.monotonic = info.monotonic();
  spec.observable = info.observable();
  set_aggregation(spec, aggregation_of(info, view.aggregation, defaults));
  spec.boundaries = view.boundaries            ? *view.boundaries
                    : !info.boundaries.empty() ? info.boundaries
                                               : standard_boundaries();
  spec.keys = view.attribute_keys;
  spec.excluded_keys = view.excluded_attribute_keys;
  spec.cardinality_limit =
      std::max(view.cardinality_limit.value_or(defaults.cardinality_limit), 1u);
  return spec;
}

}  // namespace

const std::vector<double>& standard_boundaries() {
  static const std::vector<double> boundaries{0,   5,   10,   25,   50,   75,   100,  250,
                                              500, 750, 1000, 2500, 5000, 7500, 10000};
  return boundaries;
}

bool StreamSpec::keeps(std::string_view key) const noexcept {
  if (std::find(excluded_keys.begin(), excluded_keys.end(), key) != excluded_keys.end()) {
    return false;
  }
  return !keys || std::find(keys->begin(), keys->end(), key) != keys->end();
}

bool is_like(std::string_view text, std::string_view pattern) noexcept {
  std::size_t at = 0, in = 0, star = std::string_view::npos, resume = 0;
  while (at < text.size()) {
    if (in < pattern.size() && pattern[in] == '*') {
      star = in++;
      resume = at;
    } else if (in < pattern.size() && (pattern[in] == '?' || pattern[in] == text[at])) {
      ++in;
      ++at;
    } else if (star != std::string_view::npos) {
      in = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (in < pattern.size() && pattern[in] == '*') ++in;
  return in == pattern.size();
}

std::vector<StreamSpec> streams_of(const InstrumentInfo& info, std::string_view meter,
                                   const std::vector<MetricView>& views,
                                   const StreamDefaults& defaults) {
  std::vector<StreamSpec> streams;
  bool fitted = false;
  for (const MetricView& view : views) {
    if (!fits(view, info, meter)) continue;
    fitted = true;
    if (view.aggregation != MetricAggregation::drop) {
      streams.push_back(stream_of(info, view, defaults));
    }
  }
  if (!fitted) streams.push_back(stream_of(info, {}, defaults));
  return streams;
}

}  // namespace posthaste::metrics
