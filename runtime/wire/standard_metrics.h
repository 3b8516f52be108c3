#pragma once

/// What the standard metrics of Application Insights (requests/duration, dependencies/duration,
/// exceptions/count, traces/count) take from a record: by the same rules as its envelope says it.
///
///   record ─► [RecordMeasurer] ─► Measure ─► the sampler adds it to the metrics
///
/// Threads: none; a measurer belongs to one reader of records, used again for each (keeps its
/// memory, 64 KiB). May throw std::bad_alloc.

#include "runtime/base/tick_clock.h"
#include "runtime/model/record_view.h"
#include "runtime/wire/item_writer.h"
#include "runtime/wire/measurements.h"
#include "runtime/wire/record_parts.h"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace posthaste::wire {

/// The meter, which is the metrics' namespace, and their names.
inline constexpr std::string_view standard_meter = "AzureMonitorStandardMetricsMeter";
inline constexpr std::string_view requests_duration = "requests/duration";
inline constexpr std::string_view dependencies_duration = "dependencies/duration";
inline constexpr std::string_view exceptions_count = "exceptions/count";
inline constexpr std::string_view traces_count = "traces/count";

/// Keys of the dimensions that tell series apart. Those that are the same for the whole process
/// are added when a point is encoded.
namespace dimension {
inline constexpr std::string_view request_code = "request/resultCode";
inline constexpr std::string_view request_success = "Request.Success";
inline constexpr std::string_view dependency_target = "dependency/target";
inline constexpr std::string_view dependency_code = "dependency/resultCode";
inline constexpr std::string_view dependency_type = "Dependency.Type";
inline constexpr std::string_view dependency_success = "Dependency.Success";
inline constexpr std::string_view synthetic = "operation/synthetic";
inline constexpr std::string_view metric_id = "_MS.MetricId";
inline constexpr std::string_view is_autocollected = "_MS.IsAutocollected";
inline constexpr std::string_view role_name = "cloud/roleName";
inline constexpr std::string_view role_instance = "cloud/roleInstance";
}  // namespace dimension

/// What the property _MS.ProcessedByMetricExtractors of an item says, so that the service does not
/// count the item again; empty for items that no standard metric counts.
std::string_view extractor_mark(ItemType type) noexcept;

struct Measure {
  /// Internal spans are none, and their events do not count: those that are not sampled leave
  /// nothing to see here. The service counts their items.
  enum class Operation : std::uint8_t { none, request, dependency };
  Operation operation = Operation::none;
  bool server = false;     // a request of a server, not of a consumer
  bool success = true;     // these of an operation, until the next measure()
  bool synthetic = false;  // made by a test of availability or a robot
  std::string_view result_code;
  std::string_view type;    // of a dependency
  std::string_view target;  // of a dependency; may be empty
  std::chrono::nanoseconds duration{};
  std::uint32_t exceptions = 0;  // the log itself, or events of the span
  std::uint32_t traces = 0;
};

class RecordMeasurer {
public:
  /// Of damaged records and metric points: nothing.
  Measure measure(const model::RecordView& record, const TickScale& scale);

private:
  void measure_span(const model::RecordHead& head, const TickScale& scale, Measure& measure);

  RecordParts parts_;
  Measurements measurements_;
};

}  // namespace posthaste::wire
