// How a span starts: where it comes from, whether it is kept, and what its slot holds at first.
//
// Each way to start is a function of its own, and the choice between them a jump: what a plain root
// needs none of costs it nothing.

#include "runtime/model/head_sampling.h"
#include "runtime/model/record_times.h"
#include "runtime/produce/lane_hint.h"
#include "runtime/produce/lineage.h"
#include "runtime/produce/measured_kind.h"
#include "runtime/produce/span_access.h"

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace posthaste::produce {

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
    inherit_from_root(slot, lineage, lineage.operation_name);
  } else {
    const bool is_root = !lineage.has_parent || lineage.remote;
    begin_operation(slot.operation, is_root ? name : lineage.operation_name);
  }
}

/// `known`: the name for when no slot tells it.
void Producer::inherit_from_root(arena::Slot& slot, const Child& lineage,
                                 std::string_view known) const noexcept {
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
    begin_operation(slot.operation, known);
    return;
  }
  begin_operation(slot.operation, inherited.view());
}

/// The same for a root that lives and whose name is short.
[[gnu::always_inline]] inline void Producer::inherit_plainly(arena::Slot& slot,
                                                             const Child& child) const noexcept {
  const arena::Slot& root = arena_.slot(child.root.slot);
  if (!inherit_operation(root, child.root.generation, slot)) [[unlikely]]
    return inherit_from_root(slot, child, {});
  slot.head.root = child.root.slot;
  slot.head.root_generation = child.root.generation;
}

static_assert(offsetof(model::RecordHead, type) == 16 && offsetof(model::RecordHead, kind) == 17 &&
              offsetof(model::RecordHead, trace_flags) == 19 &&
              offsetof(model::RecordHead, flags) == 20 && offsetof(model::RecordHead, scope) == 22);

/// An empty record of the lineage, in a slot that nobody sees yet.
[[gnu::always_inline]] inline model::RecordHead& Producer::begin(arena::Slot& slot,
                                                                 const Origin& lineage,
                                                                 std::uint16_t scope, SpanKind kind,
                                                                 SpanId id) const noexcept {
  const SpanSlot span(slot, slots_, span_limits_);
  span.begin(quick_bounds_);
  const unsigned remote = lineage.remote ? model::record_flag::parent_remote : 0;
  const unsigned root = !lineage.has_parent || lineage.remote ? model::record_flag::local_root : 0;
  const unsigned trace_flags = (lineage.trace_flags & ~1u) | (lineage.sampled ? 1u : 0u);
  // All of it, each once, but for what its end sets.
  model::RecordHead& record = span.record();
  const std::uint64_t what = static_cast<std::uint64_t>(model::RecordType::span) |
                             static_cast<std::uint64_t>(kind) << 8 |
                             std::uint64_t{trace_flags} << 24 | std::uint64_t{remote | root} << 32 |
                             std::uint64_t{scope} << 48;
  std::memcpy(&record.type, &what, sizeof what);
  record.trace_id = lineage.trace_id;
  record.span_id = id;
  record.parent_span_id = lineage.parent_id;
  record.start = 0;
  record.end = 0;
  record.sample_rate = lineage.sample_rate;
  record.attributes = 0;
  record.events = 0;
  record.links = 0;
  record.dropped_links = 0;
  record.dropped_attributes = 0;
  record.dropped_events = 0;
  // Others may look on, to count the spans that are open.
  std::atomic_ref(slot.head.traits)
      .store(lineage.sampled ? slot_trait::recording : 0, std::memory_order_relaxed);
  return span.record();
}

