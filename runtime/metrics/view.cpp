#include "runtime/metrics/view.h"

#include "runtime/base/text_pattern.h"

#include <algorithm>

namespace posthaste::metrics {
namespace {

bool fits(const MetricView& view, const InstrumentInfo& info, std::string_view meter) {
  return TextPattern::with_wildcards(view.instrument).matches(info.name) &&
         (view.meter.empty() || view.meter == meter) &&
         (view.unit.empty() || view.unit == info.unit) && (!view.kind || *view.kind == info.kind);
}

MetricAggregation standard_aggregation(const InstrumentInfo& info,
                                       const MetricPreferences& wants) noexcept {
  switch (info.kind) {
    case InstrumentKind::histogram:
      return wants.exponential_histograms ? MetricAggregation::exponential_histogram
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
                                 const MetricPreferences& wants) noexcept {
  const MetricAggregation standard = standard_aggregation(info, wants);
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

model::Temporality temporality_of(const StreamSpec& spec, TemporalityPreference wanted) noexcept {
  if (spec.point == PointKind::gauge) return model::Temporality::unspecified;
  const bool up_down = spec.instrument == InstrumentKind::up_down_counter ||
                       spec.instrument == InstrumentKind::observable_up_down_counter;
  const bool delta = !up_down && (wanted == TemporalityPreference::delta ||
                                  (wanted == TemporalityPreference::low_memory &&
                                   spec.instrument != InstrumentKind::observable_counter));
  return delta ? model::Temporality::delta : model::Temporality::cumulative;
}

StreamSpec stream_of(const InstrumentInfo& info, const MetricView& view,
                     const StreamDefaults& defaults, const MetricPreferences& wants) {
  StreamSpec spec;
  spec.name = view.name.empty() ? info.name : view.name;
  spec.unit = info.unit;
  spec.description = view.description.empty() ? info.description : view.description;
  spec.instrument = info.kind;
  spec.integer = info.integer;
  spec.monotonic = info.monotonic();
  spec.observable = info.observable();
  set_aggregation(spec, aggregation_of(info, view.aggregation, wants));
  spec.boundaries = view.boundaries            ? *view.boundaries
                    : !info.boundaries.empty() ? info.boundaries
                                               : standard_boundaries();
  spec.keys = view.attribute_keys;
  spec.excluded_keys = view.excluded_attribute_keys;
  const std::uint32_t limit = wants.cardinality_limit.value_or(defaults.cardinality_limit);
  spec.cardinality_limit = std::max(view.cardinality_limit.value_or(limit), 1u);
  return spec;
}

void add_reader(StreamSpec& spec, const Reader& reader) {
  const model::Temporality temporality = temporality_of(spec, reader.wants.temporality);
  for (StreamReader& known : spec.readers) {
    if (known.temporality != temporality) continue;
    known.outputs |= reader.outputs;
    return;
  }
  spec.readers.push_back({temporality, reader.outputs});
}

/// The streams that one view makes of an instrument.
void add_streams(std::vector<StreamSpec>& streams, const InstrumentInfo& info,
                 const MetricView& view, const StreamDefaults& defaults,
                 const std::vector<Reader>& readers) {
  const std::size_t first = streams.size();
  for (const Reader& reader : readers) {
    StreamSpec spec = stream_of(info, view, defaults, reader.wants);
    auto same = std::find_if(streams.begin() + static_cast<std::ptrdiff_t>(first), streams.end(),
                             [&spec](const StreamSpec& other) {
                               return other.cell == spec.cell &&
                                      other.cardinality_limit == spec.cardinality_limit;
                             });
    if (same == streams.end()) same = streams.insert(same, std::move(spec));
    add_reader(*same, reader);
  }
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

std::vector<Reader> readers_of(std::span<const MetricPreferences> outputs) {
  std::vector<Reader> readers;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto bit = static_cast<std::uint16_t>(1u << i);
    const auto same = std::find_if(readers.begin(), readers.end(), [&](const Reader& reader) {
      return reader.wants == outputs[i];
    });
    if (same == readers.end()) {
      readers.push_back({outputs[i], bit});
    } else {
      same->outputs |= bit;
    }
  }
  if (readers.size() == 1) readers.front().outputs = 0;
  return readers;
}

std::vector<StreamSpec> streams_of(const InstrumentInfo& info, std::string_view meter,
                                   const std::vector<MetricView>& views,
                                   const StreamDefaults& defaults,
                                   const std::vector<Reader>& readers) {
  std::vector<StreamSpec> streams;
  bool fitted = false;
  for (const MetricView& view : views) {
    if (!fits(view, info, meter)) continue;
    fitted = true;
    if (view.aggregation != MetricAggregation::drop) {
      add_streams(streams, info, view, defaults, readers);
    }
  }
  if (!fitted) add_streams(streams, info, {}, defaults, readers);
  return streams;
}

}  // namespace posthaste::metrics
