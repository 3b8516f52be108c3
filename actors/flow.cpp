#include "actors/flow.h"

#include <algorithm>

namespace posthaste::actors {

Flow::Flow(std::uint32_t most_in_flight) noexcept
    : most_(std::max(most_in_flight, 1u)), window_(std::min(least_window, most_)) {}

void Flow::succeeded(bool replay, bool bodies_wait) noexcept {
  failures_in_row_ = 0;
  if (outage_ || replay_ == 0) {
    outage_ = false;
    replay_ = 1;
  } else if (replay) {
    replay_ = std::min(replay_ + 1, most_);
  }
  if (bodies_wait) window_ = std::min(window_ + 1, most_);
}

void Flow::failed(SteadyTime now, std::chrono::nanoseconds pause, bool slow_down) noexcept {
  ++failures_in_row_;
  replay_ = 0;
  window_ = std::max(window_ / 2, std::min(least_window, most_));
  const SteadyTime at = now + std::chrono::duration_cast<SteadyTime::duration>(pause);
  if (outage_ && now < probe_at_) {
    // It was on its way when the outage began; only the service's own word moves the probe.
    if (slow_down) probe_at_ = std::max(probe_at_, at);
    return;
  }
  if (!outage_ && !slow_down && failures_in_row_ < failures_to_outage) return;
  pauses_ = next_pause();
  outage_ = true;
  probe_at_ = at;
}

std::uint32_t Flow::live_room(std::uint32_t in_flight) const noexcept {
  if (outage_ || in_flight >= window_) return 0;
  return window_ - in_flight;
}

std::uint32_t Flow::replay_room(std::uint32_t live_in_flight) const noexcept {
  if (outage_ || replay_ == 0) return 0;
  const std::uint32_t left = live_in_flight < most_ ? most_ - live_in_flight : 0;
  return std::max(1u, std::min(replay_, left));
}

}  // namespace posthaste::actors
