#pragma once

/// What the mapping of a span reads beside its attributes (SpanFacts), and what it finds out
/// (SpanFields): the fields of one RequestData or RemoteDependencyData, before they are cut to
/// their limits and written. Texts borrow from the record or from the encoder's scratch.
///
/// Between span_rules.h, which fills them in, and request_data.h and dependency_data.h, which write
/// them.

#include <posthaste/span_kind.h>

#include "runtime/base/clock.h"
#include "runtime/model/record_view.h"

#include <optional>
#include <span>
#include <string_view>

namespace posthaste::wire {

struct SpanFacts {
  SpanKind kind = SpanKind::internal;
  StatusCode status = StatusCode::unset;
  bool has_parent = false;
  bool interrupted = false;  // the process died while the span was open
  std::string_view name;
  std::string_view inherited_operation_name;  // of the local root
  WallTime start{};
  std::span<const model::LinkView> links;

  /// Servers and consumers are requests, all others are dependencies.
  bool is_request() const noexcept {
    return kind == SpanKind::server || kind == SpanKind::consumer;
  }
};

struct SpanFields {
  std::string_view name;
  std::optional<std::string_view> operation_name;  // tag ai.operation.name
  std::string_view type;                           // dependency
  std::optional<std::string_view> target;          // dependency
  std::optional<std::string_view> data;            // dependency
  std::optional<std::string_view> url;             // request
  std::optional<std::string_view> source;          // request
  std::string_view result_code;                    // empty: none known
  bool success = true;
  std::optional<double> time_since_enqueued;  // measurement, ms
};

}  // namespace posthaste::wire
