#include "runtime/wire/otlp_items.h"
#include "runtime/wire/otlp_values.h"
#include "runtime/wire/protobuf_writer.h"

namespace posthaste::wire {
namespace {

namespace pb = protobuf;
using model::MetricHead;
using model::MetricKind;
using model::MetricPointView;

/// The same things have other numbers in each kind of data point; 0: it has none.
struct PointFields {
  std::uint32_t attribute, start, time, count, sum, exemplar, flags, min, max;
};

constexpr PointFields number_fields{7, 2, 3, 0, 0, 5, 8, 0, 0};
constexpr PointFields histogram_fields{9, 2, 3, 4, 5, 8, 10, 11, 12};
constexpr PointFields exponential_fields{1, 2, 3, 4, 5, 11, 10, 12, 13};
constexpr PointFields summary_fields{7, 2, 3, 4, 5, 0, 8, 0, 0};

const PointFields& fields_of(MetricKind kind) noexcept {
  switch (kind) {
    case MetricKind::histogram: return histogram_fields;
    case MetricKind::exponential_histogram: return exponential_fields;
    case MetricKind::summary: return summary_fields;
    case MetricKind::gauge:
    case MetricKind::sum: break;
  }
  return number_fields;
}

char* put_value(char* at, std::uint32_t float64_field, std::uint32_t int64_field, bool integer,
                std::uint64_t bits) noexcept {
  return pb::put_fixed64(at, integer ? int64_field : float64_field, bits);
}

char* put_exemplar(char* at, std::uint32_t field, const model::ExemplarView& exemplar,
                   const TickScale& scale) noexcept {
  const model::ExemplarHead& head = exemplar.head;
  const bool traced = head.trace_id.is_valid();
  const std::size_t ids = traced ? pb::field_size(8) + pb::field_size(16) : 0;
  at = pb::put_head(at, field, 9 + 9 + ids + otlp_attributes_size(exemplar.attributes));
  at = pb::put_fixed64(at, 2, otlp_time(head.time, head.time_is_wall != 0, scale));
  at = put_value(at, 3, 6, head.integer != 0, head.value);
  if (traced) {
    const auto bytes = [](const auto& id) {
      return std::string_view(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
    };
    at = pb::put_bytes(pb::put_head(at, 4, 8), bytes(head.span_id));
    at = pb::put_bytes(pb::put_head(at, 5, 16), bytes(head.trace_id));
  }
  return put_otlp_attributes(at, 7, exemplar.attributes);
}

char* put_explicit(char* at, const model::ExplicitBucketsView& buckets) noexcept {
  at = pb::put_head(at, 6, std::size_t{buckets.counts.size()} * 8);
  for (std::uint32_t i = 0; i < buckets.counts.size(); ++i, at += 8) {
    const std::uint64_t count = buckets.counts[i];
    std::memcpy(at, &count, sizeof count);
  }
  if (buckets.bounds.size() == 0) return at;
  at = pb::put_head(at, 7, std::size_t{buckets.bounds.size()} * 8);
  for (std::uint32_t i = 0; i < buckets.bounds.size(); ++i, at += 8) {
    const double bound = buckets.bounds[i];
    std::memcpy(at, &bound, sizeof bound);
  }
  return at;
}

/// One range of an exponential histogram; none at all where it holds nothing.
char* put_range(char* at, std::uint32_t field, std::int32_t offset,
                const model::PackedCounts& counts) noexcept {
  if (counts.size() == 0) return at;
  std::size_t packed = 0;
  for (std::uint32_t i = 0; i < counts.size(); ++i) packed += pb::varint_size(counts[i]);
  const std::uint64_t coded = pb::zigzag(offset);
  const std::size_t offset_size = coded == 0 ? 0 : 1 + pb::varint_size(coded);
  at = pb::put_head(at, field, offset_size + pb::field_size(packed));
  at = pb::put_head(pb::put_number(at, 1, coded), 2, packed);
  for (std::uint32_t i = 0; i < counts.size(); ++i) at = pb::put_varint(at, counts[i]);
  return at;
}

char* put_exponential(char* at, const model::ExponentialBucketsView& buckets) noexcept {
  const model::ExponentialBucketsHead& head = buckets.head;
  at = pb::put_number(at, 6, pb::zigzag(head.scale));
  if (head.zero_count != 0) at = pb::put_fixed64(at, 7, head.zero_count);
  at = put_range(at, 8, head.positive_offset, buckets.positive);
  at = put_range(at, 9, head.negative_offset, buckets.negative);
  if (head.zero_threshold == 0) return at;
  return pb::put_float64(at, 14, head.zero_threshold);
}

char* put_quantiles(char* at, const model::QuantilesView& quantiles) noexcept {
  for (std::uint32_t i = 0; i < quantiles.size(); ++i) {
    at = pb::put_head(at, 6, 18);
    at = pb::put_float64(at, 1, quantiles.quantile(i));
    at = pb::put_float64(at, 2, quantiles.value(i));
  }
  return at;
}

char* put_distribution(char* at, const PointFields& fields, const MetricPointView& point) noexcept {
  const MetricHead& head = point.head;
  at = pb::put_fixed64(at, fields.count, head.count);
  if (head.has(model::metric_trait::has_value)) {
    at = pb::put_float64(at, fields.sum, head.float64());
  }
  if (fields.min != 0 && head.has(model::metric_trait::has_min)) {
    at = pb::put_float64(at, fields.min, head.min);
  }
  if (fields.max != 0 && head.has(model::metric_trait::has_max)) {
    at = pb::put_float64(at, fields.max, head.max);
  }
  switch (head.kind) {
    case MetricKind::histogram:
      return point.explicit_buckets ? put_explicit(at, *point.explicit_buckets) : at;
    case MetricKind::exponential_histogram:
      return point.exponential_buckets ? put_exponential(at, *point.exponential_buckets) : at;
    default: return put_quantiles(at, point.quantiles);
  }
}

}  // namespace

char* put_otlp_point(char* at, const MetricPointView& point, const TickScale& scale) noexcept {
  const MetricHead& head = point.head;
  const PointFields& fields = fields_of(head.kind);
  const auto time = [&](std::uint64_t value, std::uint16_t wall) {
    return value == 0 ? 0 : otlp_time(value, (head.flags & wall) != 0, scale);
  };
  const std::uint64_t start = time(head.start, model::record_flag::start_is_wall);
  if (start != 0) at = pb::put_fixed64(at, fields.start, start);
  at = pb::put_fixed64(at, fields.time, time(head.end, model::record_flag::end_is_wall));
  if (head.kind != MetricKind::gauge && head.kind != MetricKind::sum) {
    at = put_distribution(at, fields, point);
  } else if (head.has(model::metric_trait::has_value)) {
    at = put_value(at, 4, 6, head.has(model::metric_trait::integer), head.value);
  }
  at = pb::put_number(at, fields.flags, head.point_flags);
  model::EntryRange entries = point.entries();
  while (const auto entry = entries.next()) {
    if (entry->head.kind == model::EntryKind::attribute) {
      at = put_otlp_attribute(at, fields.attribute, *entry);
    } else if (entry->head.kind == model::EntryKind::exemplar && fields.exemplar != 0) {
      if (const auto exemplar = model::ExemplarView::from(*entry)) {
        at = put_exemplar(at, fields.exemplar, *exemplar, scale);
      }
    }
  }
  return at;
}

}  // namespace posthaste::wire
