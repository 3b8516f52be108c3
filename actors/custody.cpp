#include "actors/custody.h"

namespace posthaste::actors {

DropReason drop_reason_of(persistence::LossReason reason) noexcept {
  switch (reason) {
    case persistence::LossReason::evicted_size:
    case persistence::LossReason::evicted_no_space: return DropReason::evicted_size;
    case persistence::LossReason::expired: return DropReason::expired;
    case persistence::LossReason::corrupt:
    case persistence::LossReason::quarantined:
    case persistence::LossReason::vanished: break;
  }
  return DropReason::corrupt;
}

Custody::Custody(const arena::Arena& arena_in, std::uint32_t number_in,
                 const config::FinalOutput& output)
    : number(number_in),
      name(output.name),
      queue{output.identity},
      remote(output.is_remote()),
      daily_budget{output.daily_budget, output.over_budget},
      arena(arena_in) {}

void Custody::count_delivered(const model::SignalCounts& records) noexcept {
  head().delivered.fetch_add(records.total(), std::memory_order_relaxed);
  signals.delivered.add(records);
}

void Custody::count_dropped(DropReason reason, const model::SignalCounts& records) noexcept {
  head().dropped[static_cast<std::size_t>(reason)].fetch_add(records.total(),
                                                             std::memory_order_relaxed);
  signals.drop(reason, records);
}

void Custody::set_last_error(std::string text) {
  const std::lock_guard lock(error_mutex_);
  last_error_ = std::move(text);
}

std::string Custody::last_error() const {
  const std::lock_guard lock(error_mutex_);
  return last_error_;
}

bool Custody::settled_up_to(std::uint64_t position) const noexcept {
  if (head().encoded_up_to.load(std::memory_order_acquire) < position) return false;
  for (std::uint32_t i = 0; i < arena::bodies_per_output; ++i) {
    const arena::BodyEntry& entry = arena.body(number, i);
    const arena::BodyState state = entry.state.load(std::memory_order_acquire);
    if (state == arena::BodyState::free || state == arena::BodyState::filling) continue;
    // An entry that is settled and filled anew meanwhile holds later records: it does not matter
    // which of its extents is read here.
    if (std::atomic_ref(const_cast<std::uint64_t&>(entry.extent_begin))
            .load(std::memory_order_relaxed) < position) {
      return false;
    }
  }
  return true;
}

std::uint64_t Custody::held_bytes() const noexcept {
  const std::uint64_t tail = arena.header().log_tail.load(std::memory_order_relaxed);
  const std::uint64_t encoded = head().encoded_up_to.load(std::memory_order_relaxed);
  std::uint64_t sum = tail > encoded ? tail - encoded : 0;
  for (std::uint32_t i = 0; i < arena::bodies_per_output; ++i) {
    const arena::BodyEntry& entry = arena.body(number, i);
    const arena::BodyState state = entry.state.load(std::memory_order_acquire);
    if (state == arena::BodyState::free || state == arena::BodyState::filling) continue;
    sum += entry.body_size + entry.map_size;
  }
  return sum;
}

std::uint32_t Custody::live_bodies() const noexcept {
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < arena::bodies_per_output; ++i) {
    const arena::BodyState state = arena.body(number, i).state.load(std::memory_order_relaxed);
    if (state == arena::BodyState::ready || state == arena::BodyState::in_flight) ++sum;
  }
  return sum;
}

}  // namespace posthaste::actors
