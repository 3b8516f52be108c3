#pragma once

/// Which span is current, and how that is carried to where it is not known.
///
///   Scope     makes a span current on this thread until the end of a block
///   Context   a value that names a span: carried by hand to other threads, coroutines, processes
///
/// Specification: OpenTelemetry Context and SpanContext; W3C Trace Context.

#include <posthaste/baggage.h>
#include <posthaste/export.h>
#include <posthaste/ids.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace posthaste {

class Span;

/// Names a span: enough to be a parent, a link, or a `traceparent`. A copy of about 370 bytes;
/// needs no memory of its own but for a trace state and baggage. It also keeps the operation name
/// of the local root as of its making, at most 248 bytes of it, so that children started later,
/// elsewhere, after the root has ended, still know which operation they belong to.
///
/// Threads: a value.
class POSTHASTE_API Context {
public:
  /// No span: children become roots of new traces.
  Context() noexcept {}

  /// A span of another process, as its `traceparent` and `tracestate` told it. A malformed trace
  /// state is left out.
  static Context remote(const TraceId& trace, const SpanId& span, bool sampled,
                        std::string_view trace_state = {});

  /// The current span of this thread; no span if there is none.
  static Context current() noexcept;

  /// Whether it names a span.
  bool is_valid() const noexcept { return trace_id_.is_valid() && span_id_.is_valid(); }
  const TraceId& trace_id() const noexcept { return trace_id_; }
  const SpanId& span_id() const noexcept { return span_id_; }
  bool is_sampled() const noexcept { return (trace_flags_ & 1) != 0; }
  /// W3C trace flags; bit 0 is "sampled".
  std::uint8_t trace_flags() const noexcept { return trace_flags_; }
  /// The span is in another process.
  bool is_remote() const noexcept { return remote_; }
  /// The W3C `tracestate` as received; empty if there is none.
  std::string_view trace_state() const noexcept {
    return trace_state_ ? std::string_view(*trace_state_) : std::string_view();
  }
  /// What the application sends along. That of a context which came from outside is as it came; a
  /// Scope over it makes it the thread's, which `current()` and `Span::context()` take it from.
  const Baggage& baggage() const noexcept { return baggage_; }
  /// The same span, with this baggage instead.
  [[nodiscard]] Context with_baggage(Baggage baggage) const noexcept;
  /// The name of the local root's operation; empty if the root is not in this process.
  std::string_view operation_name() const noexcept { return {operation_.data(), operation_size_}; }

private:
  friend struct ContextAccess;

  TraceId trace_id_;
  SpanId span_id_;
  void* slot_ = nullptr;  // of the span, in this process
  std::uint32_t generation_ = 0;
  std::uint32_t root_ = 0xffff'ffff;  // slot of the local root; none: the span itself
  std::uint32_t root_generation_ = 0;
  std::uint16_t runtime_ = 0;
  std::uint8_t trace_flags_ = 0;
  bool remote_ = false;
  bool deferred_ = false;  // the sampling decision is left to the receiver
  double sample_rate_ = 100;
  std::shared_ptr<const std::string> trace_state_;
  Baggage baggage_;
  std::uint8_t operation_size_ = 0;
  std::array<char, 248> operation_;
};

/// Makes a span, or a context that came from elsewhere, current on this thread for as long as it
/// lives. Over a span the baggage stays that of the scope around it. Scopes nest. One that ends on
/// another thread is counted and changes nothing there; one that ends before those inside it takes
/// them along. Over a span: no allocation, once a thread is warm.
class POSTHASTE_API Scope {
public:
  /// The span is not the scope's: it outlives the scope, or what is current has ended already.
  [[nodiscard]] explicit Scope(const Span& span) noexcept;
  [[nodiscard]] explicit Scope(const Context& context) noexcept;
  /// A temporary span would have ended before the scope begins.
  explicit Scope(const Span&& span) = delete;
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

private:
  void* thread_ = nullptr;  // whose current span it set; null: none
  std::uint32_t depth_ = 0;
  std::uint32_t sequence_ = 0;
};

}  // namespace posthaste
