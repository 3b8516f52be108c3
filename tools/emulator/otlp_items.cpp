#include "tools/emulator/otlp_items.h"

#include "tools/emulator/otlp_item_text.h"

#include <bit>

namespace posthaste::tools {
namespace {

/// FNV-1a over all that tells an item from another.
class Hash {
public:
  explicit Hash(std::uint64_t kind) { number(kind); }

  void bytes(const void* data, std::size_t size) {
    const auto* at = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) hash_ = (hash_ ^ at[i]) * 0x100000001b3;
  }
  void number(std::uint64_t value) { bytes(&value, sizeof value); }
  void text(std::string_view value) {
    number(value.size());
    bytes(value.data(), value.size());
  }
  void attributes(std::span<const otlp::KeyValue> list) {
    number(list.size());
    for (const otlp::KeyValue& one : list) {
      text(one.key);
      value(one.value);
    }
  }
  void value(const otlp::Value& value) {
    number(static_cast<std::uint64_t>(value.kind()));
    switch (value.kind()) {
      case otlp::ValueKind::unset: return;
      case otlp::ValueKind::string:
      case otlp::ValueKind::bytes: return text(value.text());
      case otlp::ValueKind::boolean: return number(value.boolean() ? 1 : 0);
      case otlp::ValueKind::int64: return number(static_cast<std::uint64_t>(value.int64()));
      case otlp::ValueKind::float64: return number(std::bit_cast<std::uint64_t>(value.float64()));
      case otlp::ValueKind::array:
        for (const otlp::Value& one : value.elements()) this->value(one);
        return;
      case otlp::ValueKind::map: return attributes(value.members());
    }
  }

  std::uint64_t result() const noexcept { return hash_ == 0 ? 1 : hash_; }

private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

template <class Id>
void append_id(std::string& line, const Id& id) {
  const auto digits = id.hex();
  line += ' ';
  id.is_valid() ? line.append(digits.data(), digits.size()) : line.append(1, '-');
}

std::uint64_t hash_of(std::uint64_t scope, const otlp::Metric& metric,
                      const otlp::MetricPoint& point) {
  Hash hash(3);
  hash.number(scope);
  hash.text(metric.name);
  hash.number(static_cast<std::uint64_t>(metric.temporality));
  hash.number(point.start);
  hash.number(point.time);
  hash.attributes(point.attributes);
  return hash.result();
}

OtlpMeasure measure_of(const otlp::Metric& metric, const otlp::MetricPoint& point) {
  constexpr std::int32_t delta = 1;
  OtlpMeasure measure;
  measure.metric = metric.name;
  measure.adds = metric.temporality == delta;
  Hash series(4);
  series.number(point.start);
  series.attributes(point.attributes);
  measure.series = measure.adds ? 0 : series.result();
  if (point.value.kind() == otlp::ValueKind::int64) {
    measure.value = static_cast<double>(point.value.int64());
  } else if (point.value.kind() == otlp::ValueKind::float64) {
    measure.value = point.value.float64();
  } else {
    measure.value = point.sum.value_or(0);
  }
  return measure;
}

}  // namespace

void OtlpItems::resource(otlp::Signal signal, const otlp::Resource& resource) {
  signal_ = signal;
  scope_.clear();
  scope_hash_ = 0;
  if (with_text_) resource_ = to_object(resource);
}

void OtlpItems::scope(const otlp::Scope& scope) {
  Hash hash(5);
  hash.text(scope.name);
  hash.text(scope.version);
  scope_hash_ = hash.result();
  if (with_text_) scope_ = to_object(scope);
}

void OtlpItems::span(const otlp::Span& span) {
  Hash hash(1);
  hash.bytes(span.trace_id.bytes.data(), span.trace_id.bytes.size());
  hash.bytes(span.span_id.bytes.data(), span.span_id.bytes.size());
  OtlpItem& item = items.emplace_back();
  item.hash = hash.result();
  item.id = "otlp.span";
  append_id(item.id, span.trace_id);
  append_id(item.id, span.span_id);
  if (with_text_) item.text = request_text(signal_, resource_, scope_, to_object(span));
}

void OtlpItems::log(const otlp::LogRecord& log) {
  Hash hash(2);
  hash.bytes(log.trace_id.bytes.data(), log.trace_id.bytes.size());
  hash.bytes(log.span_id.bytes.data(), log.span_id.bytes.size());
  hash.number(log.time);
  hash.number(log.observed_time);
  hash.number(static_cast<std::uint64_t>(log.severity_number));
  hash.text(log.event_name);
  hash.value(log.body);
  hash.attributes(log.attributes);
  OtlpItem& item = items.emplace_back();
  item.hash = hash.result();
  item.id = "otlp.log";
  append_id(item.id, log.trace_id);
  append_id(item.id, log.span_id);
  if (with_text_) item.text = request_text(signal_, resource_, scope_, to_object(log));
}

void OtlpItems::point(const otlp::Metric& metric, const otlp::MetricPoint& point) {
  OtlpItem& item = items.emplace_back();
  item.hash = hash_of(scope_hash_, metric, point);
  item.id = "otlp.point - -";
  item.measure = measure_of(metric, point);
  if (with_text_) item.text = request_text(signal_, resource_, scope_, to_object(metric, point));
}

}  // namespace posthaste::tools
