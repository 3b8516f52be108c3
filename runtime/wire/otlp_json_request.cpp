#include "runtime/wire/json_writer.h"
#include "runtime/wire/otlp_request.h"

namespace posthaste::wire {
namespace {

struct Names {
  std::string_view resources;
  std::string_view scopes;
  std::string_view items;
};

constexpr Names names_of(OtlpSignal signal) noexcept {
  switch (signal) {
    case OtlpSignal::traces: return {"resourceSpans", "scopeSpans", "spans"};
    case OtlpSignal::metrics: return {"resourceMetrics", "scopeMetrics", "metrics"};
    case OtlpSignal::logs: break;
  }
  return {"resourceLogs", "scopeLogs", "logRecords"};
}

constexpr std::string_view data_names[] = {
    "", "gauge", "sum", "histogram", "exponentialHistogram", "summary"};  // by MetricKind

}  // namespace

/// Without the last comma.
void OtlpRequest::join_runs(ByteBuffer& out, const Chain& chain) const {
  for (std::uint32_t i = chain.first; i != none; i = runs_[i].next) out.append(items(runs_[i]));
  if (chain.first != none) out.truncate(out.size() - 1);
}

void OtlpRequest::join_metrics(ByteBuffer& out, const Chain& chain) const {
  JsonWriter json(out);
  for (std::uint32_t i = chain.first; i != none; i = metrics_[i].next) {
    const MetricGroup& metric = metrics_[i];
    if (i != chain.first) json.raw(",");
    json.raw("{");
    json.raw(head(metric.head));
    json.raw(",\"");
    json.raw(data_names[static_cast<std::size_t>(metric.kind)]);
    json.raw("\":{\"dataPoints\":[");
    join_runs(out, metric.points);
    json.raw("]");
    const bool timed =
        metric.kind != model::MetricKind::gauge && metric.kind != model::MetricKind::summary;
    if (timed) {
      json.raw(",\"aggregationTemporality\":");
      json.integer(static_cast<std::int64_t>(metric.temporality));
    }
    if (metric.kind == model::MetricKind::sum && metric.monotonic)
      json.raw(",\"isMonotonic\":true");
    json.raw("}}");
  }
}

void OtlpRequest::finish_json(ByteBuffer& out) const {
  const Names names = names_of(context_.signal);
  JsonWriter json(out);
  json.raw("{\"");
  json.raw(names.resources);
  json.raw("\":[{\"resource\":{\"attributes\":");
  json.raw(resource_.view());
  json.raw("},\"");
  json.raw(names.scopes);
  json.raw("\":[");
  for (const ScopeGroup& scope : scopes_) {
    if (&scope != scopes_.data()) json.raw(",");
    json.raw("{");
    json.raw(head(scope.head));
    json.raw(",\"");
    json.raw(names.items);
    json.raw("\":[");
    if (context_.signal == OtlpSignal::metrics) {
      join_metrics(out, scope.members);
    } else {
      join_runs(out, scope.members);
    }
    json.raw("]}");
  }
  json.raw("]}]}");
}

}  // namespace posthaste::wire
