#include "runtime/produce/producer.h"

#include "runtime/produce/entry_writer.h"
#include "runtime/produce/head_sampling.h"
#include "runtime/produce/span_access.h"

#include <algorithm>
#include <exception>
#include <new>

namespace posthaste::produce {
namespace {

std::atomic<Producer*> producers[Producer::most];

std::uint64_t wall_ns(TimePoint time) noexcept {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

Producer* Producer::at(std::uint16_t number) noexcept {
  return number < most ? producers[number].load(std::memory_order_acquire) : nullptr;
}

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
  ingress_.close();
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
  follow_parents_ = setup.follow_parents;
  sample_rate_ = setup.sample_rate;
  span_limits_ = setup.span_limits;
  log_limits_ = setup.log_limits;
  on_start_ = std::move(setup.on_start);
  on_end_ = std::move(setup.on_end);
  has_on_end_ = static_cast<bool>(on_end_);
  scopes_ = std::make_unique<arena::ScopeTable>(arena_);
  loggers_ = std::make_unique<LoggerTable>();
  late_calls_.store(0, std::memory_order_relaxed);
  hook_failures_.store(0, std::memory_order_relaxed);
  ThreadState::reseed_all();
  ingress_.set(Ingress::open);
}

void Producer::close() noexcept {
  ingress_.close();
  lanes_.close_all();
}

Counts<RefusalReason> Producer::refused() const noexcept {
  Counts<RefusalReason> sums;
  if (arena_) {
    for (std::uint32_t number = 0; number <= lane_count_; ++number) {
      for (std::size_t reason = 0; reason < refusal_count; ++reason) {
        sums[static_cast<RefusalReason>(reason)] +=
            arena_.lane(number).refused[reason].load(std::memory_order_relaxed);
      }
    }
  }
  sums[RefusalReason::shutdown] += late_calls_.load(std::memory_order_relaxed);
  return sums;
}

void Producer::refuse(RefusalReason reason) noexcept {
  if ((ingress_.flags() & Ingress::open) == 0) {
    late_calls_.fetch_add(1, std::memory_order_relaxed);  // the arena may be gone
    return;
  }
  arena_.lane(lane_hint(lane_count_))
      .refused[static_cast<std::size_t>(reason)]
      .fetch_add(1, std::memory_order_relaxed);
}

/// Where a new span comes from.
struct Producer::Lineage {
  TraceId trace_id;
  SpanId parent_id;
  std::uint8_t trace_flags = 0;
  bool has_parent = false;
  bool remote = false;
  bool sampled = true;
  double sample_rate = 100;
  arena::Slot* slot = nullptr;  // the parent's, alive, in this runtime; else null
  std::uint32_t generation = 0;
  std::string trace_state;          // empty needs no memory
  std::string_view operation_name;  // when there is no slot to read it from
};

Producer::Lineage Producer::lineage_of(const SpanOptions& options,
                                       ThreadState& thread) const noexcept {
  ParentFrame carried;
  const ParentFrame* parent = thread.top();
  if (options.parent != nullptr) {
    carried = ContextAccess::frame(*options.parent);
    parent = &carried;
  }
  Lineage lineage;
  if (parent == nullptr || !parent->trace_id.is_valid()) {
    lineage.trace_id = thread.ids().trace_id();
    lineage.sampled = keeps(sample_rate_, lineage.trace_id);
    lineage.sample_rate = sample_rate_;
    lineage.trace_flags = 2;  // W3C level 2: the trace id is random
    return lineage;
  }
  lineage.trace_id = parent->trace_id;
  lineage.parent_id = parent->span_id;
  lineage.trace_flags = parent->trace_flags;
  lineage.has_parent = true;
  lineage.remote = parent->remote;
  lineage.sampled = follow_parents_ ? parent->sampled() : keeps(sample_rate_, lineage.trace_id);
  lineage.sample_rate = follow_parents_ ? parent->sample_rate : sample_rate_;
  if (parent->slot != nullptr && parent->runtime == number_ &&
      parent->slot->head.generation.load(std::memory_order_acquire) == parent->generation) {
    lineage.slot = parent->slot;
    lineage.generation = parent->generation;
    if ((parent->slot->head.traits & slot_trait::trace_state) != 0) [[unlikely]] {
      lineage.trace_state =
          SpanSlot(*parent->slot, slots_, span_limits_).trace_state(parent->generation);
    }
  } else if (options.parent != nullptr) {
    lineage.trace_state = options.parent->trace_state();
    lineage.operation_name = options.parent->operation_name();
  } else if (parent->carried != nullptr) {
    if (parent->carried->trace_state != nullptr)
      lineage.trace_state = *parent->carried->trace_state;
    lineage.operation_name = parent->carried->operation_name;
  }
  return lineage;
}

/// The root writes its own name; its descendants remember where the root is, and copy the name.
void Producer::inherit_operation(arena::Slot& slot, const Lineage& lineage,
                                 std::string_view name) noexcept {
  arena::SlotHead& head = slot.head;
  head.root = arena::no_slot;
  head.root_generation = 0;
  head.operation_sequence = 0;
  if (!lineage.has_parent || lineage.remote) {
    write_operation(slot.operation, name);
    return;
  }
  if (lineage.slot == nullptr) {
    write_operation(slot.operation, lineage.operation_name);
    return;
  }
  const arena::SlotHead& parent = lineage.slot->head;
  const bool parent_is_root = parent.root == arena::no_slot;
  head.root = parent_is_root ? arena_.slot_index(*lineage.slot) : parent.root;
  head.root_generation = parent_is_root ? lineage.generation : parent.root_generation;
  OperationName inherited;
  if (read_operation(arena_.slot(head.root), head.root_generation, inherited)) {
    head.operation_sequence = inherited.sequence;
  } else if (!read_operation(*lineage.slot, lineage.generation, inherited)) {
    inherited.size = 0;
  }
  write_operation(slot.operation, inherited.view());
}

SlotHandle Producer::start_span(std::uint16_t scope, std::string_view name,
                                const SpanOptions& options) noexcept {
  if ((ingress_.flags() & Ingress::open) == 0) [[unlikely]] {
    refuse(RefusalReason::shutdown);
    return {};
  }
  ThreadState* const thread = ThreadState::current();
  if (thread == nullptr) [[unlikely]] {
    refuse(RefusalReason::slots_full);
    return {};
  }
  const Lineage lineage = lineage_of(options, *thread);
  if (!lineage.sampled) {
    refuse(RefusalReason::sampled);
    // Beneath an unsampled span of ours, its ids serve as well: no slot, nothing to write.
    if (lineage.slot != nullptr && (lineage.trace_flags & 1) == 0) {
      return {lineage.slot, lineage.generation, 0};
    }
  }
  arena::Slot* const slot = slots_.take(lane_hint(lane_count_));
  if (slot == nullptr) [[unlikely]] {
    if (lineage.sampled) refuse(RefusalReason::slots_full);
    return {};
  }
  const SpanSlot span(*slot, slots_, span_limits_);
  model::RecordHead& record = span.begin();
  record.kind = static_cast<std::uint8_t>(options.kind);
  record.scope = scope;
  record.trace_id = lineage.trace_id;
  record.span_id = thread->ids().span_id();
  record.parent_span_id = lineage.parent_id;
  record.trace_flags =
      static_cast<std::uint8_t>((lineage.trace_flags & ~1u) | (lineage.sampled ? 1u : 0u));
  record.sample_rate = lineage.sample_rate;
  record.flags = static_cast<std::uint16_t>(
      (lineage.remote ? model::record_flag::parent_remote : 0) |
      (!lineage.has_parent || lineage.remote ? model::record_flag::local_root : 0));
  std::uint32_t traits = lineage.sampled ? slot_trait::recording : 0;
  if (!lineage.trace_state.empty() &&
      span.append_text(model::EntryKind::trace_state, lineage.trace_state)) [[unlikely]] {
    traits |= slot_trait::trace_state;
  }
  slot->head.traits = traits;
  inherit_operation(*slot, lineage, name);
  if (lineage.sampled) {
    span.append_text(model::EntryKind::name, name);
    if (options.start_time) {
      record.start = wall_ns(*options.start_time);
      record.flags |= model::record_flag::start_is_wall;
    } else {
      record.start = now();
    }
    for (const Attribute& attribute : options.attributes) {
      span.set_attribute(attribute.key, attribute.value);
    }
    for (const Link& link : options.links) {
      span.add_link(link.context.trace_id(), link.context.span_id(), link.context.trace_flags(),
                    link.context.trace_state(), link.attributes);
    }
  }
  const std::uint32_t generation = slot->head.generation.load(std::memory_order_relaxed) + 1;
  slot->head.generation.store(generation, std::memory_order_release);
  std::uint16_t flags = SpanAccess::owner;
  if (lineage.sampled) {
    flags |= SpanAccess::recording;
    if (options.record_unwinding) {
      const int exceptions = std::min(std::uncaught_exceptions(), 255);
      flags = static_cast<std::uint16_t>(flags | SpanAccess::unwinding | exceptions << 8);
    }
  }
  return {slot, generation, flags};
}

void Producer::run_on_start(Span& span) noexcept {
  if (!on_start_) return;
  try {
    on_start_(span);
  } catch (...) {
    hook_failures_.fetch_add(1, std::memory_order_relaxed);
  }
}

/// False: the callback dropped the span.
bool Producer::run_on_end(arena::Slot& slot) noexcept {
  EndingSpan ending = SpanAccess::ending(&slot, number_);
  try {
    on_end_(ending);
  } catch (...) {
    hook_failures_.fetch_add(1, std::memory_order_relaxed);
  }
  return !SpanAccess::dropped(ending);
}

/// The name that a record carries: the root's, as it is now, or as it was when it was last seen.
bool Producer::current_operation(const arena::Slot& slot, std::uint32_t generation,
                                 OperationName& name) const noexcept {
  const arena::SlotHead& head = slot.head;
  const std::uint32_t root_index = head.root;
  if (root_index < slot_count_) {
    const arena::Slot& root = arena_.slot(root_index);
    const std::uint32_t root_generation = head.root_generation;
    if (root.head.generation.load(std::memory_order_acquire) == root_generation &&
        root.operation.sequence.load(std::memory_order_relaxed) != head.operation_sequence &&
        read_operation(root, root_generation, name)) {
      return name.size != 0;
    }
  }
  return read_operation(slot, generation, name) && name.size != 0;
}

arena::Reservation Producer::reserve(std::uint32_t lane, std::uint32_t length,
                                     bool failure) noexcept {
  arena::Reservation room = lanes_.reserve(lane, length);
  if (room.bytes == nullptr && failure) room = lanes_.reserve(lane_count_, length);
  // The first record of a segment: another one has just filled up.
  if (room.bytes != nullptr && (room.place & 0xffff) == 0) [[unlikely]]
    bell_.ring();
  return room;
}

void Producer::end_span(arena::Slot& slot, std::optional<TimePoint> time, bool unwound) noexcept {
  const SpanSlot span(slot, slots_, span_limits_);
  model::RecordHead& record = span.record();
  if (time) {
    record.end = wall_ns(*time);
    record.flags |= model::record_flag::end_is_wall;
  } else {
    record.end = now();
  }
  if ((ingress_.flags() & Ingress::open) == 0) [[unlikely]] {
    refuse(RefusalReason::shutdown);
    return;
  }
  if (unwound) [[unlikely]] {
    span.add_event("exception",
                   {{"exception.type", "exception"},
                    {"exception.message", "the span was left by an exception"},
                    {"exception.escaped", true}},
                   now(), false);
    slot.head.flags |= slot_flag::failed;
    if (record.status == 0) record.status = static_cast<std::uint8_t>(StatusCode::error);
  }
  if (has_on_end_ && !run_on_end(slot)) {
    refuse(RefusalReason::filtered);
    return;
  }
  OperationName operation;
  const std::uint32_t generation = slot.head.generation.load(std::memory_order_relaxed);
  const bool named = current_operation(slot, generation, operation);
  const std::uint32_t image = span.size();
  const std::uint32_t length = image + (named ? entry_size(operation.size) : 0);
  const std::uint32_t lane = lane_hint(lane_count_);
  const arena::Reservation room = reserve(lane, length, (slot.head.flags & slot_flag::failed) != 0);
  if (room.bytes == nullptr) [[unlikely]] {
    refuse((ingress_.flags() & Ingress::open) == 0 ? RefusalReason::shutdown
                                                   : RefusalReason::arena_full);
    return;
  }
  record.origin = room.place;
  span.copy_behind_commit(room.bytes + 8);
  if (named) {
    FlatSink sink{room.bytes + image};
    put_text_entry(sink, model::EntryKind::operation_name, operation.view());
  }
  slot.head.end_place.store(room.place, std::memory_order_release);
  lanes_.commit(room, length);
}

void Producer::release_slot(arena::Slot& slot) noexcept {
  if ((ingress_.flags() & Ingress::open) == 0) [[unlikely]]
    return;
  const std::uint32_t lane = lane_hint(lane_count_);
  const std::uint32_t generation = slot.head.generation.load(std::memory_order_relaxed);
  slot.head.generation.store(generation + 1, std::memory_order_release);
  const std::uint32_t chain = slot.head.next.load(std::memory_order_relaxed);
  if (chain != arena::no_slot) [[unlikely]]
    SpanSlot(slot, slots_, span_limits_).release_chain(lane);
  slots_.give_back(lane, slot);
}

}  // namespace posthaste::produce
