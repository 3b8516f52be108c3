#pragma once

/// One operation: its name, when it began and ended, what happened.
///
///   auto span = tracer.start_span("charge card", {.kind = posthaste::SpanKind::client});
///   span.set_attribute("order.id", 42);
///                                              // ends when it goes out of scope
///
/// Threads:  a Span may move between threads; it is used by one at a time.
/// Blocking: never; no lock, no allocation, no system call. (Where nothing records, a span with a
///           parent keeps a copy of that.)
/// Errors:   none: a call that cannot do its work is counted and does nothing. What goes beyond
///           SpanLimits is counted in the span ("dropped attributes").
/// Limits:   a span holds at most 64 KiB; what does not fit is cut or left out, and counted.
/// Specification: OpenTelemetry Trace API 1.x.

#include <posthaste/attributes.h>
#include <posthaste/context.h>
#include <posthaste/export.h>
#include <posthaste/key_hash.h>
#include <posthaste/measured_keys.h>
#include <posthaste/span_kind.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string_view>

namespace posthaste {

/// Wall time, for spans and events whose times are known from elsewhere.
using TimePoint = std::chrono::sys_time<std::chrono::nanoseconds>;

/// A causal relation to a span that is not the parent. The attributes are borrowed.
struct Link {
  Context context = {};
  Attributes attributes = {};
};

/// Of one start_span, best written in the call. It borrows: an options object of your own is good
/// only while what its attributes, links and parent refer to lives, and a list in braces dies with
/// the statement that it stands in.
struct SpanOptions {
  SpanKind kind = SpanKind::internal;
  /// Null: the current span of this thread. A default Context: a new trace.
  const Context* parent = nullptr;
  Attributes attributes = {};
  std::span<const Link> links = {};
  /// Unset: now.
  std::optional<TimePoint> start_time = {};
  /// Whether a span that is ended by an unwinding exception says so: an event `exception` and
  /// status error. The type and message are not known there; `record_exception` in the handler
  /// tells them.
  bool record_unwinding = true;
};

/// What a Span consists of, as the library hands it out: in two registers.
struct SpanParts {
  void* slot = nullptr;
  std::uint32_t generation = 0;
  std::uint16_t runtime = 0;
  std::uint16_t flags = 0;
};

class POSTHASTE_API Span {
public:
  /// Records nothing.
  Span() noexcept = default;
  Span(Span&& other) noexcept
      : slot_(other.slot_),
        generation_(other.generation_),
        runtime_(other.runtime_),
        flags_(other.flags_) {
    other.slot_ = nullptr;
    other.flags_ = 0;
  }
  /// Ends the span that it held before.
  Span& operator=(Span&& other) noexcept {
    if (this != &other) {
      finish();
      slot_ = other.slot_;
      generation_ = other.generation_;
      runtime_ = other.runtime_;
      flags_ = other.flags_;
      other.slot_ = nullptr;
      other.flags_ = 0;
    }
    return *this;
  }
  /// Ends the span if `end` has not.
  ~Span() { finish(); }

  /// False after the end, for spans that are not sampled, and for those of a stopped Telemetry. Use
  /// it to spare work whose only purpose is an attribute. True also for one that is not sampled but
  /// measured by the standard metrics: attributes that these have dimensions from are kept.
  bool is_recording() const noexcept;

  /// Names this span, also after its end until the handle is moved from; allocates only for a trace
  /// state. Where nothing records (Telemetry is off, or has been stopped) a span that was started
  /// with a parent stands for it, so that the caller's trace goes on: this is the parent's context.
  Context context() const noexcept;

  /// A key that was set before keeps the last value. Keys are not empty.
  [[gnu::always_inline]] Span& set_attribute(std::string_view key, AttributeValue value) noexcept {
    if ((flags_ & recording) != 0 || measures(key)) set(key, KeyHash::if_constant(key), value);
    return *this;
  }
  Span& set_attributes(Attributes attributes) noexcept {
    if ((flags_ & (recording | measured)) == 0) return *this;
    for (const Attribute& each : attributes) {
      if ((flags_ & recording) != 0 || measures(each.key)) set(each.key, {}, each.value);
    }
    return *this;
  }

  Span& add_event(std::string_view name, Attributes attributes = {},
                  std::optional<TimePoint> time = {}) noexcept;
  Span& add_link(const Context& context, Attributes attributes = {}) noexcept;

