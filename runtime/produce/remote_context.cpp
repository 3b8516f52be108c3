// Apart from the rest of ContextAccess: what reads headers needs no producer.

#include "runtime/model/trace_state_rate.h"
#include "runtime/produce/span_access.h"

namespace posthaste {

Context ContextAccess::remote(const TraceId& trace, const SpanId& span, std::uint8_t trace_flags,
                              std::string_view trace_state, bool deferred) noexcept {
  Context context;
  context.trace_id_ = trace;
  context.span_id_ = span;
  context.trace_flags_ = trace_flags;
  context.remote_ = true;
  context.deferred_ = deferred;
  if (context.is_sampled() && !trace_state.empty()) {
    context.sample_rate_ = model::rate_in_trace_state(trace_state);
  }
  try {
    if (!trace_state.empty()) {
      context.trace_state_ = std::make_shared<const std::string>(trace_state);
    }
  } catch (...) {
    context.trace_state_ = nullptr;
  }
  return context;
}

}  // namespace posthaste
