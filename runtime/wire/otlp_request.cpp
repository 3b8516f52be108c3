#include "runtime/wire/otlp_request.h"

#include "runtime/wire/otlp_items.h"
#include "runtime/wire/otlp_json.h"
#include "runtime/wire/otlp_values.h"
#include "runtime/wire/protobuf_writer.h"

#include <algorithm>
#include <new>

namespace posthaste::wire {
namespace {

namespace pb = protobuf;
using model::MetricKind;
using model::RecordType;

/// Points of one metric come one after the other; of what lies further back a second Metric message
/// is as good.
constexpr std::size_t metrics_looked_at = 64;

// Of a scope's spans or logs, and of a metric's data points.
constexpr std::uint32_t item_field = 2;
constexpr std::uint32_t point_field = 1;

RecordType record_type_of(OtlpSignal signal) noexcept {
  switch (signal) {
    case OtlpSignal::traces: return RecordType::span;
    case OtlpSignal::metrics: return RecordType::metric_point;
    case OtlpSignal::logs: break;
  }
  return RecordType::log;
}

std::string_view text_of(const model::Resource& resource) noexcept {
  return {reinterpret_cast<const char*>(resource.bytes().data()), resource.bytes().size()};
}

}  // namespace

OtlpRequest::OtlpRequest(OtlpContext context) : context_(std::move(context)) {
  const std::string_view attributes = text_of(context_.resource);
  if (context_.format == OtlpFormat::json) {
    append_otlp_json_attributes(resource_, attributes);
  } else {
    char* const at = resource_.room(otlp_bound(attributes.size()));
    resource_.end_at(put_otlp_attributes(at, 1, attributes));
  }
}

void OtlpRequest::clear() noexcept {
  text_.clear();
  items_ = 0;
  runs_.clear();
  scopes_.clear();
  metrics_.clear();
  last_scope_ = 0;
}

EncodeRefusal OtlpRequest::add(const model::RecordView& record) noexcept {
  if (record.head().type != record_type_of(context_.signal)) return EncodeRefusal::damaged;
  const std::size_t before = text_.size();
  EncodeRefusal refused = EncodeRefusal::out_of_memory;
  try {
    // So that nothing fails behind the groups.
    if (runs_.size() == runs_.capacity())
      runs_.reserve(std::max<std::size_t>(64, 2 * runs_.size()));
    refused = context_.signal == OtlpSignal::metrics ? add_point(record) : add_item(record);
  } catch (const std::bad_alloc&) {
    // A group that was begun stays, empty; its head does.
    return EncodeRefusal::out_of_memory;
  }
  if (refused == EncodeRefusal::none) {
    ++items_;
  } else {
    text_.truncate(before);
  }
  return refused;
}

/// The item that lies from `begin` to `end`. There is room for a run: `add` saw to that.
inline void OtlpRequest::append(std::size_t begin, std::size_t end, Chain& chain,
                                std::size_t& size) {
  const std::size_t item = end - begin;
  size += item;
  if (chain.last != none) {
    Piece& last = runs_[chain.last].text;
    if (last.begin + last.size == begin) {
      last.size += item;
      return;
    }
  }
  const auto index = static_cast<std::uint32_t>(runs_.size());
  runs_.push_back({.text = {begin, item}});
  (chain.first == none ? chain.first : runs_[chain.last].next) = index;
  chain.last = index;
}

/// False where the record makes no sense.
inline bool OtlpRequest::write_item(const model::RecordView& record,
                                    std::string_view& scope_attributes) {
  const bool span = context_.signal == OtlpSignal::traces;
  if (context_.format == OtlpFormat::json) {
    const bool good =
        span ? append_otlp_json_span(text_, record, context_.tick_scale, context_.sampling_hash,
                                     scope_attributes)
             : append_otlp_json_log(text_, record, context_.tick_scale, scope_attributes);
    if (good) text_.push_back(',');
    return good;
  }
  char* const head = text_.room(otlp_bound(record.head().length()));
  char* const at = head + pb::usual_head;
  char* const end = span ? put_otlp_span(at, record, context_.tick_scale, context_.sampling_hash,
                                         scope_attributes)
                         : put_otlp_log(at, record, context_.tick_scale, scope_attributes);
  if (end == nullptr) return false;
  text_.end_at(pb::end_message(head, item_field, end));
  return true;
}

inline EncodeRefusal OtlpRequest::add_item(const model::RecordView& record) {
  std::string_view scope_attributes;
  const std::size_t begin = text_.size();
  if (!write_item(record, scope_attributes)) return EncodeRefusal::damaged;
  const std::size_t end = text_.size();
  ScopeGroup& group = scopes_[scope_group(record.head().scope, scope_attributes)];
  append(begin, end, group.members, group.size);
  return EncodeRefusal::none;
}

EncodeRefusal OtlpRequest::add_point(const model::RecordView& record) {
  const auto point = model::MetricPointView::from(record);
  if (!point) return EncodeRefusal::damaged;
  const std::uint32_t scope = scope_group(point->head.scope, point->scope_attributes);
  MetricGroup& metric = metrics_[metric_group(scope, *point)];
  const std::size_t begin = text_.size();
  if (context_.format == OtlpFormat::json) {
    append_otlp_json_point(text_, *point, context_.tick_scale);
    text_.push_back(',');
  } else {
    char* const head = text_.room(otlp_bound(record.head().length()));
    char* const end = put_otlp_point(head + pb::usual_head, *point, context_.tick_scale);
    text_.end_at(pb::end_message(head, point_field, end));
  }
  append(begin, text_.size(), metric.points, metric.size);
  return EncodeRefusal::none;
}

std::uint32_t OtlpRequest::find_scope_group(std::uint16_t scope, std::string_view attributes) {
  const auto found = std::find_if(scopes_.begin(), scopes_.end(), [&](const ScopeGroup& group) {
    return group.is(scope, attributes);
  });
  last_scope_ = static_cast<std::uint32_t>(found - scopes_.begin());
  if (found != scopes_.end()) return last_scope_;
  const std::size_t begin = text_.size();
  write_scope_head(scope, attributes);
  scopes_.push_back({.scope = scope,
                     .attributes = attributes,
                     .head = {begin, text_.size() - begin},
                     .members = {},
                     .size = 0});
  return last_scope_;
}

void OtlpRequest::write_scope_head(std::uint16_t index, std::string_view attributes) {
  const Scope scope = context_.scope_of ? context_.scope_of(index) : Scope{};
  if (context_.format == OtlpFormat::json) {
    append_otlp_json_scope(text_, scope, attributes);
    return;
  }
  char* at = text_.room(otlp_bound(scope.name.size() + scope.version.size() +
                                   scope.schema_url.size() + attributes.size()));
  at = pb::put_head(at, 1,
                    pb::text_size_if_any(scope.name) + pb::text_size_if_any(scope.version) +
                        otlp_attributes_size(attributes));
  at = pb::put_text_if_any(at, 1, scope.name);
  at = pb::put_text_if_any(at, 2, scope.version);
  at = put_otlp_attributes(at, 3, attributes);
  text_.end_at(pb::put_text_if_any(at, 3, scope.schema_url));
}

std::uint32_t OtlpRequest::metric_group(std::uint32_t scope, const model::MetricPointView& point) {
  const std::size_t begin = text_.size();
  write_metric_head(point);
  const Piece head{begin, text_.size() - begin};
  const bool monotonic = point.head.has(model::metric_trait::monotonic);
  const auto is = [&](const MetricGroup& metric) {
    return metric.scope == scope && metric.kind == point.head.kind &&
           metric.temporality == point.head.temporality && metric.monotonic == monotonic &&
           view(metric.head) == view(head);
  };
  const std::size_t looked_at = std::min(metrics_.size(), metrics_looked_at);
  const auto last = metrics_.rbegin() + static_cast<std::ptrdiff_t>(looked_at);
  const auto found = std::find_if(metrics_.rbegin(), last, is);
  if (found != last) {
    text_.truncate(begin);
    return static_cast<std::uint32_t>(metrics_.rend() - found - 1);
  }
  const auto index = static_cast<std::uint32_t>(metrics_.size());
  metrics_.push_back({.scope = scope,
                      .head = head,
                      .kind = point.head.kind,
                      .temporality = point.head.temporality,
                      .monotonic = monotonic,
                      .points = {}});
  Chain& members = scopes_[scope].members;
  (members.first == none ? members.first : metrics_[members.last].next) = index;
  members.last = index;
  return index;
}

void OtlpRequest::write_metric_head(const model::MetricPointView& point) {
  if (context_.format == OtlpFormat::json) {
    append_otlp_json_metric(text_, point);
    return;
  }
  char* at = text_.room(otlp_bound(point.name.size() + point.description.size() +
                                   point.unit.size() + point.metadata.size()));
  at = pb::put_text_if_any(at, 1, point.name);
  at = pb::put_text_if_any(at, 2, point.description);
  at = pb::put_text_if_any(at, 3, point.unit);
  text_.end_at(put_otlp_attributes(at, 12, point.metadata));
}

void OtlpRequest::finish(ByteBuffer& out) const {
  if (items_ == 0) return;
  if (context_.format == OtlpFormat::json) {
    finish_json(out);
  } else {
    finish_protobuf(out);
  }
}

// ---- protobuf: what is inside is measured before it is written

std::size_t OtlpRequest::metric_data_size(const MetricGroup& metric) const noexcept {
  const bool timed = metric.kind != MetricKind::gauge && metric.kind != MetricKind::summary &&
                     metric.temporality != model::Temporality::unspecified;
  const bool sum = metric.kind == MetricKind::sum && metric.monotonic;
  return metric.size + (timed ? 2 : 0) + (sum ? 2 : 0);
}

std::size_t OtlpRequest::metric_size(const MetricGroup& metric) const noexcept {
  return metric.head.size + pb::field_size(metric_data_size(metric));
}

std::size_t OtlpRequest::scope_size(const ScopeGroup& scope) const noexcept {
  std::size_t size = scope.head.size + scope.size;
  if (context_.signal != OtlpSignal::metrics) return size;
  for (std::uint32_t i = scope.members.first; i != none; i = metrics_[i].next) {
    size += pb::field_size(metric_size(metrics_[i]));
  }
  return size;
}

char* OtlpRequest::put_runs(char* at, const Chain& chain) const noexcept {
  for (std::uint32_t i = chain.first; i != none; i = runs_[i].next) {
    at = pb::put_bytes(at, view(runs_[i].text));
  }
  return at;
}

char* OtlpRequest::put_metric(char* at, const MetricGroup& metric) const noexcept {
  constexpr std::uint32_t data_fields[] = {0, 5, 7, 9, 10, 11};  // by MetricKind
  at = pb::put_head(at, 2, metric_size(metric));
  at = pb::put_bytes(at, view(metric.head));
  at = pb::put_head(at, data_fields[static_cast<std::size_t>(metric.kind)],
                    metric_data_size(metric));
  at = put_runs(at, metric.points);
  if (metric.kind == MetricKind::gauge || metric.kind == MetricKind::summary) return at;
  at = pb::put_number(at, 2, static_cast<std::uint64_t>(metric.temporality));
  return metric.kind == MetricKind::sum ? pb::put_number(at, 3, metric.monotonic ? 1 : 0) : at;
}

void OtlpRequest::finish_protobuf(ByteBuffer& out) const {
  std::size_t size = pb::field_size(resource_.size());
  for (const ScopeGroup& scope : scopes_) size += pb::field_size(scope_size(scope));
  char* at = out.room(pb::field_size(size));
  at = pb::put_head(at, 1, size);
  at = pb::put_bytes(pb::put_head(at, 1, resource_.size()), resource_.view());
  for (const ScopeGroup& scope : scopes_) {
    at = pb::put_bytes(pb::put_head(at, 2, scope_size(scope)), view(scope.head));
    if (context_.signal != OtlpSignal::metrics) {
      at = put_runs(at, scope.members);
      continue;
    }
    for (std::uint32_t i = scope.members.first; i != none; i = metrics_[i].next) {
      at = put_metric(at, metrics_[i]);
    }
  }
  out.end_at(at);
}

}  // namespace posthaste::wire
