#include "runtime/produce/producer.h"
#include "runtime/produce/span_access.h"

#include <cstring>
#include <new>

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
  frame.deferred = context.deferred_;
  frame.sample_rate = context.sample_rate_;
  return frame;
}

void ContextAccess::set_text(const Context& context, produce::CarriedText& carried) {
  carried.trace_state = context.trace_state_;
  carried.operation_name = context.operation_name();
  carried.baggage = context.baggage_;
}

std::optional<model::KeptRate> ContextAccess::kept_rate(const Context& context) noexcept {
  if (context.remote_ || !context.is_valid()) return std::nullopt;
  model::KeptRate kept{.sampled = context.is_sampled(), .percent = context.sample_rate_};
  const produce::Producer* const producer = produce::Producer::at(context.runtime_);
  if (producer != nullptr && kept.sampled) {
    kept.randomness =
        model::randomness_of(context.trace_id_, producer->sampling_hash(), kept.percent);
  }
  return kept;
}

SpanParts SpanAccess::standing_for(const Context* given) noexcept {
  const Context current = given == nullptr ? Context::current() : Context();
  const Context& parent = given == nullptr ? current : *given;
  if (!parent.is_valid()) return {};
  auto* const kept = new (std::nothrow) Context(parent);
  if (kept == nullptr) return {};
  return {.slot = kept, .flags = Span::stands_in};
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
  context.deferred_ = frame.deferred;
  context.sample_rate_ = frame.sample_rate;
  if (frame.baggage != nullptr) context.baggage_ = frame.baggage->baggage;
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

}  // namespace posthaste
