#include "runtime/produce/producer.h"

#include "runtime/produce/lane_hint.h"

#include <algorithm>
#include <new>

namespace posthaste::produce {

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
  static std::atomic<std::uint64_t> openings{0};
  opening_.store(openings.fetch_add(1, std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  spare_slots_.store(0, std::memory_order_relaxed);
  const std::uint64_t ns_q32 = std::max<std::uint64_t>(arena_.tick_scale().ns_per_tick_q32, 1);
  ticks_per_second_ =
      static_cast<std::uint64_t>((static_cast<Uint128>(1'000'000'000) << 32) / ns_q32);
  tick_source_ = arena_.header().tick_source;
  open_sampling(setup);
  span_limits_ = setup.span_limits;
  quick_bounds_ = SpanSlot::quick_bounds(span_limits_);
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
  if (ref.slot < slot_count_ && !has_roots_name(slot) && read_root(ref, name)) {
    return name.size != 0;
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

}  // namespace posthaste::produce
