// Logs: measured, then written straight into a lane; nothing in between.

#include "runtime/produce/entry_writer.h"
#include "runtime/produce/lane_hint.h"
#include "runtime/produce/producer.h"
#include "runtime/produce/span_access.h"

#include <algorithm>

namespace posthaste::produce {
namespace {

constexpr std::uint32_t text_limit = 1024;  // of severity text and event name

/// What goes into the record, measured. A body that is too long for the record is cut, or left out
/// if it is an array.
struct LogPlan {
  const AttributeValue& body;
  std::uint32_t body_bytes;
  std::uint32_t value_length;
  AttributeList attributes;
  std::string_view severity_text;
  std::string_view event_name;
  std::string_view operation;
  std::uint32_t dropped = 0;
  bool has_body = true;
  bool truncated = false;

  LogPlan(const AttributeValue& value, const LogOptions& options, std::string_view operation_name,
          const RecordLimits& limits) noexcept
      : body(value),
        body_bytes(value_size(value, limits.value_length)),
        value_length(limits.value_length),
        attributes(options.attributes, std::min(limits.attributes, 0xffffu), limits.value_length),
        severity_text(cut_bytes(options.severity_text, text_limit)),
        event_name(cut_bytes(options.event_name, text_limit)),
        operation(operation_name),
        dropped(attributes.dropped()) {
    if (size() <= model::record_size_limit) return;
    truncated = true;
    const std::uint64_t others = size() - body_bytes;
    if (others + 64 > model::record_size_limit) {  // the attributes alone are too long
      dropped += attributes.kept();
      attributes = AttributeList({}, 0, 0);
    }
    if (size() <= model::record_size_limit) return;
    if (body.type() == AttributeType::string) {
      const std::uint64_t over = size() - model::record_size_limit + 8;
      body_bytes = static_cast<std::uint32_t>(
          cut_bytes(body.string(), body_bytes - static_cast<std::uint32_t>(over)).size());
    } else {
      has_body = false;
    }
  }

  std::uint64_t size() const noexcept {
    std::uint64_t total = sizeof(model::RecordHead) + attributes.size();
    if (has_body) total += entry_size(body_bytes);
    for (const std::string_view text : {severity_text, event_name, operation}) {
      if (!text.empty()) total += entry_size(static_cast<std::uint32_t>(text.size()));
    }
    return total;
  }

  template <class Sink>
  void put(Sink&& sink) const noexcept {
    if (has_body) {
      put_valued_entry(sink, model::EntryKind::body, {}, body, body_bytes, value_length);
    }
    attributes.put(sink);
    if (!severity_text.empty()) {
      put_text_entry(sink, model::EntryKind::severity_text, severity_text);
    }
    if (!event_name.empty()) put_text_entry(sink, model::EntryKind::event_name, event_name);
    if (!operation.empty()) put_text_entry(sink, model::EntryKind::operation_name, operation);
  }
};

bool is_failure(Severity severity, Attributes attributes) noexcept {
  if (severity >= Severity::error) return true;
  return std::any_of(attributes.begin(), attributes.end(), [](const Attribute& attribute) {
    return attribute.key.starts_with("exception.");
  });
}

}  // namespace

void Producer::emit(std::uint16_t logger, Severity severity, const AttributeValue& body,
                    const LogOptions& options) noexcept {
  const std::uint32_t flags = ingress_.flags();
  if ((flags & Ingress::open) == 0) [[unlikely]] {
    refuse_log(RefusalReason::shutdown);
    return;
  }
  LoggerState* const state = loggers_->at(logger);
  if (state == nullptr || severity < state->minimum_severity) return;
  if ((flags & Ingress::logs_refused) != 0) [[unlikely]] {
    refuse_log(RefusalReason::logs_share);
    return;
  }
  ThreadState* const thread = ThreadState::current();
  const ParentFrame* const parent = thread == nullptr ? nullptr : thread->top();
  if (options.context != nullptr || state->rate_limit != 0 || logs_with_trace_ || has_on_emit_) {
    return consider_log(*state, severity, body, options, parent);
  }
  write_log(state->scope, severity, body, options, parent);
}

/// With a context by hand, or where a setting may refuse or change it.
[[gnu::noinline]] void Producer::consider_log(LoggerState& state, Severity severity,
                                              const AttributeValue& body, const LogOptions& options,
                                              const ParentFrame* parent) noexcept {
  ParentFrame given;
  if (options.context != nullptr) {
    given = ContextAccess::frame(*options.context);
    parent = &given;
  }
  if (logs_with_trace_ && parent != nullptr && parent->trace_id.is_valid() && !parent->sampled()) {
    leave_out_log(RefusalReason::sampled, severity, options.attributes);
    return;
  }
  if (state.rate_limit != 0) {
    std::uint64_t suppressed = 0;
    if (!state.rate.allows(now(), ticks_per_second_, state.rate_limit, suppressed)) {
      refuse_log(RefusalReason::rate_limited);
      return;
    }
    if (suppressed != 0) {
      const AttributeValue count(suppressed);
      write_log(state.scope, Severity::warn, "log records were suppressed by the rate limit",
                {.attributes = {{"posthaste.suppressed", count}}}, parent);
    }
  }
  ThreadState* const thread = ThreadState::current();
  if (has_on_emit_ && thread != nullptr && !thread->in_callback()) {
    process_log(state.scope, severity, body, options, parent, *thread);
  } else {
    write_log(state.scope, severity, body, options, parent);
  }
}

void Producer::write_log(std::uint16_t scope, Severity severity, const AttributeValue& body,
                         const LogOptions& options, const ParentFrame* parent) noexcept {
  const bool in_span = parent != nullptr && parent->trace_id.is_valid();
  OperationName operation;
  std::string_view operation_name;
  if (options.context != nullptr) operation_name = options.context->operation_name();
  if (parent != nullptr && operation_of(*parent, operation)) {
    operation_name = operation.view();
  } else if (parent != nullptr && parent->carried != nullptr) {
    operation_name = parent->carried->operation_name;
  }
  const LogPlan plan(body, options, operation_name, log_limits_);
  const auto length = static_cast<std::uint32_t>(plan.size());
  const arena::Reservation room =
      reserve(lane_hint(lane_count_), length, is_failure(severity, options.attributes));
  if (room.bytes == nullptr) [[unlikely]] {
    refuse_log((ingress_.flags() & Ingress::open) == 0 ? RefusalReason::shutdown
                                                       : RefusalReason::arena_full);
    return;
  }
  model::RecordHead record{};
  record.origin = room.place;
  record.type = model::RecordType::log;
  record.kind = static_cast<std::uint8_t>(severity);
  record.scope = scope;
  // Logs that are kept whatever becomes of their trace stand for themselves alone.
  record.sample_rate = logs_with_trace_ && in_span ? parent->sample_rate : 100;
  if (in_span) {
    record.trace_id = parent->trace_id;
    record.span_id = parent->span_id;
    record.trace_flags = parent->trace_flags;
  }
  record.end = now();
  record.start = record.end;
  if (options.time) {
    record.start = static_cast<std::uint64_t>(options.time->time_since_epoch().count());
    record.flags |= model::record_flag::start_is_wall;
  }
  if (plan.truncated) record.flags |= model::record_flag::truncated;
  record.attributes = static_cast<std::uint16_t>(plan.attributes.kept());
  record.dropped_attributes = plan.dropped;
  FlatSink sink{room.bytes + 8};
  sink.put(reinterpret_cast<const std::byte*>(&record) + 8, sizeof record - 8);
  plan.put(sink);
  lanes_.commit(room, length);
}

}  // namespace posthaste::produce
