#include "runtime/wire/otlp_items.h"
#include "runtime/wire/otlp_json.h"
#include "runtime/wire/otlp_json_fields.h"

namespace posthaste::wire {
namespace {

using model::MetricHead;
using model::MetricKind;
using model::MetricPointView;

void put_value(OtlpJsonFields& fields, bool integer, std::uint64_t bits) {
  if (integer) {
    fields.key("asInt");
    fields.int64_value(static_cast<std::int64_t>(bits));
  } else {
    fields.float64("asDouble", std::bit_cast<double>(bits));
  }
}

template <class Counts>
void put_counts(OtlpJsonFields& fields, const Counts& counts) {
  fields.json().raw("[");
  for (std::uint32_t i = 0; i < counts.size(); ++i) {
    if (i > 0) fields.json().raw(",");
    fields.word_value(counts[i]);
  }
  fields.json().raw("]");
}

void put_explicit(OtlpJsonFields& fields, const model::ExplicitBucketsView& buckets) {
  fields.key("bucketCounts");
  put_counts(fields, buckets.counts);
  fields.key("explicitBounds");
  fields.json().raw("[");
  for (std::uint32_t i = 0; i < buckets.bounds.size(); ++i) {
    if (i > 0) fields.json().raw(",");
    fields.float64_value(buckets.bounds[i]);
  }
  fields.json().raw("]");
}

void put_exponential(OtlpJsonFields& fields, const model::ExponentialBucketsView& buckets) {
  const model::ExponentialBucketsHead& head = buckets.head;
  fields.number_if_any("scale", head.scale);
  if (head.zero_count != 0) fields.word("zeroCount", head.zero_count);
  if (head.zero_threshold != 0) fields.float64("zeroThreshold", head.zero_threshold);
  const auto put_range = [&](std::int32_t offset, const model::PackedCounts& counts) {
    fields.begin();
    fields.number_if_any("offset", offset);
    fields.key("bucketCounts");
    put_counts(fields, counts);
    fields.end();
    fields.set_first(false);
  };
  if (buckets.positive.size() > 0) {
    fields.key("positive");
    put_range(head.positive_offset, buckets.positive);
  }
  if (buckets.negative.size() > 0) {
    fields.key("negative");
    put_range(head.negative_offset, buckets.negative);
  }
}

void put_quantiles(OtlpJsonFields& fields, const model::QuantilesView& quantiles) {
  fields.key("quantileValues");
  fields.json().raw("[");
  for (std::uint32_t i = 0; i < quantiles.size(); ++i) {
    if (i > 0) fields.json().raw(",");
    fields.begin();
    fields.float64("quantile", quantiles.quantile(i));
    fields.float64("value", quantiles.value(i));
    fields.end();
  }
  fields.json().raw("]");
  fields.set_first(false);
}

void put_distribution(OtlpJsonFields& fields, const MetricPointView& point) {
  const MetricHead& head = point.head;
  fields.word("count", head.count);
  if (head.has(model::metric_trait::has_value)) fields.float64("sum", head.float64());
  if (head.kind == MetricKind::summary) return put_quantiles(fields, point.quantiles);
  if (head.has(model::metric_trait::has_min)) fields.float64("min", head.min);
  if (head.has(model::metric_trait::has_max)) fields.float64("max", head.max);
  if (point.explicit_buckets && head.kind == MetricKind::histogram) {
    put_explicit(fields, *point.explicit_buckets);
  } else if (point.exponential_buckets && head.kind == MetricKind::exponential_histogram) {
    put_exponential(fields, *point.exponential_buckets);
  }
}

void put_exemplar(OtlpJsonFields& fields, const model::ExemplarView& exemplar,
                  const TickScale& scale) {
  const model::ExemplarHead& head = exemplar.head;
  fields.begin();
  fields.word("timeUnixNano", otlp_time(head.time, head.time_is_wall != 0, scale));
  put_value(fields, head.integer != 0, head.value);
  if (head.trace_id.is_valid()) {
    fields.id("spanId", head.span_id);
    fields.id("traceId", head.trace_id);
  }
  fields.key("filteredAttributes");
  append_otlp_json_attributes(fields.json().out(), exemplar.attributes);
  fields.end();
}

void put_exemplars(OtlpJsonFields& fields, const MetricPointView& point, const TickScale& scale) {
  fields.key("exemplars");
  fields.json().raw("[");
  bool first = true;
  model::EntryRange entries = point.entries();
  while (const auto entry = entries.next()) {
    const auto exemplar = model::ExemplarView::from(*entry);
    if (!exemplar) continue;
    if (!first) fields.json().raw(",");
    first = false;
    put_exemplar(fields, *exemplar, scale);
  }
  fields.json().raw("]");
  fields.set_first(false);
}

}  // namespace

void append_otlp_json_point(ByteBuffer& out, const MetricPointView& point, const TickScale& scale) {
  const MetricHead& head = point.head;
  const auto time = [&](std::uint64_t value, std::uint16_t wall) {
    return value == 0 ? 0 : otlp_time(value, (head.flags & wall) != 0, scale);
  };
  OtlpJsonFields fields(out);
  fields.begin();
  const std::uint64_t start = time(head.start, model::record_flag::start_is_wall);
  if (start != 0) fields.word("startTimeUnixNano", start);
  fields.word("timeUnixNano", time(head.end, model::record_flag::end_is_wall));
  if (head.kind != MetricKind::gauge && head.kind != MetricKind::sum) {
    put_distribution(fields, point);
  } else if (head.has(model::metric_trait::has_value)) {
    put_value(fields, head.has(model::metric_trait::integer), head.value);
  }
  fields.key("attributes");
  append_otlp_json_attributes(out, point.entries().bytes());
  fields.number_if_any("flags", head.point_flags);
  if (head.exemplars != 0 && head.kind != MetricKind::summary) put_exemplars(fields, point, scale);
  fields.end();
}

}  // namespace posthaste::wire
