// The application's processors: each is called under its own guard, and none of them for what they
// record themselves.

#include "runtime/base/thread.h"
#include "runtime/produce/log_draft.h"
#include "runtime/produce/producer.h"
#include "runtime/produce/span_access.h"

#include <new>
#include <utility>

namespace posthaste::produce {

void Producer::open_processors(ProducerSetup& setup) {
  on_start_.clear();
  on_end_.clear();
  on_emit_.clear();
  for (SpanProcessor& processor : setup.span_processors) {
    if (processor.on_start) on_start_.push_back(std::move(processor.on_start));
    if (processor.on_end) on_end_.push_back(std::move(processor.on_end));
  }
  for (LogProcessor& processor : setup.log_processors) {
    if (processor.on_emit) on_emit_.push_back(std::move(processor.on_emit));
  }
  has_on_end_ = !on_end_.empty();
  processes_spans_ = has_on_end_ || !on_start_.empty();
  plain_starts_ = !processes_spans_ && !sampler_;
  has_on_emit_ = !on_emit_.empty();
  considers_logs_ = logs_with_trace_ || has_on_emit_;
  writes_texts_ = !considers_logs_ && log_limits_.value_length >= model::record_size_limit &&
                  log_limits_.attributes <= UINT16_MAX;
}

void Producer::run_on_start(Span& span) noexcept {
  ThreadState* const thread = ThreadState::current();
  if (thread == nullptr || thread->in_callback()) return;
  const ThreadState::InCallback guard(*thread);
  const CancellationHeldBack held;
  for (const auto& on_start : on_start_) {
    try {
      on_start(span);
    } catch (...) {
      callback_failures_.count_current(Callback::on_start);
    }
  }
}

/// False: the span was dropped.
bool Producer::run_on_end(arena::Slot& slot) noexcept {
  ThreadState* const thread = ThreadState::current();
  if (thread == nullptr || thread->in_callback()) return true;
  const ThreadState::InCallback guard(*thread);
  const CancellationHeldBack held;
  EndingSpan ending = SpanAccess::ending(&slot, number_);
  for (const auto& on_end : on_end_) {
    try {
      on_end(ending);
    } catch (...) {
      callback_failures_.count_current(Callback::on_end);
    }
    if (SpanAccess::dropped(ending)) return false;
  }
  return true;
}

/// False: the record was dropped.
bool Producer::run_on_emit(LogDraft& draft, ThreadState& thread) noexcept {
  const ThreadState::InCallback guard(thread);
  const CancellationHeldBack held;
  EmittedLog log = SpanAccess::emitted(draft);
  for (const auto& on_emit : on_emit_) {
    try {
      on_emit(log);
    } catch (...) {
      callback_failures_.count_current(Callback::on_emit);
    }
    if (draft.dropped) return false;
  }
  return true;
}

void Producer::process_log(std::uint16_t scope, Severity severity, const AttributeValue& body,
                           const LogOptions& options, const ParentFrame* parent,
                           ThreadState& thread) noexcept {
  LogDraft* draft = nullptr;
  try {
    draft = &thread.log_draft();
    draft->begin(severity, body, options);
  } catch (const std::bad_alloc&) {
    refuse_log(RefusalReason::arena_full);  // not without its processors: they may hide a secret
    return;
  }
  if (!run_on_emit(*draft, thread)) {
    leave_out_log(RefusalReason::filtered, draft->severity,
                  Attributes(std::span<const Attribute>(draft->attributes)));
    return;
  }
  if (draft->incomplete) {
    refuse_log(RefusalReason::arena_full);
    return;
  }
  LogOptions changed = options;
  changed.attributes = std::span<const Attribute>(draft->attributes);
  write_log(scope, draft->severity, draft->body, changed, parent);
}

}  // namespace posthaste::produce
