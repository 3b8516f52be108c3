#include "actors/flow.h"

#include <algorithm>

namespace posthaste::actors {

Flow::Flow(std::uint32_t most_in_flight) noexcept
    : most_(std::max(most_in_flight, 1u)), window_(std::min(least_window, most_)) {}

void Flow::succeeded(bool replay, bool bodies_wait, SteadyTime begun) noexcept {
  failures_in_row_ = 0;
  last_success_ = std::max(last_success_, begun);
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
  if (!outage_) outage_since_ = now;
  pauses_ = next_pause();
  outage_ = true;
  probe_at_ = at;
}

std::chrono::nanoseconds Flow::longest_pause(SteadyTime now) const noexcept {
  constexpr std::chrono::nanoseconds least = std::chrono::seconds{1};
  return outage_ ? std::max(least, std::chrono::nanoseconds{now - outage_since_} / 2) : least;
}

std::uint32_t Flow::hanging(std::span<const SteadyTime> begun, SteadyTime now) const noexcept {
  return static_cast<std::uint32_t>(std::count_if(begun.begin(), begun.end(), [&](SteadyTime at) {
    return at < last_success_ && now - at >= patience;
  }));
}

std::uint32_t Flow::live_room(std::span<const SteadyTime> begun, SteadyTime now) const noexcept {
  // However long they hang: each of them is a batch that may arrive twice.
  if (outage_ || begun.size() >= 2 * std::size_t{most_}) return 0;
  const auto count = static_cast<std::uint32_t>(begun.size());
  const std::uint32_t in_flight = count - hanging(begun, now);
  if (in_flight < window_) return std::min(window_ - in_flight, 2 * most_ - count);
  return now - begun.back() >= patience ? 1 : 0;
}

std::uint32_t Flow::replay_room(std::uint32_t live_in_flight) const noexcept {
  if (outage_ || replay_ == 0) return 0;
  const std::uint32_t left = live_in_flight < most_ ? most_ - live_in_flight : 0;
  return std::max(1u, std::min(replay_, left));
}

}  // namespace posthaste::actors
