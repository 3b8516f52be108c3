#pragma once

/// A time series: one attribute set of one stream, its cells, and what the aggregator knows of it.
///
/// Threads:  made by the first thread that measures it, then read by all; lives as long as its
///           stream, but for series of observable instruments, which are the aggregator's alone.
///           What stands below "aggregator" is touched by the aggregator only.

#include "runtime/metrics/attribute_set.h"
#include "runtime/metrics/cells.h"
#include "runtime/metrics/exemplars.h"

#include <atomic>
#include <cstdint>
#include <memory>

namespace posthaste::metrics {

class Stream;

/// What is summed up for one reader and not sent yet, or (cumulative) ever.
struct HistogramTotals {
  std::uint64_t count = 0;
  double sum = 0;
  double min = 0;
  double max = 0;
  std::uint64_t zeros = 0;
  std::unique_ptr<std::uint64_t[]> buckets;  // explicit
  std::unique_ptr<ExponentialCounts> exponential;
};

struct SeriesReader {
  std::uint64_t reported = 0;  // of `total`, bits
  std::int64_t since = 0;      // start of what is not reported, ns since the epoch
  HistogramTotals histogram;
};

struct Series {
  Series(Stream& owner, std::uint64_t set_hash, AttributeSet attributes) noexcept
      : stream(owner), hash(set_hash), set(attributes) {}

  Stream& stream;
  const std::uint64_t hash;
  const AttributeSet set;
  std::atomic<Cell*> cells{nullptr};   // pushed under the stream's lock
  std::atomic<Cell*> shared{nullptr};  // one of them, for all threads
  std::atomic<std::uint64_t> last{0};  // bits of a gauge's value
  std::atomic<bool> has_last{false};
  std::atomic<std::uint32_t> exemplar_tries{0};  // measurements that may still offer themselves
  std::atomic<ExemplarReservoir*> exemplars{nullptr};  // made when the first one is kept
  Series* next = nullptr;  // in the stream's list; set before it is published

  // aggregator
  std::uint64_t total = 0;        // bits of the sum of all that was taken
  std::uint64_t observed_in = 0;  // collection in which it was last observed
  std::unique_ptr<SeriesReader[]> readers;
};

/// Where a thread looks for the cell of a series first: a byte offset into its table.
inline std::uint32_t front_offset(const Series& series) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(&series);
  const std::uint64_t mixed = static_cast<std::uint64_t>(address) * 0x9e37'79b9'7f4a'7c15;
  return static_cast<std::uint32_t>(mixed >> 56) * 16;
}

}  // namespace posthaste::metrics
