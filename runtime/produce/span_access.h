#pragma once

/// The inside of the public handles, for the library itself. See <posthaste/span.h>,
/// <posthaste/context.h>.

#include "runtime/model/record.h"
#include "runtime/model/trace_state_threshold.h"
#include "runtime/produce/thread_state.h"

#include <posthaste/logger.h>
#include <posthaste/span.h>
#include <posthaste/tracer.h>

#include <optional>
#include <utility>

namespace posthaste {

struct SpanAccess {
  static constexpr std::uint16_t recording = Span::recording;
  static constexpr std::uint16_t owner = Span::owner;
  static constexpr std::uint16_t unwinding = Span::unwinding;
  static constexpr std::uint16_t measured = Span::measured;

  /// Where nothing records: a span that stands for its parent, `given` or else the thread's.
  static SpanParts standing_for(const Context* given) noexcept;
  /// What it stands for; null for any other.
  static const Context* stands_for(const Span& span) noexcept {
    return (span.flags_ & Span::stands_in) == 0 ? nullptr : static_cast<const Context*>(span.slot_);
  }

  static arena::Slot* slot(const Span& span) noexcept {
    return static_cast<arena::Slot*>(span.slot_);
  }
  static std::uint32_t generation(const Span& span) noexcept { return span.generation_; }
  static std::uint16_t runtime(const Span& span) noexcept { return span.runtime_; }
  static std::uint16_t flags(const Span& span) noexcept { return span.flags_; }

  static Span make(const SpanParts& parts) noexcept { return Span(parts); }
  /// Leaves it empty.
  static SpanParts take(Span& span) noexcept {
    const SpanParts parts{span.slot_, span.generation_, span.runtime_, span.flags_};
    span.slot_ = nullptr;
    span.flags_ = 0;
    return parts;
  }
  static EndingSpan ending(arena::Slot* slot, std::uint16_t runtime) noexcept {
    return EndingSpan(slot, runtime);
  }
  static const model::RecordHead& record(const void* slot) noexcept {
    const auto& image = static_cast<const arena::Slot*>(slot)->image;
    return *reinterpret_cast<const model::RecordHead*>(image.data());
  }
  static Tracer tracer(std::uint16_t runtime, std::uint16_t scope) noexcept {
    return Tracer(runtime, scope);
  }
  static Logger logger(std::uint16_t runtime, std::uint16_t number) noexcept {
    return Logger(runtime, number);
  }
  static EmittedLog emitted(produce::LogDraft& draft) noexcept { return EmittedLog(draft); }
  static bool dropped(const EndingSpan& span) noexcept { return span.dropped_; }
};

struct ContextAccess {
  /// The context as a parent; `carried` takes its texts if it has any and must outlive the frame.
  static produce::ParentFrame frame(const Context& context) noexcept;
  static void set_text(const Context& context, produce::CarriedText& carried);
  static bool has_text(const Context& context) noexcept {
    return context.trace_state_ != nullptr || context.operation_size_ != 0 ||
           !context.baggage_.empty();
  }
  /// The context of a frame; reads the operation name and trace state out of its slot.
  static Context of(const produce::ParentFrame& frame) noexcept;
  static Context remote(const TraceId& trace, const SpanId& span, std::uint8_t trace_flags,
                        std::string_view trace_state, bool deferred = false) noexcept;
  /// At which rate this process kept it; nothing for a context that came from another.
  static std::optional<model::KeptRate> kept_rate(const Context& context) noexcept;
  static bool is_deferred(const Context& context) noexcept { return context.deferred_; }
  static void set_baggage(Context& context, Baggage baggage) noexcept {
    context.baggage_ = std::move(baggage);
  }
};

}  // namespace posthaste