  /// The description is kept for `error` alone. `ok` is final; `unset` is ignored.
  Span& set_status(StatusCode code, std::string_view description = {}) noexcept;

  /// Also renames the operation of those beneath this span, if it is a local root.
  Span& update_name(std::string_view name) noexcept;

  /// An event `exception` with type (readable) and message, those of nested exceptions
  /// (std::throw_with_nested) at most ten deep, and status error; and with the calls that lead to
  /// this one, `exception.stacktrace`, unless Settings::exception_stacks is off or the attributes
  /// have one. That is where the exception was caught: where it was thrown is not known any more.
  /// Allocates, and takes some microseconds. `escaped`: the exception leaves the span.
  Span& record_exception(const std::exception& exception, Attributes attributes = {},
                         bool escaped = false) noexcept;
  /// Likewise; anything may have been thrown. Null does nothing.
  Span& record_exception(const std::exception_ptr& exception, Attributes attributes = {},
                         bool escaped = false) noexcept;

  /// Once; later calls do nothing. Without a time: now.
  void end() noexcept;
  void end(TimePoint time) noexcept;

private:
  friend class Tracer;
  friend struct SpanAccess;
  explicit Span(const SpanParts& parts) noexcept
      : slot_(parts.slot),
        generation_(parts.generation),
        runtime_(parts.runtime),
        flags_(parts.flags) {}

  static constexpr std::uint16_t recording = 1;   // attributes and the like are kept
  static constexpr std::uint16_t owner = 2;       // the slot is this span's own
  static constexpr std::uint16_t unwinding = 4;   // watch for exceptions
  static constexpr std::uint16_t stands_in = 32;  // slot_ is a Context, the span's own
  static constexpr std::uint16_t measured = measured_keys::of_both;  // one of the two: not sampled,
                                                                     // kept for the metrics alone

  void finish() noexcept {
    if (slot_ != nullptr) finish_now();
  }
  void finish_now() noexcept;
  void end_now(std::optional<TimePoint> time) noexcept;
  /// Whether this span is not sampled, and `key` is one that it is measured by.
  [[gnu::always_inline]] bool measures(std::string_view key) const noexcept {
#if defined(__OPTIMIZE__)
    const std::uint16_t kinds = measured_keys::kinds_of(key);
    if (__builtin_constant_p(kinds)) return (flags_ & kinds) != 0;
#endif
    return (flags_ & measured) != 0 && measures_slowly(key);
  }
  bool measures_slowly(std::string_view key) const noexcept;
  Span& measure_exception() noexcept;
  /// By kinds: their arguments fit into registers.
  [[gnu::always_inline]] void set(std::string_view key, KeyHash hash,
                                  const AttributeValue& value) noexcept {
    if (value.type() == AttributeType::string) {
      set_string(key, hash, value.string());
    } else if (value.type() <= AttributeType::float64) {
      set_word(key, hash, value.type(), value.word());
    } else {
      set_array(key, value);
    }
  }
  void set_string(std::string_view key, KeyHash hash, std::string_view value) noexcept;
  void set_word(std::string_view key, KeyHash hash, AttributeType type,
                std::uint64_t word) noexcept;
  void set_array(std::string_view key, const AttributeValue& value) noexcept;

  void* slot_ = nullptr;
  std::uint32_t generation_ = 0;
  std::uint16_t runtime_ = 0;
  std::uint16_t flags_ = 0;  // in the upper byte: exceptions in flight at the start
};

/// A span at its end, for `Settings::on_end`: may still be changed, or dropped.
class POSTHASTE_API EndingSpan {
public:
  std::string_view name() const noexcept;
  SpanKind kind() const noexcept;
  StatusCode status() const noexcept;
  std::chrono::nanoseconds duration() const noexcept;

  /// The value of a string attribute, or of any other as it is; empty if it was not set. Valid
  /// until the span is changed.
  std::optional<AttributeValue> attribute(std::string_view key) const noexcept;

  EndingSpan& set_attribute(std::string_view key, AttributeValue value) noexcept;
  EndingSpan& set_name(std::string_view name) noexcept;
  /// The span is not recorded; counted as refused: filtered.
  void drop() noexcept { dropped_ = true; }

private:
  friend struct SpanAccess;
  EndingSpan(void* slot, std::uint16_t runtime) noexcept : slot_(slot), runtime_(runtime) {}

  void* slot_;
  std::uint16_t runtime_;
  bool dropped_ = false;
};

}  // namespace posthaste
