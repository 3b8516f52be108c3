#include "runtime/wire/otlp_request.h"
#include "runtime/wire/protobuf_writer.h"

// What is inside is measured before it is written.

namespace posthaste::wire {

namespace pb = protobuf;
using model::MetricKind;
using model::RecordType;

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
  if (type_ != RecordType::metric_point) return size;
  for (std::uint32_t i = scope.members.first; i != none; i = metrics_[i].next) {
    size += pb::field_size(metric_size(metrics_[i]));
  }
  return size;
}

char* OtlpRequest::put_runs(char* at, const Chain& chain) const noexcept {
  for (std::uint32_t i = chain.first; i != none; i = runs_[i].next) {
    at = pb::put_bytes(at, items(runs_[i]));
  }
  return at;
}

char* OtlpRequest::put_metric(char* at, const MetricGroup& metric) const noexcept {
  constexpr std::uint32_t data_fields[] = {0, 5, 7, 9, 10, 11};  // by MetricKind
  at = pb::put_head(at, 2, metric_size(metric));
  at = pb::put_bytes(at, head(metric.head));
  at = pb::put_head(at, data_fields[static_cast<std::size_t>(metric.kind)],
                    metric_data_size(metric));
  at = put_runs(at, metric.points);
  if (metric.kind == MetricKind::gauge || metric.kind == MetricKind::summary) return at;
  at = pb::put_number(at, 2, static_cast<std::uint64_t>(metric.temporality));
  return metric.kind == MetricKind::sum ? pb::put_number(at, 3, metric.monotonic ? 1 : 0) : at;
}

/// With the head of the request, of which `size` bytes follow that.
char* OtlpRequest::put_resource(char* at, std::size_t size) const noexcept {
  at = pb::put_head(at, 1, size);
  return pb::put_bytes(pb::put_head(at, 1, resource_.size()), resource_.view());
}

/// Without its items.
char* OtlpRequest::put_scope(char* at, const ScopeGroup& scope) const noexcept {
  return pb::put_bytes(pb::put_head(at, 2, scope_size(scope)), head(scope.head));
}

/// Where the spans or logs of one scope lie in one piece, the rest is put in front of them. Empty:
/// they do not, or it does not fit there.
std::string_view OtlpRequest::finish_in_place() noexcept {
  if (type_ == RecordType::metric_point || runs_.size() != 1 || scopes_.size() != 1) return {};
  const ScopeGroup& scope = scopes_.front();
  const std::size_t size = pb::field_size(resource_.size()) + pb::field_size(scope_size(scope));
  const std::size_t in_front = pb::field_size(size) - scope.size;
  if (in_front > front_ || runs_.front().text.begin != front_) return {};
  char* const begin = text_.data() + front_ - in_front;
  put_scope(put_resource(begin, size), scope);
  return {begin, pb::field_size(size)};
}

void OtlpRequest::finish_protobuf(ByteBuffer& out) const {
  std::size_t size = pb::field_size(resource_.size());
  for (const ScopeGroup& scope : scopes_) size += pb::field_size(scope_size(scope));
  char* at = put_resource(out.room(pb::field_size(size)), size);
  for (const ScopeGroup& scope : scopes_) {
    at = put_scope(at, scope);
    if (type_ != RecordType::metric_point) {
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
