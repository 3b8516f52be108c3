#pragma once

/// The base data of a metric point: MetricData with one point, of which Application Insights keeps
/// value, count, minimum and maximum; buckets, quantiles and exemplars have no place there.
/// Threads: none.

#include "runtime/model/metric_point_view.h"
#include "runtime/wire/item_writer.h"

#include <string_view>

namespace posthaste::wire {

/// Whether the point has a value that JSON can say: not NaN, not infinite, and recorded at all.
bool has_finite_value(const model::MetricHead& head) noexcept;

/// The name on the wire: nine plain names are those of Windows performance counters.
std::string_view metric_name(std::string_view name) noexcept;

/// All fields but the properties. `meter` may be empty.
void write_metric_data(ItemWriter& item, const model::MetricPointView& point,
                       std::string_view meter);

}  // namespace posthaste::wire
