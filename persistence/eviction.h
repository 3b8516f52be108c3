#pragma once

/// Who leaves when somebody comes: the oldest of the queue that is over its own cap; for the cap of
/// all, the oldest of the queue that holds most, so that an output with a long backlog does not
/// push out the others'. Leased batches stay. Pure; asked by store.cpp before each append.
///
/// Threads: any. Blocking: never.

#include <posthaste/units.h>

#include "persistence/store_index.h"

#include <map>
#include <optional>
#include <vector>

namespace posthaste::persistence {

struct StoreCaps {
  Bytes total;                      // of Level::charged
  std::map<QueueId, Bytes> queues;  // absent: only the total counts

  Bytes of(QueueId queue) const;
};

/// What is to be stored, in Level::charged.
struct Arrival {
  QueueId queue;
  std::uint64_t charge = 0;
};

/// The batches to delete, in the order of deletion; nothing when the arrivals cannot fit.
/// `leaving`, if given, is deleted anyway, and its room is used.
std::optional<std::vector<StoreKey>> plan_eviction(const StoreIndex& index, const StoreCaps& caps,
                                                   const std::vector<Arrival>& arrivals,
                                                   std::optional<StoreKey> leaving = {});

}  // namespace posthaste::persistence
