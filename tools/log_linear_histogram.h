#pragma once

/// Counts durations in cells whose width grows with the value: 32 to each power of two, so a
/// quantile read back is at most 3 % above the truth. Fixed size, no allocation, 15 KiB.
/// The load harness times calls with it, the emulator the durations that it receives.
///
/// Threads: one. Recording takes a few instructions.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace posthaste::tools {

class LogLinearHistogram {
public:
  void record(std::uint64_t value, std::uint64_t times = 1) noexcept {
    cells_[cell_of(value)] += times;
    count_ += times;
    sum_ += static_cast<double>(value) * static_cast<double>(times);
    most_ = std::max(most_, value);
  }

  void add(const LogLinearHistogram& other) noexcept {
    for (std::size_t i = 0; i < cells_.size(); ++i) cells_[i] += other.cells_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    most_ = std::max(most_, other.most_);
  }

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t most() const noexcept { return most_; }
  double sum() const noexcept { return sum_; }
  double mean() const noexcept { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

  /// The largest value that the cell of the given share (0 to 1) can hold; 0 when empty.
  std::uint64_t quantile(double share) const noexcept {
    if (count_ == 0) return 0;
    const auto rank = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      below += cells_[i];
      if (below >= rank) return std::min(last_of(i), most_);
    }
    return most_;
  }

private:
  static constexpr unsigned bits = 5;
  static constexpr std::size_t parts = 1U << bits;

  static constexpr std::size_t cell_of(std::uint64_t value) noexcept {
    if (value < parts) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - bits - 1;
    return (shift + 1) * parts + ((value >> shift) - parts);
  }
  static constexpr std::uint64_t last_of(std::size_t cell) noexcept {
    if (cell < parts) return cell;
    const std::size_t shift = cell / parts - 1;
    return ((cell % parts + parts + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (65 - bits) * parts> cells_{};
  std::uint64_t count_ = 0;
  std::uint64_t most_ = 0;
  double sum_ = 0;
};

}  // namespace posthaste::tools
