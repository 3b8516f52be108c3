#pragma once

/// From OTLP items to records in the arena's format, for the encoder that the pipeline has: the one
/// place where what an export request says becomes what Posthaste records.
///
/// Threads: none. Memory: one record, which may be longer than one in an arena (`size_limit`); what
/// does not fit is left out and counted in the record, as everywhere.

#include "tools/convert/value_attribute.h"
#include "tools/otlp/telemetry.h"

#include "runtime/model/metric_point_builder.h"
#include "runtime/model/record_builder.h"
#include "runtime/model/record_view.h"
#include "runtime/model/resource.h"

#include <string_view>

namespace posthaste::tools {

class RecordMaker {
public:
  static constexpr std::uint32_t size_limit = 16u << 20;

  /// What does not fit (model::Resource::size_limit) is left out.
  model::Resource resource(const otlp::Resource& resource);

  /// Each is good until the next call. `operation_name` is that of the local root; empty: unknown,
  /// or the span is one itself.
  model::RecordView span(const otlp::Span& span, std::string_view operation_name);
  model::RecordView log(const otlp::LogRecord& log, std::string_view operation_name);
  model::RecordView point(const otlp::Metric& metric, const otlp::MetricPoint& point);

private:
  model::RecordView made(std::span<const std::byte> bytes) noexcept;
  void put_buckets(const otlp::Metric& metric, const otlp::MetricPoint& point);

  ValueAttributes values_;
  model::RecordBuilder builder_{model::RecordType::span, size_limit};
  model::MetricPointBuilder point_;
  std::vector<model::Quantile> quantiles_;
};

}  // namespace posthaste::tools