/// Four times in the code: for a root that is surely kept and for a child of such, of whose lineage
/// the compiler knows the most, for other roots, and for the rest. Only the rest has options.
template <class From>
[[gnu::always_inline]] inline SpanParts Producer::start(std::string_view name, SpanKind kind,
                                                        bool record_unwinding, std::uint16_t scope,
                                                        const From& lineage, IdSource& ids,
                                                        ThreadState& thread,
                                                        const SpanOptions* options) noexcept {
  constexpr bool new_trace = std::is_same_v<From, Origin>;
  constexpr bool any = std::is_same_v<From, Lineage>;
  std::uint16_t flags = SpanAccess::recording;
  const std::uint32_t lane = thread.lane(lane_count_);
  if (!lineage.sampled) [[unlikely]] {
    count_sampled(lane);
    flags = measures_ ? measured_as(kind) : measured_keys::none;
    // Beneath an unsampled span of ours, its ids serve as well: no slot, nothing to write.
    if constexpr (any) {
      if (flags == 0 && lineage.slot != nullptr && (lineage.trace_flags & 1) == 0) {
        return {lineage.slot, lineage.generation, number_, 0};
      }
    }
  }
  arena::Slot* const slot = take_slot(thread, lane);
  if (slot == nullptr) [[unlikely]]
    return refuse_start(flags, any ? options->parent : nullptr);
  model::RecordHead& record = begin(*slot, lineage, scope, kind, ids.span_id());
  if constexpr (any) {
    slot->head.root = arena::no_slot;
    inherit(*slot, lineage, name);
  } else if constexpr (new_trace) {
    slot->head.root = arena::no_slot;
    begin_operation(slot->operation, name);
  } else {
    inherit_plainly(*slot, lineage);
  }
  if (flags != 0) [[likely]] {
    if (!lineage.sampled) {
      record.flags |= model::record_flag::measured;
    } else if (!SpanSlot::append_text_quickly(*slot, model::EntryKind::name, name)) [[unlikely]] {
      append_long_name(*slot, name);
    }
    if (record_unwinding) {
      const std::uint32_t exceptions = std::min(thread.uncaught_exceptions(), 255u);
      flags = static_cast<std::uint16_t>(flags | SpanAccess::unwinding | exceptions << 8);
    }
    record.start = now();
  }
  flags |= SpanAccess::owner;
  const std::uint32_t generation = slot->head.generation.load(std::memory_order_relaxed) + 1;
  slot->head.generation.store(generation, std::memory_order_release);
  const SpanParts span{slot, generation, number_, flags};
  if constexpr (any) {
    const std::vector<OwnedAttribute>* const added = lineage.sampler_attributes;
    const bool given_more =
        options->attributes.size() + options->links.size() != 0 || options->start_time.has_value();
    if ((given_more || processes_spans_ || added != nullptr) &&
        (flags & (SpanAccess::recording | SpanAccess::measured)) != 0) [[unlikely]] {
      return add_options(span, name, *options, lineage.sampled, added);
    }
  }
  return span;
}

[[gnu::noinline, gnu::cold]] SpanParts Producer::refuse_start(std::uint16_t flags,
                                                              const Context* parent) noexcept {
  if ((flags & SpanAccess::recording) != 0) {
    refuse(RefusalReason::slots_full);
  } else if (flags != 0) {
    unmeasured_.fetch_add(1, std::memory_order_relaxed);
  }
  // The thread's own parent is still current; one that was given by hand is known to nobody else.
  return parent == nullptr ? SpanParts() : SpanAccess::standing_for(parent);
}

[[gnu::noinline, gnu::cold]] void Producer::append_long_name(arena::Slot& slot,
                                                             std::string_view name) noexcept {
  span(slot).append_text(model::EntryKind::name, name);
}

/// What few spans are given at their start. Processors see a span that is only measured as they see
/// the others: what they hide or add, they hide or add there too.
[[gnu::noinline]] SpanParts Producer::add_options(
    const SpanParts& parts, std::string_view name, const SpanOptions& options, bool sampled,
    const std::vector<OwnedAttribute>* sampler_attributes) noexcept {
  Span span = SpanAccess::make(parts);
  const SpanSlot slot = this->span(*SpanAccess::slot(span));
  if (options.start_time) {
    slot.record().start = model::wall_ns(*options.start_time);
    slot.record().flags |= model::record_flag::start_is_wall;
  }
  span.set_attributes(options.attributes);
  if (!sampled) {
    if (processes_spans_) slot.append_text(model::EntryKind::name, name);
  } else {
    for (const Link& link : options.links) {
      slot.add_link(link.context.trace_id(), link.context.span_id(), link.context.trace_flags(),
                    link.context.trace_state(), link.attributes);
    }
    if (sampler_attributes != nullptr) add_sampler_attributes(slot, *sampler_attributes);
  }
  if (processes_spans_) run_on_start(span);
  return SpanAccess::take(span);
}

