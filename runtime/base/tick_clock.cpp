#include "runtime/base/tick_clock.h"

#include <time.h>

#include <algorithm>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace posthaste {
namespace {

std::int64_t read_ns(clockid_t id) noexcept {
  timespec now{};
  clock_gettime(id, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

bool invariant_counter() noexcept {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(0x80000007, &a, &b, &c, &d) == 0) return false;
  return (d & (1u << 8)) != 0;
#else
  return false;
#endif
}

/// Both clocks at nearly one moment: of several tries the one that took least.
struct Anchor {
  std::uint64_t tick;
  std::int64_t monotonic_ns;
  std::int64_t wall_ns;
};

Anchor read_anchor(TickSource source) noexcept {
  Anchor best{};
  std::uint64_t best_width = UINT64_MAX;
  for (int i = 0; i < 8; ++i) {
    const std::uint64_t before = read_ticks(source);
    const std::int64_t monotonic = read_ns(CLOCK_MONOTONIC);
    const std::int64_t wall = read_ns(CLOCK_REALTIME);
    const std::uint64_t after = read_ticks(source);
    if (after - before >= best_width) continue;
    best_width = after - before;
    best = {before + (after - before) / 2, monotonic, wall};
  }
  return best;
}

std::uint64_t scale_between(const Anchor& from, const Anchor& to) noexcept {
  const auto ns = static_cast<Uint128>(to.monotonic_ns - from.monotonic_ns);
  const std::uint64_t ticks = std::max<std::uint64_t>(to.tick - from.tick, 1);
  return static_cast<std::uint64_t>((ns << 32) / ticks);
}

struct Origin {
  TickSource source = tick_source();
  Anchor anchor = read_anchor(source);
  std::uint64_t first_scale = measure();

  std::uint64_t measure() const noexcept {
    if (source == TickSource::monotonic_clock) return std::uint64_t{1} << 32;
    const std::int64_t until = anchor.monotonic_ns + 2'000'000;
    while (read_ns(CLOCK_MONOTONIC) < until) {
    }
    return scale_between(anchor, read_anchor(source));
  }
};

const Origin& origin() {
  static const Origin& value = *new Origin;  // leaked: used after static destruction
  return value;
}

}  // namespace

TickSource tick_source() noexcept {
  static const TickSource source =
      invariant_counter() ? TickSource::time_stamp_counter : TickSource::monotonic_clock;
  return source;
}

std::uint64_t read_monotonic_ticks() noexcept {
  return static_cast<std::uint64_t>(read_ns(CLOCK_MONOTONIC));
}

TickScale TickCalibration::first() {
  const Origin& from = origin();
  return {from.anchor.tick, from.anchor.wall_ns, from.first_scale};
}

TickScale TickCalibration::refreshed() {
  const Origin& from = origin();
  const Anchor now = read_anchor(from.source);
  const bool exact = now.monotonic_ns - from.anchor.monotonic_ns > 100'000'000;
  const std::uint64_t scale = from.source == TickSource::monotonic_clock || !exact
                                  ? from.first_scale
                                  : scale_between(from.anchor, now);
  return {now.tick, now.wall_ns, scale};
}

}  // namespace posthaste
