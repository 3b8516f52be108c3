#include "api/trace_state.h"
#include "runtime/produce/producer.h"
#include "runtime/produce/span_access.h"

#include <posthaste/context.h>

namespace posthaste {
namespace {

using produce::ThreadState;

/// The frame of a span that lives; a default one (no parent) of any other.
produce::ParentFrame frame_of(const Span& span) noexcept {
  produce::ParentFrame frame;
  arena::Slot* const slot = SpanAccess::slot(span);
  produce::Producer* const producer = produce::Producer::at(SpanAccess::runtime(span));
  if (slot == nullptr || producer == nullptr) return frame;
  if ((producer->ingress().flags() & Ingress::mapped) == 0) return frame;
  const std::uint32_t generation = SpanAccess::generation(span);
  if (slot->head.generation.load(std::memory_order_acquire) != generation) return frame;
  const auto& record = *reinterpret_cast<const model::RecordHead*>(slot->image.data());
  frame.trace_id = record.trace_id;
  frame.span_id = record.span_id;
  frame.slot = slot;
  frame.generation = generation;
  frame.root = slot->head.root;
  frame.root_generation = slot->head.root_generation;
  frame.runtime = SpanAccess::runtime(span);
  frame.trace_flags = record.trace_flags;
  frame.sample_rate = producer->rate_of(*slot);
  return frame;
}

/// Who has the baggage that is current on `thread`, which may be null, as may be the answer.
const produce::CarriedText* baggage_of(const ThreadState* thread) noexcept {
  const produce::ParentFrame* const top = thread == nullptr ? nullptr : thread->top();
  return top == nullptr ? nullptr : top->baggage;
}

/// Of a span that stands for another, under the thread's baggage.
Context as_of(const Context& other, const ThreadState* thread) noexcept {
  const produce::CarriedText* const current = baggage_of(thread);
  return other.with_baggage(current == nullptr ? Baggage() : current->baggage);
}

ThreadState::Mark push(ThreadState& thread, const Context& context) noexcept {
  std::unique_ptr<produce::CarriedText> carried;
  if (ContextAccess::has_text(context)) {
    try {
      carried = std::make_unique<produce::CarriedText>();
      ContextAccess::set_text(context, *carried);
    } catch (...) {
      carried = nullptr;  // no memory: without trace state and operation name
    }
  }
  return thread.push(ContextAccess::frame(context), std::move(carried));
}

}  // namespace

Context Context::remote(const TraceId& trace, const SpanId& span, bool sampled,
                        std::string_view trace_state) {
  return ContextAccess::remote(trace, span, sampled ? 1 : 0,
                               is_trace_state(trace_state) ? trace_state : std::string_view());
}

Context Context::current() noexcept {
  const ThreadState* const thread = ThreadState::current();
  const produce::ParentFrame* const top = thread == nullptr ? nullptr : thread->top();
  return top == nullptr ? Context() : ContextAccess::of(*top);
}

Context Context::with_baggage(Baggage baggage) const noexcept {
  Context context = *this;
  ContextAccess::set_baggage(context, std::move(baggage));
  return context;
}

Context Span::context() const noexcept {
  // Baggage is carried where nothing records, too.
  produce::ParentFrame frame = frame_of(*this);
  if (!frame.trace_id.is_valid()) {
    const Context* const other = SpanAccess::stands_for(*this);
    if (other != nullptr) return as_of(*other, ThreadState::current());
  }
  frame.baggage = baggage_of(ThreadState::current());
  return ContextAccess::of(frame);
}

Scope::Scope(const Span& span) noexcept {
  produce::ParentFrame frame = frame_of(span);
  ThreadState* const thread = ThreadState::current();
  if (thread == nullptr) return;
  ThreadState::Mark mark;
  if (frame.trace_id.is_valid()) [[likely]] {
    frame.baggage = baggage_of(thread);
    mark = thread->push(frame, nullptr);
  } else if (const Context* const other = SpanAccess::stands_for(span)) {
    mark = push(*thread, as_of(*other, thread));
  } else {
    return;
  }
  thread_ = thread;
  depth_ = mark.depth;
  sequence_ = mark.sequence;
}

Scope::Scope(const Context& context) noexcept {
  ThreadState* const thread = ThreadState::current();
  if (thread == nullptr) return;
  const ThreadState::Mark mark = push(*thread, context);
  thread_ = thread;
  depth_ = mark.depth;
  sequence_ = mark.sequence;
}

Scope::~Scope() {
  if (thread_ == nullptr) return;
  ThreadState* const thread = ThreadState::current();
  if (thread != thread_) {
    produce::count_misplaced_scope();
    return;
  }
  thread->pop({depth_, sequence_});
}

}  // namespace posthaste