SpanParts Producer::start_plain(std::string_view name, SpanKind kind, bool record_unwinding,
                                std::uint16_t scope) noexcept {
  // Each goes on with the same arguments, in their registers.
  const ThreadState* const thread = ThreadState::known();
  if (thread == nullptr || (ingress_.flags() & Ingress::open) == 0) [[unlikely]]
    return start_plain_first(name, kind, record_unwinding, scope);
  if (!plain_starts_) [[unlikely]]
    return start_plain_current(name, kind, record_unwinding, scope);
  if (thread->has_top()) return start_child(name, kind, record_unwinding, scope);
  if (!keeps_all_) return start_root(name, kind, record_unwinding, scope);
  return start_kept_root(name, kind, record_unwinding, scope);
}

[[gnu::noinline, gnu::cold]] SpanParts Producer::start_plain_first(std::string_view name,
                                                                   SpanKind kind,
                                                                   bool record_unwinding,
                                                                   std::uint16_t scope) noexcept {
  return start_first(name, {.kind = kind, .record_unwinding = record_unwinding}, scope);
}

[[gnu::noinline]] SpanParts Producer::start_plain_current(std::string_view name, SpanKind kind,
                                                          bool record_unwinding,
                                                          std::uint16_t scope) noexcept {
  ThreadState& thread = *ThreadState::known();
  const SpanOptions options{.kind = kind, .record_unwinding = record_unwinding};
  return start_any(name, options, scope, thread.top(), thread);
}

/// Of the thread's current span. Nearly always that is a kept one of this runtime, and alive.
[[gnu::noinline]] SpanParts Producer::start_child(std::string_view name, SpanKind kind,
                                                  bool record_unwinding,
                                                  std::uint16_t scope) noexcept {
  ThreadState& thread = *ThreadState::known();
  const ParentFrame& parent = *thread.top();
  if (!keeps_children_ || !is_plainly_kept(parent)) [[unlikely]]
    return start_plain_current(name, kind, record_unwinding, scope);
  Child child;
  child.trace_id = parent.trace_id;
  child.parent_id = parent.span_id;
  child.trace_flags = parent.trace_flags;
  child.has_parent = true;
  child.sample_rate = parent.sample_rate;
  child.root = root_of(parent);
  child.slot = parent.slot;
  child.generation = parent.generation;
  return start(name, kind, record_unwinding, scope, child, thread.ids(), thread, nullptr);
}

/// Whether it is a span of this runtime that lives, is kept, and has no trace state to pass on.
[[gnu::always_inline]] inline bool Producer::is_plainly_kept(
    const ParentFrame& frame) const noexcept {
  return frame.runtime == number_ && frame.slot != nullptr &&
         frame.slot->head.generation.load(std::memory_order_acquire) == frame.generation &&
         frame.slot->head.traits == slot_trait::recording;
}

SpanParts Producer::start_span(std::string_view name, const SpanOptions& options,
                               std::uint16_t scope) noexcept {
  ThreadState* const thread = ThreadState::known();
  if (thread == nullptr || (ingress_.flags() & Ingress::open) == 0) [[unlikely]]
    return start_first(name, options, scope);
  if (options.parent != nullptr) return start_beneath(name, options, scope, *thread);
  return start_any(name, options, scope, thread->top(), *thread);
}

/// The parent came by hand.
[[gnu::noinline]] SpanParts Producer::start_beneath(std::string_view name,
                                                    const SpanOptions& options, std::uint16_t scope,
                                                    ThreadState& thread) noexcept {
  const ParentFrame given = ContextAccess::frame(*options.parent);
  return start_any(name, options, scope, &given, thread);
}

