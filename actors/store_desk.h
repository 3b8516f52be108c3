#pragma once

/// What the storekeeper is asked to do, and what it says of itself: the desk between the
/// transmitters and the one thread that may wait for a disk. An order stays on the desk until its
/// result lies in the output's custody, so a storekeeper that dies repeats it, and every order may
/// be repeated: the same body is stored once (its identity decides), settling twice is settling
/// once.
///
///   transmitters, adopter ─ put ─► [orders] ─► storekeeper ─► Custody::from_store
///
/// Threads:  put and the levels from any; the rest from the storekeeper.
/// Blocking: a short mutex. Full: bounded by bodies and leases, which are bounded themselves; of
///           its bodies a transmitter gives away no more at a time than it can spare (transmitter.h).

#include "actors/heap_body.h"
#include "actors/inbox.h"
#include "persistence/batch.h"
#include "persistence/store.h"
#include "runtime/base/clock.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace posthaste::actors {

struct StoreOrder {
  enum class Kind : std::uint8_t {
    append,   // the body of a table entry
    lease,    // the oldest batch that nobody has
    settle,   // the batch is delivered or dropped
    release,  // it will be sent again later
    replace,  // it is delivered in part; `remains` is what is left
  };
  Kind kind{};
  std::uint32_t output = 0;
  std::uint32_t entry = 0;  // append
  std::uint64_t batch = 0;  // append: the entry's batch, so that a reused entry is not mistaken
  persistence::StoreKey key{};
  bool counts = false;                   // release: the attempt counts against the batch
  persistence::BatchHeader header = {};  // replace: of the batch
  HeapBody remains = {};                 // replace
};

/// What became of an order, or of stored batches without one.
struct StoreResult {
  enum class Kind : std::uint8_t {
    stored,
    not_stored,  // the disk or the cap refuses; the body is where it was
    leased,
    nothing_to_lease,
    lost,  // evicted, expired, damaged
  };
  Kind kind{};
  std::uint32_t entry = 0;
  std::uint64_t batch = 0;
  std::shared_ptr<const persistence::StoredBatch> lease = {};
  persistence::Loss loss = {};
};

enum class StoreState : std::uint8_t {
  none,     // storage is switched off
  opening,  // orders are kept until it is known
  open,
  failed,  // orders to append are refused at once; opened again every 30 s
};

struct StoreDesk {
  static constexpr std::chrono::seconds patience_with_disk{5};

  std::atomic<StoreState> state{StoreState::none};
  std::atomic<SteadyTime> busy_since{SteadyTime::max()};  // max: the storekeeper waits for nothing
  Inbox<StoreOrder> orders;

  // the storekeeper's alone, kept over its deaths: so its leases live on
  std::unique_ptr<persistence::Store> store;
  bool opened_once = false;

  /// Whether bodies can be given away at all.
  bool usable() const noexcept {
    const StoreState now = state.load(std::memory_order_relaxed);
    return now == StoreState::open || now == StoreState::opening;
  }
  /// For how long the disk has not answered, if it should have.
  std::optional<std::chrono::seconds> hangs_for(SteadyTime now) const noexcept {
    const SteadyTime since = busy_since.load(std::memory_order_relaxed);
    if (now - std::min(since, now) < patience_with_disk) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::seconds>(now - since);
  }
};

}  // namespace posthaste::actors
