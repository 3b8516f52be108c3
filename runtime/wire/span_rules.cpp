#include "runtime/wire/span_rules.h"

#include "runtime/model/record_times.h"
#include "runtime/wire/database_rules.h"
#include "runtime/wire/http_rules.h"
#include "runtime/wire/messaging_rules.h"
#include "runtime/wire/rpc_rules.h"
#include "runtime/wire/url_parts.h"

namespace posthaste::wire {
namespace {

using enum Known;
using Map = void (*)(const SpanFacts&, SeenAttributes&, SpanFields&);

/// A span follows the first convention of which it has a trigger that is not empty.
struct Convention {
  KnownSet request_triggers;
  Map request;
  KnownSet dependency_triggers;
  Map dependency;
};

constexpr Convention conventions[] = {
    {http_triggers, map_http_request, http_triggers, map_http_dependency},
    {{}, nullptr, database_triggers, map_database_dependency},  // a request is none of a database
    {rpc_request_triggers, map_rpc_request, rpc_triggers, map_rpc_dependency},
    {messaging_triggers, map_messaging_request, messaging_triggers, map_messaging_dependency},
};

constexpr KnownSet codes{rpc_grpc_status_code, rpc_response_status_code, http_response_status_code,
                         http_status_code};

constexpr KnownSet overrides{microsoft_request_name,
                             microsoft_request_url,
                             microsoft_request_source,
                             microsoft_request_result_code,
                             microsoft_dependency_type,
                             microsoft_dependency_name,
                             microsoft_dependency_data,
                             microsoft_dependency_target,
                             microsoft_dependency_result_code,
                             microsoft_operation_name,
                             ai_operation_name};

constexpr KnownSet any_trigger = [] {
  KnownSet all;
  for (const Convention& convention : conventions) {
    all |= convention.request_triggers;
    all |= convention.dependency_triggers;
  }
  return all;
}();

bool triggers(const KnownSet& keys, const SeenAttributes& seen) {
  return (seen.all() & keys).any_of([&](Known key) {
    const bool is_code = key == rpc_grpc_status_code || key == rpc_response_status_code;
    return is_code || is_truthy(seen.value(key));
  });
}

std::string_view plain_type(const SpanFacts& span) noexcept {
  if (span.kind == SpanKind::producer) return "Queue Message";
  if (span.kind == SpanKind::internal && span.has_parent) return "InProc";
  return "Dependency";
}

void override_fields(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields) {
  const auto given = [&seen](Known key) {
    return seen.has(key) && seen.value(key).type() != AttributeType::none;
  };
  const auto replace = [&](auto& field, Known key) {
    if (given(key)) field = seen.text(key);
  };
  const auto replace_url = [&](auto& field, Known key) {
    if (!given(key)) return;
    const std::string_view text = seen.text(key);
    field = UrlParts::of(text) ? redacted_url(text, seen.scratch()) : text;
  };
  if (span.is_request()) {
    replace(fields.name, microsoft_request_name);
    replace_url(fields.url, microsoft_request_url);
    replace(fields.source, microsoft_request_source);
    replace(fields.result_code, microsoft_request_result_code);
    if (span.kind == SpanKind::consumer) replace(fields.operation_name, ai_operation_name);
  } else {
    replace(fields.type, microsoft_dependency_type);
    replace(fields.name, microsoft_dependency_name);
    replace_url(fields.data, microsoft_dependency_data);
    replace(fields.target, microsoft_dependency_target);
    replace(fields.result_code, microsoft_dependency_result_code);
    replace(fields.operation_name, ai_operation_name);
  }
  replace(fields.operation_name, microsoft_operation_name);
}

void follow_convention(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields) {
  const bool request = span.is_request();
  for (const Convention& each : conventions) {
    const KnownSet& keys = request ? each.request_triggers : each.dependency_triggers;
    if (!seen.has_any(keys) || !triggers(keys, seen)) continue;
    return (request ? each.request : each.dependency)(span, seen, fields);
  }
}

bool succeeded(const SpanFacts& span, const SeenAttributes& seen) noexcept {
  if (span.interrupted || span.status == StatusCode::error) return false;
  if (span.status == StatusCode::ok) return true;
  if (!seen.has_any(codes)) return true;
  if (rpc_failed(span, seen)) return false;
  // A client's 404 may be all that it wanted to know; a server's is a failed request.
  return !span.is_request() || http_status(seen).value_or(0) < 400;
}

}  // namespace

SpanFacts span_facts(const model::RecordHead& head, const RecordParts& parts,
                     const TickScale& scale) {
  SpanFacts facts;
  facts.kind = static_cast<SpanKind>(head.kind);
  facts.status = static_cast<StatusCode>(head.status);
  facts.has_parent = head.parent_span_id.is_valid();
  facts.interrupted = (head.flags & model::record_flag::interrupted) != 0;
  facts.name = parts.text.name;
  facts.inherited_operation_name = parts.text.operation_name;
  facts.start = model::start_of(head, scale);
  facts.links = parts.links;
  return facts;
}

SpanFields map_span(const SpanFacts& span, SeenAttributes& seen) {
  SpanFields fields;
  const bool request = span.is_request();
  fields.name = span.name;
  if (request) fields.operation_name = span.name;
  if (!request && !span.inherited_operation_name.empty()) {
    fields.operation_name = span.inherited_operation_name;
  }
  if (!request) fields.type = plain_type(span);
  if (seen.has_any(any_trigger)) follow_convention(span, seen, fields);
  if (seen.has(az_namespace)) override_by_azure(span, seen, fields);
  if (seen.has_any(overrides)) override_fields(span, seen, fields);
  // error.type stays a property: it says more than a code.
  if (fields.result_code.empty() && seen.has(error_type))
    fields.result_code = seen.text<error_type>();
  if (fields.result_code.empty()) {
    fields.result_code = "0";
    if (seen.has_any(codes)) seen.carried_as("0", {http_response_status_code, http_status_code});
  }
  fields.success = succeeded(span, seen);
  return fields;
}

double find_sample_rate(const SeenAttributes& seen, double recorded) noexcept {
  const auto valid = [](double rate) { return rate > 0 && rate <= 100; };
  constexpr KnownSet rates{microsoft_sample_rate, ms_sample_rate};
  if (!seen.has_any(rates)) return valid(recorded) ? recorded : 100;
  for (const Known key : {microsoft_sample_rate, ms_sample_rate}) {
    const double rate = seen.number(key).value_or(0);
    if (valid(rate)) return rate;
  }
  return valid(recorded) ? recorded : 100;
}

}  // namespace posthaste::wire
