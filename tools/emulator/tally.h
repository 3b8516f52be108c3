#pragma once

/// Counts what the emulator received: the body of GET /control/summary. It is the receiver's own
/// truth, against which a sender's ledger is held.
///
/// Threads: one.
/// Memory:  fixed but for the set of ids, which is bounded by `most_ids`.

#include "tools/emulator/id_set.h"
#include "tools/emulator/track_batch.h"
#include "tools/log_linear_histogram.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace posthaste::tools {

struct TypeTally {
  std::uint64_t received = 0;
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;
  std::uint64_t distinct = 0;    // of the accepted: seen for the first time
  std::uint64_t duplicates = 0;  // of the accepted: seen before
  std::uint64_t untracked = 0;   // of the accepted: the set of ids was full
};

/// The points of one metric.
struct MetricTally {
  std::uint64_t points = 0;
  double sum = 0;   // of their values
  double last = 0;  // value, in the order of arrival
};

class Tally {
public:
  static constexpr std::size_t most_metrics = 1000;  // names; further ones are "(other)"

  explicit Tally(std::size_t most_ids) : ids_(most_ids), most_ids_(most_ids) {}

  /// A request to an ingestion path was read whole; `expanded` is its size without gzip.
  void request(std::uint64_t wire_bytes, std::uint64_t expanded_bytes, std::uint64_t items);
  /// What was answered, or 0 where a fault let no answer out.
  void answered(unsigned status);
  /// A request from which a fault took nothing.
  void faulted() { ++faulted_; }
  void batch(const TrackBatch& batch);
  /// `--bare`: lines were counted, nothing else.
  void lines(std::uint64_t count) { bare_items_ += count; }
  void clear();

  std::uint64_t requests() const noexcept { return wire_bytes_.count(); }
  const TypeTally& of(ItemType type) const { return types_[static_cast<std::size_t>(type)]; }
  TypeTally total() const;

  std::string to_json() const;

private:
  void accept(const ItemFacts& item);
  void add_point(const ItemFacts& item);

  IdSet ids_;
  std::size_t most_ids_;
  std::array<TypeTally, item_type_count> types_{};
  /// By name, escapes as they were written; what was seen before counts once.
  std::map<std::string, MetricTally, std::less<>> metrics_;
  std::map<unsigned, std::uint64_t> answers_;  // by status; at most one entry a status
  LogLinearHistogram wire_bytes_;
  LogLinearHistogram expanded_bytes_;
  LogLinearHistogram items_;
  std::uint64_t faulted_ = 0;
  std::uint64_t bare_items_ = 0;
};

}  // namespace posthaste::tools
