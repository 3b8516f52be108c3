#include "api/trace_state.h"
#include "runtime/produce/producer.h"
#include "runtime/produce/span_access.h"

#include <posthaste/context.h>

namespace posthaste {
namespace {

using produce::ThreadState;

/// The producer of a span whose ids can still be read; null of any other.
produce::Producer* readable(const Span& span) noexcept {
  const arena::Slot* const slot = SpanAccess::slot(span);
  produce::Producer* const producer = produce::Producer::at(SpanAccess::runtime(span));
  if (slot == nullptr || producer == nullptr) return nullptr;
  if ((producer->ingress().flags() & Ingress::mapped) == 0) return nullptr;
  const std::uint32_t generation = slot->head.generation.load(std::memory_order_acquire);
  return generation == SpanAccess::generation(span) ? producer : nullptr;
}

/// Of a span that is readable.
[[gnu::always_inline]] inline produce::ParentFrame frame_of(
    const Span& span, const produce::Producer& producer,
    const produce::CarriedText* baggage) noexcept {
  arena::Slot& slot = *SpanAccess::slot(span);
  const model::RecordHead& record = SpanAccess::record(&slot);
  return {.trace_id = record.trace_id,
          .span_id = record.span_id,
          .slot = &slot,
          .generation = SpanAccess::generation(span),
          .root = slot.head.root,
          .root_generation = slot.head.root_generation,
          .runtime = SpanAccess::runtime(span),
          .trace_flags = record.trace_flags,
          .sample_rate = producer.rate_of(slot),
          .baggage = baggage};
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
  const produce::CarriedText* const baggage = baggage_of(ThreadState::current());
  if (const produce::Producer* const producer = readable(*this)) {
    return ContextAccess::of(frame_of(*this, *producer, baggage));
  }
  const Context* const other = SpanAccess::stands_for(*this);
  if (other != nullptr) return as_of(*other, ThreadState::current());
  // Baggage is carried where nothing records, too.
  produce::ParentFrame nothing;
  nothing.baggage = baggage;
  return ContextAccess::of(nothing);
}

Scope::Scope(const Span& span) noexcept {
  ThreadState* const thread = ThreadState::current();
  if (thread == nullptr) [[unlikely]]
    return;
  ThreadState::Mark mark;
  if (const produce::Producer* const producer = readable(span)) [[likely]] {
    const produce::CarriedText* const baggage = baggage_of(thread);
    if (produce::ParentFrame* const frame = thread->push(mark)) {
      *frame = frame_of(span, *producer, baggage);
    }
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
  ThreadState* const thread = ThreadState::known();
  if (thread == thread_) [[likely]] {
    thread->pop({depth_, sequence_});
  } else {
    produce::count_misplaced_scope();
  }
}

}  // namespace posthaste
