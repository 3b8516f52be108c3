#include "runtime/wire/standard_metrics.h"

#include "runtime/model/record_times.h"
#include "runtime/wire/log_item.h"
#include "runtime/wire/span_rules.h"
#include "runtime/wire/tags.h"

namespace posthaste::wire {

std::string_view extractor_mark(ItemType type) noexcept {
  switch (type) {
    case ItemType::request: return "(Name:'Requests', Ver:'1.1')";
    case ItemType::dependency: return "(Name:'Dependencies', Ver:'1.1')";
    case ItemType::exception: return "(Name:'Exceptions', Ver:'1.1')";
    case ItemType::message: return "(Name:'Traces', Ver:'1.1')";
    default: return {};
  }
}

Measure RecordMeasurer::measure(const model::RecordView& record, const TickScale& scale) {
  Measure measure;
  const model::RecordHead& head = record.head();
  if (head.type == model::RecordType::metric_point || !parts_.take(record)) return measure;
  if (head.type == model::RecordType::span) {
    measure_span(head, scale, measure);
    return measure;
  }
  measurements_.clear();
  const ItemType type = LogItem::of(parts_, head.kind, measurements_).type;
  measure.exceptions = type == ItemType::exception ? 1 : 0;
  measure.traces = type == ItemType::message ? 1 : 0;
  return measure;
}

void RecordMeasurer::measure_span(const model::RecordHead& head, const TickScale& scale,
                                  Measure& measure) {
  const SpanFacts facts = span_facts(head, parts_, scale);
  if (facts.kind == SpanKind::internal) return;
  for (const model::EventView& event : parts_.events) {
    ++(event.name == "exception" ? measure.exceptions : measure.traces);
  }
  const SpanFields fields = map_span(facts, parts_.seen);
  measure.operation =
      facts.is_request() ? Measure::Operation::request : Measure::Operation::dependency;
  measure.server = facts.kind == SpanKind::server;
  measure.success = fields.success;
  measure.synthetic = is_synthetic(parts_.seen);
  measure.result_code = fields.result_code;
  measure.type = fields.type;
  measure.target = fields.target.value_or("");
  measure.duration = model::duration_of(head, scale);
}

}  // namespace posthaste::wire
