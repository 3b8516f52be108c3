#pragma once

/// What an answer by item means in records: the ledger counts records, answers count lines. Pure.

#include "actors/judge.h"
#include "runtime/wire/item_map.h"

#include <algorithm>
#include <cstdint>

namespace posthaste::actors {

struct Tally {
  model::SignalCounts delivered = {};  // records of which nothing is outstanding
  model::SignalCounts rejected = {};   // records whose own line was refused
  model::SignalCounts remaining = {};  // records that wait for lines to be sent again
  std::uint32_t side_rejected = 0;     // refused lines beside a record's own
};

/// Of a body that was delivered as a whole, but for items that the service refused without a name:
/// each is a record there.
inline Tally delivered_of(const Judgement& judgement, const model::SignalCounts& records) noexcept {
  Tally sums{.delivered = records};
  std::uint64_t refused = judgement.refused_unnamed;
  for (std::size_t i = 0; i < model::signal_count && refused > 0; ++i) {
    const auto signal = static_cast<model::Signal>(i);
    const std::uint64_t of_these = std::min(refused, sums.delivered[signal]);
    sums.delivered[signal] -= of_these;
    sums.rejected[signal] += of_these;
    refused -= of_these;
  }
  return sums;
}

/// `judgement` is of a body with this map; its `retry` and `rejected` ascend. The sum of the first
/// three is `map.signals()`.
Tally tally(const wire::ItemMap& map, const Judgement& judgement);

}  // namespace posthaste::actors
