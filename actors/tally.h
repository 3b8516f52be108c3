#pragma once

/// What an answer by item means in records: the ledger counts records, answers count lines. Pure.

#include "actors/judge.h"
#include "runtime/wire/item_map.h"

#include <cstdint>

namespace posthaste::actors {

struct Tally {
  model::SignalCounts delivered = {};  // records of which nothing is outstanding
  model::SignalCounts rejected = {};   // records whose own line was refused
  model::SignalCounts remaining = {};  // records that wait for lines to be sent again
  std::uint32_t side_rejected = 0;     // refused lines beside a record's own
};

/// `judgement` is of a body with this map; its `retry` and `rejected` ascend. The sum of the first
/// three is `map.signals()`.
Tally tally(const wire::ItemMap& map, const Judgement& judgement);

}  // namespace posthaste::actors
