#include "tools/emulator/otlp_metrics.h"

namespace posthaste::tools {

void OtlpMetrics::add(const OtlpMeasure& measure) {
  auto at = metrics_.find(measure.metric);
  if (at == metrics_.end()) {
    const bool full = metrics_.size() >= most_metrics;
    at = metrics_.try_emplace(full ? "(other)" : measure.metric).first;
  }
  Metric& metric = at->second;
  ++metric.points;
  auto value = metric.series.find(measure.series);
  if (value == metric.series.end()) {
    if (series_ == most_series) return;
    ++series_;
    value = metric.series.try_emplace(measure.series, 0.0).first;
  }
  value->second = measure.adds ? value->second + measure.value : measure.value;
}

boost::json::object OtlpMetrics::to_object() const {
  boost::json::object metrics;
  for (const auto& [name, metric] : metrics_) {
    double sum = 0;
    for (const auto& [series, value] : metric.series) sum += value;
    metrics[name] = {{"points", metric.points}, {"sum", sum}};
  }
  return metrics;
}

}  // namespace posthaste::tools
