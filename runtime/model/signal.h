#pragma once

/// What a record belongs to, for accounts that tell the signals apart: spans, logs, metric points,
/// and the points that Posthaste writes about itself, which are counted apart from all others, so
/// that what they count does not grow by their being sent.
///
/// Threads: values.

#include "runtime/model/record.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace posthaste::model {

enum class Signal : std::uint8_t {
  unknown = 0,  // of a batch that does not say: it was stored by an earlier version, or is gone
  span = 1,
  log = 2,
  metric_point = 3,
  self_metric = 4,
};
inline constexpr std::size_t signal_count = 5;

inline Signal signal_of(const RecordHead& record) noexcept {
  switch (record.type) {
    case RecordType::span: return Signal::span;
    case RecordType::log: return Signal::log;
    case RecordType::metric_point:
      return (record.flags & record_flag::self_metric) != 0 ? Signal::self_metric
                                                            : Signal::metric_point;
  }
  return Signal::unknown;
}

/// Records by signal.
class SignalCounts {
public:
  constexpr SignalCounts() = default;
  static constexpr SignalCounts of(Signal signal, std::uint64_t records) noexcept {
    SignalCounts counts;
    counts[signal] = records;
    return counts;
  }

  constexpr std::uint64_t& operator[](Signal signal) noexcept {
    return counts_[static_cast<std::size_t>(signal)];
  }
  constexpr std::uint64_t operator[](Signal signal) const noexcept {
    return counts_[static_cast<std::size_t>(signal)];
  }
  constexpr SignalCounts& operator+=(const SignalCounts& other) noexcept {
    for (std::size_t i = 0; i < signal_count; ++i) counts_[i] += other.counts_[i];
    return *this;
  }
  friend constexpr SignalCounts operator+(SignalCounts a, const SignalCounts& b) noexcept {
    return a += b;
  }
  constexpr std::uint64_t total() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) sum += count;
    return sum;
  }
  /// Whether there are records, and all of them are Posthaste's own.
  constexpr bool all_own() const noexcept {
    return total() > 0 && (*this)[Signal::self_metric] == total();
  }
  friend constexpr bool operator==(const SignalCounts&, const SignalCounts&) = default;

private:
  std::array<std::uint64_t, signal_count> counts_{};
};

}  // namespace posthaste::model
