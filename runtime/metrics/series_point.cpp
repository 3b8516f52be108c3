#include "runtime/metrics/series_point.h"

namespace posthaste::metrics {
namespace {

model::MetricKind kind_of(PointKind kind) noexcept {
  switch (kind) {
    case PointKind::sum: return model::MetricKind::sum;
    case PointKind::gauge: return model::MetricKind::gauge;
    case PointKind::explicit_histogram: return model::MetricKind::histogram;
    case PointKind::exponential_histogram: return model::MetricKind::exponential_histogram;
  }
  return model::MetricKind::gauge;
}

}  // namespace

void PointWriter::begin_stream(const Stream& stream, const MeterState& meter) {
  stream_ = &stream;
  scope_ = meter.scope();
  flags_ = meter.is_self() ? model::record_flag::self_metric : std::uint16_t{0};
  const StreamSpec& spec = stream.spec();
  point_.start(kind_of(spec.point), spec.name);
  point_.unit(spec.unit).description(spec.description);
  const std::span<const std::byte> bytes = point_.bytes().subspan(sizeof(model::MetricHead));
  prefix_.assign(bytes.begin(), bytes.end());
}

std::span<const std::byte> PointWriter::write(const Series& series, const PointFacts& facts) {
  const StreamSpec& spec = stream_->spec();
  point_.start(kind_of(spec.point), {});
  model::MetricHead& head = point_.head();
  head.scope = scope_;
  head.flags |= flags_;
  head.temporality = facts.reader.temporality;
  head.outputs = facts.reader.outputs;
  head.start = static_cast<std::uint64_t>(facts.start);
  head.end = static_cast<std::uint64_t>(facts.end);
  point_.record().attribute_entries(prefix_, 0);
  point_.record().attribute_entries(series.set.bytes(),
                                    static_cast<std::uint16_t>(series.set.count()));
  if (facts.histogram != nullptr) {
    write_histogram(*facts.histogram);
  } else {
    write_value(facts);
  }
  write_exemplars(facts);
  return point_.bytes();
}

void PointWriter::write_exemplars(const PointFacts& facts) {
  for (const KeptExemplar& kept : facts.exemplars) {
    point_.exemplar({.time = kept.time,
                     .time_is_wall = false,
                     .value = kept.value,
                     .integer = facts.histogram == nullptr && stream_->spec().integer,
                     .trace_id = kept.trace_id,
                     .span_id = kept.span_id},
                    std::span(kept.entries).first(kept.attribute_bytes), kept.attributes);
  }
}

void PointWriter::write_value(const PointFacts& facts) {
  if (stream_->spec().integer) {
    point_.value(static_cast<std::int64_t>(facts.value));
  } else {
    point_.value(std::bit_cast<double>(facts.value));
  }
  if (stream_->spec().point == PointKind::sum && stream_->spec().monotonic) {
    point_.head().traits |= model::metric_trait::monotonic;
  }
}

void PointWriter::write_histogram(const HistogramTotals& totals) {
  point_.value(totals.sum).count(totals.count).min(totals.min).max(totals.max);
  if (totals.exponential != nullptr) {
    write_exponential(totals);
    return;
  }
  const HistogramLayout& layout = stream_->layout();
  point_.buckets({layout.bounds, layout.bound_count},
                 {totals.buckets.get(), layout.bound_count + 1});
}

void PointWriter::write_exponential(const HistogramTotals& totals) {
  const ExponentialCounts& buckets = *totals.exponential;
  counts_.clear();
  for (std::int32_t i = buckets.range.low; i <= buckets.range.high; ++i) {
    counts_.push_back(buckets.counts[ExponentialRange::slot(i)]);
  }
  point_.buckets({.scale = buckets.range.scale,
                  .zero_count = totals.zeros,
                  .positive_offset = counts_.empty() ? 0 : buckets.range.low,
                  .positive = counts_});
}

}  // namespace posthaste::metrics
