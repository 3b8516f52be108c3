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
using model::RecordType;

/// Points of one metric come one after the other; of what lies further back a second Metric message
/// is as good.
constexpr std::size_t metrics_looked_at = 64;

// Of a scope's spans or logs, and of a metric's data points.
constexpr std::uint32_t item_field = 2;
constexpr std::uint32_t point_field = 1;

/// What stands in front of a scope's items, beside the resource: heads, and the scope's texts, which
/// are short.
constexpr std::size_t front_beside_resource = 512;

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

OtlpRequest::OtlpRequest(OtlpContext context)
    : context_(std::move(context)), type_(record_type_of(context_.signal)) {
  const std::string_view attributes = text_of(context_.resource);
  if (context_.format == OtlpFormat::json) {
    append_otlp_json_attributes(resource_, attributes);
  } else {
    char* const at = resource_.room(otlp_bound(attributes.size()));
    resource_.end_at(put_otlp_attributes(at, 1, attributes));
    front_ = resource_.size() + front_beside_resource;
    text_.room(front_);
  }
  clear();
}

void OtlpRequest::clear() noexcept {
  text_.clear();
  if (front_ > 0) text_.end_at(text_.room(0) + front_);
  heads_.clear();
  items_ = 0;
  runs_.clear();
  scopes_.clear();
  metrics_.clear();
  open_ = {};
  open_group_ = none;
  open_begin_ = front_;
}

EncodeRefusal OtlpRequest::add(const model::RecordView& record) noexcept {
  return add_one(record);
}

std::size_t OtlpRequest::add(std::span<const model::RecordView> records,
                             std::size_t most_bytes) noexcept {
  std::size_t count = 0;
  for (; count < records.size() && size() < most_bytes; ++count) add_one(records[count]);
  return count;
}

inline EncodeRefusal OtlpRequest::add_one(const model::RecordView& record) noexcept {
  if (record.head().type != type_) return EncodeRefusal::damaged;
  const std::size_t before = text_.size();
  EncodeRefusal refused = EncodeRefusal::damaged;
  try {
    if (type_ == RecordType::metric_point ? add_point(record) : add_item(record)) [[likely]] {
      ++items_;
      return EncodeRefusal::none;
    }
  } catch (const std::bad_alloc&) {
    // A group that was begun stays, empty.
    refused = EncodeRefusal::out_of_memory;
  }
  text_.truncate(before);
  return refused;
}

/// So that nothing fails behind the groups.
void OtlpRequest::make_room_for_run() {
  if (runs_.size() == runs_.capacity()) runs_.reserve(std::max<std::size_t>(64, 2 * runs_.size()));
}

/// The items that lie from `begin` to `end`. There is room for a run.
void OtlpRequest::append(std::size_t begin, std::size_t end, Chain& chain,
                         std::size_t& size) noexcept {
  const std::size_t items = end - begin;
  size += items;
  if (chain.last != none) {
    Piece& last = runs_[chain.last].text;
    if (last.begin + last.size == begin) {
      last.size += items;
      return;
    }
  }
  const auto index = static_cast<std::uint32_t>(runs_.size());
  runs_.push_back({.text = {begin, items}});
  (chain.first == none ? chain.first : runs_[chain.last].next) = index;
  chain.last = index;
}

/// False where the record makes no sense.
inline bool OtlpRequest::write_item(const model::RecordView& record,
                                    std::string_view& scope_attributes) {
  const bool span = type_ == RecordType::span;
  if (context_.format == OtlpFormat::json) {
    const bool good =
        span ? append_otlp_json_span(text_, record, context_.tick_scale, context_.sampling_hash,
                                     scope_attributes)
             : append_otlp_json_log(text_, record, context_.tick_scale, scope_attributes);
    if (good) text_.push_back(',');
    return good;
  }
  char* const head = text_.room(otlp_bound(record.bytes().size()));
  char* const at = head + pb::usual_head;
  char* const end = span ? put_otlp_span(at, record, context_.tick_scale, context_.sampling_hash,
                                         scope_attributes)
                         : put_otlp_log(at, record, context_.tick_scale, scope_attributes);
  if (end == nullptr) return false;
  text_.end_at(pb::end_message(head, item_field, end));
  return true;
}

inline bool OtlpRequest::add_item(const model::RecordView& record) {
  ScopeKey key{record.head().scope};
  const std::size_t begin = text_.size();
  if (!write_item(record, key.attributes)) return false;
  if (key != open_) [[unlikely]]
    begin_run(begin, key);
  return true;
}

/// The items from `begin` on are that scope's.
void OtlpRequest::begin_run(std::size_t begin, const ScopeKey& key) {
  make_room_for_run();
  const std::uint32_t group = scope_group(key);
  end_run(begin);
  open_ = key;
  open_group_ = group;
}

