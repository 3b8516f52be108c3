#include "tools/otlp/protobuf_points.h"

namespace posthaste::tools::otlp {
namespace {

std::optional<MetricKind> kind_of(std::uint32_t field) noexcept {
  switch (field) {
    case 5: return MetricKind::gauge;
    case 7: return MetricKind::sum;
    case 9: return MetricKind::histogram;
    case 10: return MetricKind::exponential_histogram;
    case 11: return MetricKind::summary;
    default: return std::nullopt;
  }
}

const char* name_of(MetricKind kind) noexcept {
  constexpr std::array<const char*, 5> names{"gauge", "sum", "histogram", "exponential_histogram",
                                             "summary"};
  return names[static_cast<std::size_t>(kind)];
}

}  // namespace

void ProtobufPoints::metric(ProtobufFields& fields) {
  const ProtobufFields from_the_start = fields;
  Metric metric;
  while (fields.next()) {
    switch (fields.number()) {
      case 1: metric.name = fields.text("name"); break;
      case 2: metric.description = fields.text("description"); break;
      case 3: metric.unit = fields.text("unit"); break;
      default: fields.skip();
    }
  }
  // Its points, once its name is known.
  ProtobufFields again = from_the_start;
  while (again.next()) {
    if (const auto kind = kind_of(again.number())) {
      metric.kind = *kind;
      again.message(name_of(*kind), [&](ProtobufFields& inner) { data(inner, metric); });
    } else {
      again.skip();
    }
  }
}

void ProtobufPoints::data(ProtobufFields fields, Metric metric) {
  const bool temporal = metric.kind != MetricKind::gauge && metric.kind != MetricKind::summary;
  ProtobufFields header = fields;
  while (temporal && header.next()) {
    switch (header.number()) {
      case 2: metric.temporality = header.enumeration("aggregation_temporality"); break;
      case 3:
        if (metric.kind == MetricKind::sum) {
          metric.is_monotonic = header.boolean("is_monotonic");
          break;
        }
        [[fallthrough]];
      default: header.skip();
    }
  }
  while (fields.next()) {
    if (fields.number() != 1) {
      fields.skip();
      continue;
    }
    fields.message("data_points", [&](ProtobufFields& inner) {
      memory_.clear();
      MetricPoint point;
      attributes_.clear();
      switch (metric.kind) {
        case MetricKind::gauge:
        case MetricKind::sum: number(inner, point); break;
        case MetricKind::histogram: histogram(inner, point); break;
        case MetricKind::exponential_histogram: exponential(inner, point); break;
        case MetricKind::summary: summary(inner, point); break;
      }
      point.attributes = attributes_;
      visitor_.point(metric, point);
    });
  }
}

void ProtobufPoints::attribute(ProtobufFields& fields) {
  if (attributes_.size() == ListBuilder<KeyValue>::most) throw ItemMemory::limit_reached{};
  fields.message("attributes",
                 [&](ProtobufFields& inner) { attributes_.push_back(values_.pair(inner)); });
}

void ProtobufPoints::number(ProtobufFields& fields, MetricPoint& point) {
  while (fields.next()) {
    switch (fields.number()) {
      case 2: point.start = fields.fixed64("start_time_unix_nano"); break;
      case 3: point.time = fields.fixed64("time_unix_nano"); break;
      case 4: point.value = Value::of_float64(fields.real("as_double")); break;
      case 6: point.value = Value::of_int64(fields.sfixed64("as_int")); break;
      case 7: attribute(fields); break;
      case 8: point.flags = fields.uint32("flags"); break;
      default: fields.skip();
    }
  }
}

void ProtobufPoints::histogram(ProtobufFields& fields, MetricPoint& point) {
  ListBuilder<std::uint64_t> counts(counts_);
  ListBuilder<double> bounds(bounds_);
  while (fields.next()) {
    switch (fields.number()) {
      case 2: point.start = fields.fixed64("start_time_unix_nano"); break;
      case 3: point.time = fields.fixed64("time_unix_nano"); break;
      case 4: point.count = fields.fixed64("count"); break;
      case 5: point.sum = fields.real("sum"); break;
      case 6:
        fields.fixed64s("bucket_counts", [&](std::uint64_t each) { counts.add(each); });
        break;
      case 7: fields.reals("explicit_bounds", [&](double each) { bounds.add(each); }); break;
      case 9: attribute(fields); break;
      case 10: point.flags = fields.uint32("flags"); break;
      case 11: point.min = fields.real("min"); break;
      case 12: point.max = fields.real("max"); break;
      default: fields.skip();
    }
  }
  point.bucket_counts = counts.keep(memory_);
  point.explicit_bounds = bounds.keep(memory_);
}

Buckets ProtobufPoints::buckets(ProtobufFields& fields) {
  Buckets buckets;
  ListBuilder<std::uint64_t> counts(counts_);
  while (fields.next()) {
    switch (fields.number()) {
      case 1: buckets.offset = fields.sint32("offset"); break;
      case 2: fields.uint64s("bucket_counts", [&](std::uint64_t each) { counts.add(each); }); break;
      default: fields.skip();
    }
  }
  buckets.counts = counts.keep(memory_);
  return buckets;
}

void ProtobufPoints::exponential(ProtobufFields& fields, MetricPoint& point) {
  while (fields.next()) {
    switch (fields.number()) {
      case 1: attribute(fields); break;
      case 2: point.start = fields.fixed64("start_time_unix_nano"); break;
      case 3: point.time = fields.fixed64("time_unix_nano"); break;
      case 4: point.count = fields.fixed64("count"); break;
      case 5: point.sum = fields.real("sum"); break;
      case 6: point.scale = fields.sint32("scale"); break;
      case 7: point.zero_count = fields.fixed64("zero_count"); break;
      case 8:
        fields.message("positive", [&](ProtobufFields& inner) { point.positive = buckets(inner); });
        break;
      case 9:
        fields.message("negative", [&](ProtobufFields& inner) { point.negative = buckets(inner); });
        break;
      case 10: point.flags = fields.uint32("flags"); break;
      case 12: point.min = fields.real("min"); break;
      case 13: point.max = fields.real("max"); break;
      case 14: point.zero_threshold = fields.real("zero_threshold"); break;
      default: fields.skip();
    }
  }
}

void ProtobufPoints::summary(ProtobufFields& fields, MetricPoint& point) {
  ListBuilder<Quantile> quantiles(quantiles_);
  while (fields.next()) {
    switch (fields.number()) {
      case 2: point.start = fields.fixed64("start_time_unix_nano"); break;
      case 3: point.time = fields.fixed64("time_unix_nano"); break;
      case 4: point.count = fields.fixed64("count"); break;
      case 5: point.sum = fields.real("sum"); break;
      case 6:
        fields.message("quantile_values", [&](ProtobufFields& inner) {
          Quantile next;
          while (inner.next()) {
            switch (inner.number()) {
              case 1: next.quantile = inner.real("quantile"); break;
              case 2: next.value = inner.real("value"); break;
              default: inner.skip();
            }
          }
          quantiles.add(next);
        });
        break;
      case 7: attribute(fields); break;
      case 8: point.flags = fields.uint32("flags"); break;
      default: fields.skip();
    }
  }
  point.quantiles = quantiles.keep(memory_);
}

}  // namespace posthaste::tools::otlp
