#include "actors/flush_board.h"

#include <algorithm>

namespace posthaste::actors {

void FlushBoard::add(SteadyTime deadline, Done done) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = asked_.load(std::memory_order_relaxed) + 1;
  flushes_.push_back({number, deadline, std::move(done), std::nullopt});
  asked_.store(number, std::memory_order_release);
}

void FlushBoard::intake_reached(std::uint64_t asked, std::uint64_t position) noexcept {
  const std::lock_guard lock(mutex_);
  for (Flush& flush : flushes_) {
    if (flush.number <= asked && !flush.position) flush.position = position;
  }
  close_.store(std::max(position, close_.load(std::memory_order_relaxed)),
               std::memory_order_release);
  done_.store(asked, std::memory_order_release);
}

std::vector<FlushBoard::Ended> FlushBoard::due(SteadyTime now, const SettledUpTo& settled) {
  const std::lock_guard lock(mutex_);
  std::vector<Ended> ended;
  ended.reserve(flushes_.size());
  std::erase_if(flushes_, [&](Flush& flush) {
    const bool complete = flush.position && settled(*flush.position);
    if (!complete && now < flush.deadline) return false;
    ended.push_back({std::move(flush.done), complete});
    return true;
  });
  return ended;
}

bool FlushBoard::empty() const noexcept {
  const std::lock_guard lock(mutex_);
  return flushes_.empty();
}

}  // namespace posthaste::actors
