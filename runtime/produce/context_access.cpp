#include "runtime/produce/producer.h"
#include "runtime/produce/span_access.h"
#include "runtime/produce/trace_state_rate.h"

#include <cstring>

namespace posthaste {

produce::ParentFrame ContextAccess::frame(const Context& context) noexcept {
  produce::ParentFrame frame;
  frame.trace_id = context.trace_id_;
  frame.span_id = context.span_id_;
  frame.slot = static_cast<arena::Slot*>(context.slot_);
  frame.generation = context.generation_;
  frame.root = context.root_;
  frame.root_generation = context.root_generation_;
  frame.runtime = context.runtime_;
  frame.trace_flags = context.trace_flags_;
  frame.remote = context.remote_;
  frame.sample_rate = context.sample_rate_;
  return frame;
}

void ContextAccess::set_text(const Context& context, produce::CarriedText& carried) {
  carried.trace_state = context.trace_state_;
  carried.operation_name = context.operation_name();
}

Context ContextAccess::of(const produce::ParentFrame& frame) noexcept {
  Context context;
  context.trace_id_ = frame.trace_id;
  context.span_id_ = frame.span_id;
  context.slot_ = frame.slot;
  context.generation_ = frame.generation;
  context.root_ = frame.root;
  context.root_generation_ = frame.root_generation;
  context.runtime_ = frame.runtime;
  context.trace_flags_ = frame.trace_flags;
  context.remote_ = frame.remote;
  context.sample_rate_ = frame.sample_rate;
  const auto set_operation = [&](std::string_view name) {
    context.operation_size_ =
        static_cast<std::uint8_t>(std::min(name.size(), context.operation_.size()));
    std::memcpy(context.operation_.data(), name.data(), context.operation_size_);
  };
  try {
    produce::Producer* const producer = produce::Producer::at(frame.runtime);
    const bool mapped = producer != nullptr && (producer->ingress().flags() & Ingress::mapped) != 0;
    if (frame.carried != nullptr) {
      set_operation(frame.carried->operation_name);
      context.trace_state_ = frame.carried->trace_state;
    }
    if (frame.slot == nullptr || !mapped) return context;
    produce::OperationName name;
    if (producer->operation_of(frame, name)) set_operation(name.view());
    if ((frame.slot->head.traits & produce::slot_trait::trace_state) != 0) {
      std::string state;
      producer->span(*frame.slot).trace_state(frame.generation, state);
      if (!state.empty()) {
        context.trace_state_ = std::make_shared<const std::string>(std::move(state));
      }
    }
  } catch (...) {
    context.trace_state_ = nullptr;  // no memory: the trace goes on without its state
  }
  return context;
}

Context ContextAccess::remote(const TraceId& trace, const SpanId& span, std::uint8_t trace_flags,
                              std::string_view trace_state) noexcept {
  Context context;
  context.trace_id_ = trace;
  context.span_id_ = span;
  context.trace_flags_ = trace_flags;
  context.remote_ = true;
  if (context.is_sampled() && !trace_state.empty()) {
    context.sample_rate_ = produce::rate_in_trace_state(trace_state);
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
