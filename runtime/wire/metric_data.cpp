#include "runtime/wire/metric_data.h"

#include <array>
#include <cmath>
#include <optional>
#include <utility>

namespace posthaste::wire {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> performance_counters{{
    {"Private_Bytes", R"(\Process(??APP_WIN32_PROC??)\Private Bytes)"},
    {"Available_Bytes", R"(\Memory\Available Bytes)"},
    {"Processor_Time", R"(\Processor(_Total)\% Processor Time)"},
    {"Process_Time_Standard", R"(\Process(??APP_WIN32_PROC??)\% Processor Time)"},
    {"Process_Time_Normalized", R"(\Process(??APP_WIN32_PROC??)\% Processor Time Normalized)"},
    {"IO_Data_Bytes_Rate", R"(\Process(??APP_WIN32_PROC??)\IO Data Bytes/sec)"},
    {"Request_Rate", R"(\ASP.NET Applications(??APP_W3SVC_PROC??)\Requests/Sec)"},
    {"Request_Execution_Time",
     R"(\ASP.NET Applications(??APP_W3SVC_PROC??)\Request Execution Time)"},
    {"Exception_Rate", R"(\.NET CLR Exceptions(??APP_CLR_PROC??)\# of Exceps Thrown / sec)"},
}};

/// Of what Application Insights knows by name: such metrics are in no namespace.
bool is_built_in(std::string_view meter) noexcept {
  return meter == "AzureMonitorPerformanceCountersMeter" ||
         meter == "AzureMonitorStandardMetricsMeter";
}

bool is_distribution(model::MetricKind kind) noexcept {
  return kind != model::MetricKind::gauge && kind != model::MetricKind::sum;
}

struct Extremes {
  std::optional<double> min;
  std::optional<double> max;
};

/// A summary's are its quantiles 0 and 1.
Extremes extremes_of(const model::MetricPointView& point) noexcept {
  Extremes found;
  if (point.head.has(model::metric_trait::has_min)) found.min = point.head.min;
  if (point.head.has(model::metric_trait::has_max)) found.max = point.head.max;
  for (std::uint32_t i = 0; i < point.quantiles.size(); ++i) {
    if (point.quantiles.quantile(i) == 0) found.min = point.quantiles.value(i);
    if (point.quantiles.quantile(i) == 1) found.max = point.quantiles.value(i);
  }
  return found;
}

template <std::size_t N>
void write_extreme(ItemWriter& item, const char (&key)[N], const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return;
  item.json().raw(key);
  item.json().number(*value);
}

}  // namespace

bool has_finite_value(const model::MetricHead& head) noexcept {
  if ((head.point_flags & model::no_recorded_value) != 0) return false;
  if (!head.has(model::metric_trait::has_value)) return is_distribution(head.kind);
  return std::isfinite(head.float64());
}

std::string_view metric_name(std::string_view name) noexcept {
  for (const auto& [plain, counter] : performance_counters) {
    if (name == plain) return counter;
  }
  return name;
}

void write_metric_data(ItemWriter& item, const model::MetricPointView& point,
                       std::string_view meter) {
  const bool distribution = is_distribution(point.head.kind);
  item.json().raw(R"(,"metrics":[{"kind":"Aggregation")");
  if (!is_built_in(meter)) item.tag(R"(,"ns":")", meter, limit::metric_namespace);
  item.field(R"(,"name":")", metric_name(point.name), limit::name);
  item.json().raw(R"(,"value":)");
  item.json().number(point.head.has(model::metric_trait::has_value) ? point.head.float64() : 0);
  item.json().raw(R"(,"count":)");
  item.json().integer(distribution ? static_cast<std::int64_t>(point.head.count) : 1);
  if (distribution) {
    const Extremes extremes = extremes_of(point);
    write_extreme(item, R"(,"min":)", extremes.min);
    write_extreme(item, R"(,"max":)", extremes.max);
  }
  item.json().raw("}]");
}

}  // namespace posthaste::wire
