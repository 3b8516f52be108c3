// Logs: measured, then written straight into a lane; nothing in between.

#include "runtime/model/record_times.h"
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
  bool has_texts;  // mostly not
  std::string_view severity_text;
  std::string_view event_name;
  std::string_view operation;
  bool has_body = true;
  std::uint64_t size;  // by all that stands above it
  std::uint32_t dropped;
  bool truncated = false;

  LogPlan(const AttributeValue& value, const LogOptions& options, std::string_view operation_name,
          const RecordLimits& limits) noexcept
      : body(value),
        body_bytes(short_value_size(value, limits.value_length)),
        value_length(limits.value_length),
        attributes(options.attributes, std::min(limits.attributes, 0xffffu), limits.value_length),
        has_texts(
            options.severity_text.size() + options.event_name.size() + operation_name.size() != 0),
        severity_text(options.severity_text),
        event_name(options.event_name),
        operation(operation_name),
        size(measure()),
        dropped(attributes.dropped()) {
    if (size > model::record_size_limit) [[unlikely]]
      cut();
  }

  void put(FlatSink sink) const noexcept {
    if (has_body) {
      put_in_place(sink, model::EntryKind::body, {}, body, body_bytes, value_length);
    }
    attributes.put(sink);
    if (has_texts) put_texts(sink);
  }

private:
  template <class F>
  void for_each_text(F&& f) const noexcept {
    using model::EntryKind;
    if (!severity_text.empty()) f(EntryKind::severity_text, cut_bytes(severity_text, text_limit));
    if (!event_name.empty()) f(EntryKind::event_name, cut_bytes(event_name, text_limit));
    if (!operation.empty()) f(EntryKind::operation_name, operation);
  }
  [[gnu::noinline]] std::uint64_t size_of_texts() const noexcept {
    std::uint64_t total = 0;
    for_each_text([&](model::EntryKind, std::string_view text) {
      total += entry_size(static_cast<std::uint32_t>(text.size()));
    });
    return total;
  }
  [[gnu::noinline]] void put_texts(FlatSink sink) const noexcept {
    for_each_text(
        [&](model::EntryKind kind, std::string_view text) { put_text_entry(sink, kind, text); });
  }

  std::uint64_t measure() const noexcept {
    std::uint64_t total = sizeof(model::RecordHead) + attributes.size();
    if (has_body) total += entry_size(body_bytes);
    return has_texts ? total + size_of_texts() : total;
  }

  [[gnu::noinline, gnu::cold]] void cut() noexcept {
    truncated = true;
    const std::uint64_t others = size - body_bytes;
    if (others + 64 > model::record_size_limit) {  // the attributes alone are too long
      dropped += attributes.kept();
      attributes = AttributeList({}, 0, 0);
      size = measure();
    }
    if (size <= model::record_size_limit) return;
    if (body.type() == AttributeType::string) {
      const std::uint64_t over = size - model::record_size_limit + 8;
      body_bytes = static_cast<std::uint32_t>(
          cut_bytes(body.string(), body_bytes - static_cast<std::uint32_t>(over)).size());
    } else {
      has_body = false;
    }
    size = measure();
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
  if (options.context != nullptr || state->rate_limit != 0 || considers_logs_) {
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
  const auto length = static_cast<std::uint32_t>(plan.size);
  const std::uint32_t lane = lane_hint(lane_count_);
  arena::Reservation room = reserve(lane, length, false);
  if (room.bytes == nullptr && is_failure(severity, options.attributes)) [[unlikely]]
    room = reserve(lane, length, true);
  if (room.bytes == nullptr) [[unlikely]] {
    refuse_log((ingress_.flags() & Ingress::open) == 0 ? RefusalReason::shutdown
                                                       : RefusalReason::arena_full);
    return;
  }
  // All of it but the commit word, each once.
  model::RecordHead& record = *reinterpret_cast<model::RecordHead*>(room.bytes);
  record.origin = room.place;
  record.type = model::RecordType::log;
  record.kind = static_cast<std::uint8_t>(severity);
  record.status = 0;
  record.trace_flags = in_span ? parent->trace_flags : std::uint8_t{0};
  const bool wall = options.time.has_value();
  record.flags = static_cast<std::uint16_t>((plan.truncated ? model::record_flag::truncated : 0) |
                                            (wall ? model::record_flag::start_is_wall : 0));
  record.scope = scope;
  record.trace_id = in_span ? parent->trace_id : TraceId();
  record.span_id = in_span ? parent->span_id : SpanId();
  record.parent_span_id = {};
  record.end = now();
  record.start = wall ? model::wall_ns(*options.time) : record.end;
  // Logs that are kept whatever becomes of their trace stand for themselves alone.
  record.sample_rate = logs_with_trace_ && in_span ? parent->sample_rate : 100;
  record.attributes = static_cast<std::uint16_t>(plan.attributes.kept());
  record.events = 0;
  record.links = 0;
  record.dropped_links = 0;
  record.dropped_attributes = plan.dropped;
  record.dropped_events = 0;
  plan.put(FlatSink{room.bytes + sizeof record});
  lanes_.commit(room, length);
}

}  // namespace posthaste::produce