void OtlpRequest::end_run(std::size_t end) noexcept {
  if (end > open_begin_) {
    ScopeGroup& group = scopes_[open_group_];
    append(open_begin_, end, group.members, group.size);
  }
  open_begin_ = end;
}

bool OtlpRequest::add_point(const model::RecordView& record) {
  const auto point = model::MetricPointView::from(record);
  if (!point) return false;
  make_room_for_run();
  const ScopeKey key{point->head.scope, point->scope_attributes};
  if (key != open_) {
    open_group_ = scope_group(key);
    open_ = key;
  }
  MetricGroup& metric = metrics_[metric_group(open_group_, *point)];
  const std::size_t begin = text_.size();
  if (context_.format == OtlpFormat::json) {
    append_otlp_json_point(text_, *point, context_.tick_scale);
    text_.push_back(',');
  } else {
    char* const head = text_.room(otlp_bound(record.bytes().size()));
    char* const end = put_otlp_point(head + pb::usual_head, *point, context_.tick_scale);
    text_.end_at(pb::end_message(head, point_field, end));
  }
  append(begin, text_.size(), metric.points, metric.size);
  return true;
}

std::uint32_t OtlpRequest::scope_group(const ScopeKey& key) {
  const auto found = std::find_if(scopes_.begin(), scopes_.end(),
                                  [&](const ScopeGroup& group) { return group.key == key; });
  const auto index = static_cast<std::uint32_t>(found - scopes_.begin());
  if (found != scopes_.end()) return index;
  const std::size_t begin = heads_.size();
  write_scope_head(key);
  scopes_.push_back({.key = key, .head = {begin, heads_.size() - begin}, .members = {}, .size = 0});
  return index;
}

void OtlpRequest::write_scope_head(const ScopeKey& key) {
  const std::string_view attributes = key.attributes;
  const Scope scope =
      context_.scope_of ? context_.scope_of(static_cast<std::uint16_t>(key.scope)) : Scope{};
  if (context_.format == OtlpFormat::json) {
    append_otlp_json_scope(heads_, scope, attributes);
    return;
  }
  char* at = heads_.room(otlp_bound(scope.name.size() + scope.version.size() +
                                    scope.schema_url.size() + attributes.size()));
  at = pb::put_head(at, 1,
                    pb::text_size_if_any(scope.name) + pb::text_size_if_any(scope.version) +
                        otlp_attributes_size(attributes));
  at = pb::put_text_if_any(at, 1, scope.name);
  at = pb::put_text_if_any(at, 2, scope.version);
  at = put_otlp_attributes(at, 3, attributes);
  heads_.end_at(pb::put_text_if_any(at, 3, scope.schema_url));
}

std::uint32_t OtlpRequest::metric_group(std::uint32_t scope, const model::MetricPointView& point) {
  const std::size_t begin = heads_.size();
  write_metric_head(point);
  const Piece written{begin, heads_.size() - begin};
  const bool monotonic = point.head.has(model::metric_trait::monotonic);
  const auto is = [&](const MetricGroup& metric) {
    return metric.scope == scope && metric.kind == point.head.kind &&
           metric.temporality == point.head.temporality && metric.monotonic == monotonic &&
           head(metric.head) == head(written);
  };
  const std::size_t looked_at = std::min(metrics_.size(), metrics_looked_at);
  const auto last = metrics_.rbegin() + static_cast<std::ptrdiff_t>(looked_at);
  const auto found = std::find_if(metrics_.rbegin(), last, is);
  if (found != last) {
    heads_.truncate(begin);
    return static_cast<std::uint32_t>(metrics_.rend() - found - 1);
  }
  const auto index = static_cast<std::uint32_t>(metrics_.size());
  metrics_.push_back({.scope = scope,
                      .head = written,
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
    append_otlp_json_metric(heads_, point);
    return;
  }
  char* at = heads_.room(otlp_bound(point.name.size() + point.description.size() +
                                    point.unit.size() + point.metadata.size()));
  at = pb::put_text_if_any(at, 1, point.name);
  at = pb::put_text_if_any(at, 2, point.description);
  at = pb::put_text_if_any(at, 3, point.unit);
  heads_.end_at(put_otlp_attributes(at, 12, point.metadata));
}

std::string_view OtlpRequest::finish(ByteBuffer& scratch) {
  if (items_ == 0) return {};
  if (type_ != RecordType::metric_point) {
    make_room_for_run();
    end_run(text_.size());
  }
  const std::size_t begin = scratch.size();
  if (context_.format == OtlpFormat::json) {
    finish_json(scratch);
  } else {
    const std::string_view whole = finish_in_place();
    if (!whole.empty()) return whole;
    finish_protobuf(scratch);
  }
  return scratch.view().substr(begin);
}

}  // namespace posthaste::wire
