#pragma once

/// Takes over the batches of a store whose process is gone: open it (create = false), call adopt()
/// until it says `finished`, then Store::remove() it. Called by the storekeeper, at start and now
/// and then.
///
/// Headers stay as they are: origin, creation, attempts. A crash in between is harmless: what was
/// copied and not yet deleted has the same identity and is not stored twice. Nothing of the
/// adopter's own is evicted for it: what has no room goes, the orphan's oldest first, and is
/// counted.
///
/// Threads: that of the stores. Blocking: two commits a call.

#include "persistence/store.h"

#include <cstdint>

namespace posthaste::persistence {

struct Adoption {
  std::uint64_t batches = 0;  // taken over by this call
  std::uint64_t records = 0;
  bool finished = false;  // the orphan is empty, or holds only what somebody has leased
};

/// Moves up to 1 MiB or 32 batches. Losses of `from` are added to those of `into`.
Result<Adoption> adopt(Store& into, Store& from);

}  // namespace posthaste::persistence
