#include "runtime/produce/producer.h"

#include "runtime/produce/entry_writer.h"
#include "runtime/produce/lane_hint.h"
#include "runtime/produce/lineage.h"
#include "runtime/produce/measured_kind.h"
#include "runtime/produce/span_access.h"

#include <algorithm>
#include <exception>
#include <new>

namespace posthaste::produce {
namespace {

std::uint64_t wall_ns(TimePoint time) noexcept {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

constinit std::atomic<Producer*> Producer::producers[most] = {};

Producer* Producer::acquire() noexcept {
  for (std::uint16_t number = 1; number < most; ++number) {
    Producer* known = producers[number].load(std::memory_order_acquire);
    if (known == nullptr) {
      auto* made = new (std::nothrow) Producer(number);
      if (made == nullptr) return nullptr;
      if (producers[number].compare_exchange_strong(known, made, std::memory_order_acq_rel)) {
        known = made;
      } else {
        delete made;
      }
    }
    bool used = false;
    if (known->in_use_.compare_exchange_strong(used, true, std::memory_order_acq_rel)) {
      return known;
    }
  }
  return nullptr;
}

void Producer::release() noexcept {
  ingress_.retire();
  in_use_.store(false, std::memory_order_release);
}

void Producer::open(ProducerSetup setup) {
  arena_ = setup.arena;
  lanes_ = arena::LaneWriter(arena_);
  slots_ = arena::SlotPool(arena_, setup.generation_base);
  lane_count_ = arena_.geometry().lanes;
  slot_count_ = arena_.geometry().segments * arena::slots_per_segment;
  const std::uint64_t ns_q32 = std::max<std::uint64_t>(arena_.tick_scale().ns_per_tick_q32, 1);
  ticks_per_second_ =
      static_cast<std::uint64_t>((static_cast<Uint128>(1'000'000'000) << 32) / ns_q32);
  tick_source_ = arena_.header().tick_source;
  open_sampling(setup);
  span_limits_ = setup.span_limits;
  log_limits_ = setup.log_limits;
  open_processors(setup);
  takes_stacks_ = setup.exception_stacks;
  measures_ = setup.measures;
  scopes_ = std::make_unique<arena::ScopeTable>(arena_);
  loggers_ = std::make_unique<LoggerTable>();
  late_calls_.store(0, std::memory_order_relaxed);
  unmeasured_.store(0, std::memory_order_relaxed);
  callback_failures_.reset();
  ThreadState::reseed_all();
  ingress_.set(Ingress::open | Ingress::mapped);
}

void Producer::close() noexcept {
  ingress_.close();
  lanes_.close_all();
}

Counts<RefusalReason> Producer::refused() const noexcept {
  Counts<RefusalReason> sums;
  if (arena_) sums = arena_.refused();
  sums[RefusalReason::shutdown] += late_calls_.load(std::memory_order_relaxed);
  return sums;
}

void Producer::count_refused(arena::RefusalRow arena::LaneHead::*row,
                             RefusalReason reason) noexcept {
  if ((ingress_.flags() & Ingress::open) == 0) {
    late_calls_.fetch_add(1, std::memory_order_relaxed);  // the arena may be gone
    return;
  }
  (arena_.lane(lane_hint(lane_count_)).*row)[static_cast<std::size_t>(reason)].fetch_add(
      1, std::memory_order_relaxed);
}

void Producer::refuse(RefusalReason reason) noexcept {
  count_refused(&arena::LaneHead::refused, reason);
}

void Producer::refuse_log(RefusalReason reason) noexcept {
  count_refused(&arena::LaneHead::refused_logs, reason);
}

/// Of a span of this runtime, which need not live any more.
RootRef Producer::root_of(const ParentFrame& frame) const noexcept {
  if (frame.root != arena::no_slot) return {frame.root, frame.root_generation};
  return {arena_.slot_index(*frame.slot), frame.generation};
}

/// `given`: the parent came by hand, else it is the thread's current one.
void Producer::follow(Lineage& lineage, const ParentFrame& parent, const Context* given,
                      ThreadState& thread) const noexcept {
  lineage.trace_id = parent.trace_id;
  lineage.parent_id = parent.span_id;
  lineage.trace_flags = parent.trace_flags;
  lineage.has_parent = true;
  lineage.remote = parent.remote;
  if (parent.sampled()) lineage.sample_rate = parent.sample_rate;
  const auto then = parent.deferred
                        ? ParentRule::Then::decide
                        : parents_[(parent.remote ? 2u : 0u) + (parent.sampled() ? 1u : 0u)];
  switch (then) {
    case ParentRule::Then::keep: lineage.undecided = false; break;
    case ParentRule::Then::drop:
      lineage.undecided = false;
      lineage.sampled = false;
      break;
    case ParentRule::Then::decide: break;
  }
  if (given != nullptr) lineage.operation_name = given->operation_name();
  const bool own = parent.slot != nullptr && parent.runtime == number_;
  if (own) lineage.root = root_of(parent);
  if (own && parent.slot->head.generation.load(std::memory_order_acquire) == parent.generation) {
    lineage.slot = parent.slot;
    lineage.generation = parent.generation;
    if ((parent.slot->head.traits & slot_trait::trace_state) != 0) [[unlikely]] {
      std::string& buffer = thread.value_buffer();
      SpanSlot(*parent.slot, slots_, span_limits_).trace_state(parent.generation, buffer);
      lineage.trace_state = buffer;
    }
  } else if (given != nullptr) {
    lineage.trace_state = given->trace_state();
  } else if (parent.carried != nullptr) {
    if (parent.carried->trace_state != nullptr) lineage.trace_state = *parent.carried->trace_state;
    lineage.operation_name = parent.carried->operation_name;
  }
}

/// The root writes its own name; its descendants remember where the root is, and copy the name.
void Producer::inherit(arena::Slot& slot, const Lineage& lineage,
                       std::string_view name) const noexcept {
  if (!lineage.trace_state.empty() &&
      SpanSlot(slot, slots_, span_limits_)
          .append_text(model::EntryKind::trace_state, lineage.trace_state)) [[unlikely]] {
    std::atomic_ref(slot.head.traits)
        .store(slot.head.traits | slot_trait::trace_state, std::memory_order_relaxed);
  }
  if (lineage.root.slot < slot_count_) {
    inherit_from_root(slot, lineage);
  } else {
    const bool is_root = !lineage.has_parent || lineage.remote;
    begin_operation(slot.operation, is_root ? name : lineage.operation_name);
  }
}

void Producer::inherit_from_root(arena::Slot& slot, const Lineage& lineage) const noexcept {
  arena::SlotHead& head = slot.head;
  head.root = lineage.root.slot;
  head.root_generation = lineage.root.generation;
  head.operation_sequence = 0;
  OperationName inherited;
  if (read_operation(arena_.slot(head.root), head.root_generation, inherited)) {
    head.operation_sequence = inherited.sequence;
  } else if (!ended_operations_.find(lineage.root, inherited) &&
             (lineage.slot == nullptr ||
              !read_operation(*lineage.slot, lineage.generation, inherited))) {
    begin_operation(slot.operation, lineage.operation_name);
    return;
  }
  begin_operation(slot.operation, inherited.view());
}

/// An empty record of the lineage, in a slot that nobody sees yet.
[[gnu::always_inline]] inline model::RecordHead& Producer::begin(arena::Slot& slot,
                                                                 const Lineage& lineage,
                                                                 std::uint16_t scope, SpanKind kind,
                                                                 SpanId id) const noexcept {
  const SpanSlot span(slot, slots_, span_limits_);
  span.begin();
  const int remote = lineage.remote ? model::record_flag::parent_remote : 0;
  const int root = !lineage.has_parent || lineage.remote ? model::record_flag::local_root : 0;
  // All of it, each once: zeroing it first costs as much again.
  span.record() = {
      .commit = 0,
      .origin = 0,
      .type = model::RecordType::span,
      .kind = static_cast<std::uint8_t>(kind),
      .status = 0,
      .trace_flags =
          static_cast<std::uint8_t>((lineage.trace_flags & ~1u) | (lineage.sampled ? 1u : 0u)),
      .flags = static_cast<std::uint16_t>(remote | root),
      .scope = scope,
      .trace_id = lineage.trace_id,
      .span_id = id,
      .parent_span_id = lineage.parent_id,
      .start = 0,
      .end = 0,
      .sample_rate = lineage.sample_rate,
      .attributes = 0,
      .events = 0,
      .links = 0,
      .dropped_links = 0,
      .dropped_attributes = 0,
      .dropped_events = 0,
  };
  // Others may look on, to count the spans that are open.
  std::atomic_ref(slot.head.traits)
      .store(lineage.sampled ? slot_trait::recording : 0, std::memory_order_relaxed);
  return span.record();
}

/// Thrice in the code: for a root that is surely kept, of whose lineage the compiler knows the most,
/// for other roots, and for the rest.
template <bool plain_root>
[[gnu::always_inline]] inline Span Producer::start(std::uint16_t scope, std::string_view name,
                                                   const SpanOptions& options,
                                                   const Lineage& lineage,
                                                   ThreadState& thread) noexcept {
  std::uint16_t flags = SpanAccess::recording;
  if (!lineage.sampled) [[unlikely]] {
    refuse(RefusalReason::sampled);
    flags = measures_ ? measured_as(options.kind) : measured_keys::none;
    // Beneath an unsampled span of ours, its ids serve as well: no slot, nothing to write.
    if (flags == 0 && lineage.slot != nullptr && (lineage.trace_flags & 1) == 0) {
      return SpanAccess::make(lineage.slot, lineage.generation, number_, 0);
    }
  }
  arena::Slot* const slot = slots_.take(lane_hint(lane_count_));
  if (slot == nullptr) [[unlikely]] {
    if (lineage.sampled) {
      refuse(RefusalReason::slots_full);
    } else if (flags != 0) {
      unmeasured_.fetch_add(1, std::memory_order_relaxed);
    }
    // The thread's own parent is still current; one that was given by hand is known to nobody else.
    return options.parent == nullptr ? Span() : SpanAccess::standing_for(options.parent);
  }
  model::RecordHead& record = begin(*slot, lineage, scope, options.kind, thread.ids().span_id());
  slot->head.root = arena::no_slot;
  if constexpr (plain_root) {
    begin_operation(slot->operation, name);
  } else {
    inherit(*slot, lineage, name);
  }
  if (flags != 0) [[likely]] {
    if (lineage.sampled) [[likely]] {
      SpanSlot(*slot, slots_, span_limits_).append_text(model::EntryKind::name, name);
    } else {
      record.flags |= model::record_flag::measured;
    }
    if (options.record_unwinding) {
      const std::uint32_t exceptions = std::min(thread.uncaught_exceptions(), 255u);
      flags = static_cast<std::uint16_t>(flags | SpanAccess::unwinding | exceptions << 8);
    }
    record.start = now();
  }
  flags |= SpanAccess::owner;
  const std::uint32_t generation = slot->head.generation.load(std::memory_order_relaxed) + 1;
  slot->head.generation.store(generation, std::memory_order_release);
  Span span = SpanAccess::make(slot, generation, number_, flags);
  if ((flags & (SpanAccess::recording | SpanAccess::measured)) != 0 &&
      (has_on_start_ || has_on_end_ || options.start_time || !options.attributes.empty() ||
       !options.links.empty() || lineage.sampler_attributes != nullptr)) [[unlikely]] {
    add_options(span, name, options, lineage);
  }
  return span;
}

/// What few spans are given at their start. Processors see a span that is only measured as they see
/// the others: what they hide or add, they hide or add there too.
[[gnu::noinline]] void Producer::add_options(Span& span, std::string_view name,
                                             const SpanOptions& options,
                                             const Lineage& lineage) noexcept {
  const SpanSlot slot = this->span(*SpanAccess::slot(span));
  if (options.start_time) {
    slot.record().start = wall_ns(*options.start_time);
    slot.record().flags |= model::record_flag::start_is_wall;
  }
  span.set_attributes(options.attributes);
  if (!lineage.sampled) {
    if (has_on_start_ || has_on_end_) slot.append_text(model::EntryKind::name, name);
  } else {
    for (const Link& link : options.links) {
      slot.add_link(link.context.trace_id(), link.context.span_id(), link.context.trace_flags(),
                    link.context.trace_state(), link.attributes);
    }
    const auto* const added = lineage.sampler_attributes;
    if (added != nullptr) add_sampler_attributes(slot, *added);
  }
  if (has_on_start_) run_on_start(span);
}

Span Producer::start_span(std::uint16_t scope, std::string_view name,
                          const SpanOptions& options) noexcept {
  ThreadState* const thread = ThreadState::current();
  if ((ingress_.flags() & Ingress::open) == 0 || thread == nullptr) [[unlikely]] {
    refuse(thread == nullptr ? RefusalReason::slots_full : RefusalReason::shutdown);
    return SpanAccess::standing_for(options.parent);
  }
  const ParentFrame* const parent = thread->top();
  if (options.parent != nullptr) return start_beneath(scope, name, options, *thread);
  if (parent != nullptr) return start_any(scope, name, options, parent, *thread);
  if (!keeps_all_) return start_root(scope, name, options, *thread);
  Lineage lineage;
  lineage.trace_id = thread->ids().trace_id();
  return start<true>(scope, name, options, lineage, *thread);
}

/// Its lineage is made here, where the compiler sees through it.
[[gnu::noinline]] Span Producer::start_decided_root(std::uint16_t scope, std::string_view name,
                                                    const SpanOptions& options,
                                                    const DecidedRoot& decided,
                                                    ThreadState& thread) noexcept {
  Lineage lineage;
  lineage.trace_id = decided.trace;
  lineage.sampled = decided.kept;
  lineage.sample_rate = decided.rate;
  return start<true>(scope, name, options, lineage, thread);
}

/// The parent came by hand; out of line, as its frame is large.
[[gnu::noinline]] Span Producer::start_beneath(std::uint16_t scope, std::string_view name,
                                               const SpanOptions& options,
                                               ThreadState& thread) noexcept {
  const ParentFrame given = ContextAccess::frame(*options.parent);
  return start_any(scope, name, options, &given, thread);
}

/// Of any lineage. `parent` may be null, or name nothing.
[[gnu::noinline]] Span Producer::start_any(std::uint16_t scope, std::string_view name,
                                           const SpanOptions& options, const ParentFrame* parent,
                                           ThreadState& thread) noexcept {
  Lineage lineage;
  if (parent != nullptr && parent->trace_id.is_valid()) {
    follow(lineage, *parent, options.parent, thread);
  } else {
    lineage.trace_id = thread.ids().trace_id();
  }
  if (lineage.undecided && !keeps_all_) {
    decide(lineage, name, options, thread);
  } else if (lineage.undecided) {
    lineage.sample_rate = 100;  // kept in any case, whatever the parent stands for
  }
  return start<false>(scope, name, options, lineage, thread);
}

/// The name of a local root that lives, or did lately.
bool Producer::read_root(RootRef root, OperationName& name) const noexcept {
  return read_operation(arena_.slot(root.slot), root.generation, name) ||
         ended_operations_.find(root, name);
}

/// The name that a record carries: the root's, as it is now, or as it was when it was last seen.
bool Producer::current_operation(const arena::Slot& slot, std::uint32_t generation,
                                 OperationName& name) const noexcept {
  const arena::SlotHead& head = slot.head;
  const RootRef ref{head.root, head.root_generation};
  if (ref.slot < slot_count_) {
    const arena::Slot& root = arena_.slot(ref.slot);
    const bool unchanged =
        root.head.generation.load(std::memory_order_acquire) == ref.generation &&
        root.operation.sequence.load(std::memory_order_relaxed) == head.operation_sequence;
    if (!unchanged && read_root(ref, name)) return name.size != 0;
  }
  return read_operation(slot, generation, name) && name.size != 0;
}

bool Producer::operation_of(const ParentFrame& frame, OperationName& name) const noexcept {
  if (frame.slot == nullptr || frame.runtime != number_) return false;
  if (frame.slot->head.generation.load(std::memory_order_acquire) == frame.generation &&
      current_operation(*frame.slot, frame.generation, name)) {
    return true;
  }
  const RootRef root = root_of(frame);
  return root.slot < slot_count_ && read_root(root, name) && name.size != 0;
}

[[gnu::always_inline]] inline void Producer::commit_record(arena::Slot& slot,
                                                           std::uint32_t lane) noexcept {
  const SpanSlot span(slot, slots_, span_limits_);
  model::RecordHead& record = span.record();
  if (has_on_end_ && !keeps_record(slot)) [[unlikely]]
    return;
  // A local root's operation is named as the span itself; the others say what theirs is.
  OperationName operation;
  operation.size = 0;
  constexpr std::uint16_t unnamed = model::record_flag::local_root | model::record_flag::measured;
  if ((record.flags & unnamed) == 0) {
    current_operation(slot, slot.head.generation.load(std::memory_order_relaxed), operation);
  }
  const std::uint32_t image = span.size();
  const std::uint32_t length = image + (operation.size != 0 ? entry_size(operation.size) : 0);
  const arena::Reservation room = reserve(lane, length, (slot.head.flags & slot_flag::failed) != 0);
  if (room.bytes == nullptr) [[unlikely]] {
    refuse_for_room((record.flags & model::record_flag::measured) != 0);
    return;
  }
  record.origin = room.place;
  span.copy_behind_commit(room.bytes + 8);
  if (operation.size != 0) {
    FlatSink sink{room.bytes + image};
    put_text_entry(sink, model::EntryKind::operation_name, operation.view());
  }
  slot.head.end_place.store(room.place, std::memory_order_release);
  lanes_.commit(room, length);
}

void Producer::end_span(arena::Slot& slot, std::optional<TimePoint> time) noexcept {
  model::RecordHead& record = SpanSlot(slot, slots_, span_limits_).record();
  if (time) {
    record.end = wall_ns(*time);
    record.flags |= model::record_flag::end_is_wall;
  } else {
    record.end = now();
  }
  commit_record(slot, lane_hint(lane_count_));
}

void Producer::finish_span(arena::Slot& slot, std::uint16_t flags) noexcept {
  const std::uint32_t lane = lane_hint(lane_count_);
  if ((flags & (SpanAccess::recording | SpanAccess::measured)) != 0) {
    SpanSlot(slot, slots_, span_limits_).record().end = now();
    if ((flags & SpanAccess::unwinding) != 0) {
      const ThreadState* const thread = ThreadState::current();
      if (thread != nullptr && thread->uncaught_exceptions() > flags >> 8) [[unlikely]]
        add_unwinding(slot);
    }
    commit_record(slot, lane);
  }
  const std::uint32_t generation = slot.head.generation.load(std::memory_order_relaxed);
  if ((slot.head.flags & slot_flag::operation_changed) != 0) [[unlikely]] {
    ended_operations_.keep({arena_.slot_index(slot), generation}, slot.operation);
  }
  slot.head.generation.store(generation + 1, std::memory_order_release);
  if (slot.head.next.load(std::memory_order_relaxed) != arena::no_slot) [[unlikely]] {
    SpanSlot(slot, slots_, span_limits_).release_chain(lane);
  }
  slots_.give_back(lane, slot);
}

void Producer::add_unwinding(arena::Slot& slot) noexcept {
  const SpanSlot span(slot, slots_, span_limits_);
  span.add_event("exception",
                 {{"exception.type", "exception"},
                  {"exception.message", "the span was left by an exception"},
                  {"exception.escaped", true}},
                 now(), false);
  slot.head.flags |= slot_flag::failed;
  if (span.record().status == static_cast<std::uint8_t>(StatusCode::unset)) {
    span.record().status = static_cast<std::uint8_t>(StatusCode::error);
  }
}

}  // namespace posthaste::produce