/// The thread's first span, or one that comes too late.
[[gnu::noinline, gnu::cold]] SpanParts Producer::start_first(std::string_view name,
                                                             const SpanOptions& options,
                                                             std::uint16_t scope) noexcept {
  const bool is_open = (ingress_.flags() & Ingress::open) != 0;
  if (is_open && ThreadState::current() != nullptr) return start_span(name, options, scope);
  refuse(is_open ? RefusalReason::slots_full : RefusalReason::shutdown);
  return SpanAccess::standing_for(options.parent);
}

[[gnu::noinline]] SpanParts Producer::start_kept_root(std::string_view name, SpanKind kind,
                                                      bool record_unwinding,
                                                      std::uint16_t scope) noexcept {
  ThreadState& thread = *ThreadState::known();
  IdSource& ids = thread.ids();
  Origin trace;
  trace.trace_id = ids.trace_id();
  return start(name, kind, record_unwinding, scope, trace, ids, thread, nullptr);
}

/// The head decision on a new trace.
[[gnu::always_inline]] inline Producer::Decision Producer::decide_root(TraceId trace) noexcept {
  if (number_of_ == nullptr) [[unlikely]]
    return decide_by_rate(trace);
  return {sample_rate_, number_of_(trace) < kept_below_};
}

[[gnu::noinline]] Producer::Decision Producer::decide_by_rate(TraceId trace) noexcept {
  const double rate = rate_of_next();
  return {rate, model::keeps(rate, trace, sampling_hash_)};
}

/// A new trace that may be left out.
[[gnu::noinline]] SpanParts Producer::start_root(std::string_view name, SpanKind kind,
                                                 bool record_unwinding,
                                                 std::uint16_t scope) noexcept {
  ThreadState& thread = *ThreadState::known();
  IdSource& ids = thread.ids();
  Origin trace;
  trace.trace_id = ids.trace_id();
  const Decision decision = decide_root(trace.trace_id);
  trace.sampled = decision.keeps;
  trace.sample_rate = decision.rate;
  const bool measured = measures_ && measured_as(kind) != measured_keys::none;
  if (!trace.sampled && !measured) return leave_out_root(name, trace, ids, thread);
  return start(name, kind, record_unwinding, scope, trace, ids, thread, nullptr);
}

/// Nothing is recorded: a slot for its ids, which go on to other services, and for its name, which
/// logs beneath it carry.
[[gnu::always_inline]] inline SpanParts Producer::leave_out_root(std::string_view name,
                                                                 const Origin& trace, IdSource& ids,
                                                                 ThreadState& thread) noexcept {
  const std::uint32_t lane = thread.lane(lane_count_);
  count_sampled(lane);
  arena::Slot* const slot = take_slot(thread, lane);
  if (slot == nullptr) [[unlikely]]
    return {};
  const SpanSlot span(*slot, slots_, span_limits_);
  span.begin_unrecorded();
  slot->head.root = arena::no_slot;
  model::RecordHead& record = span.record();
  record.trace_flags = trace.trace_flags;  // random, not sampled
  record.trace_id = trace.trace_id;
  record.span_id = ids.span_id();
  record.sample_rate = trace.sample_rate;
  begin_operation(slot->operation, name);
  const std::uint32_t generation = slot->head.generation.load(std::memory_order_relaxed) + 1;
  slot->head.generation.store(generation, std::memory_order_release);
  return {slot, generation, number_, SpanAccess::owner};
}

/// Of any lineage. `parent` may be null, or name nothing.
[[gnu::noinline]] SpanParts Producer::start_any(std::string_view name, const SpanOptions& options,
                                                std::uint16_t scope, const ParentFrame* parent,
                                                ThreadState& thread) noexcept {
  IdSource& ids = thread.ids();
  Lineage lineage;
  if (parent != nullptr && parent->trace_id.is_valid()) {
    follow(lineage, *parent, options.parent, thread);
  } else {
    lineage.trace_id = ids.trace_id();
  }
  if (lineage.undecided && !keeps_all_) {
    decide(lineage, name, options, thread);
  } else if (lineage.undecided) {
    lineage.sample_rate = 100;  // kept in any case, whatever the parent stands for
  }
  return start(name, options.kind, options.record_unwinding, scope, lineage, ids, thread, &options);
}

}  // namespace posthaste::produce
