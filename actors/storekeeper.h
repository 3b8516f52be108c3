#pragma once

/// The only owner of the store, and the one part that may wait for a disk: on a thread of its own.
/// It opens the store itself, takes the orders from the desk in groups, each of them one commit of
/// every kind, and takes over what dead processes left.
///
///   desk ─► [storekeeper] ─► LMDB
///              └─► Custody::from_store of each output, then a kick for its transmitter
///
/// Who calls: its shell, detached. Threads: one. Blocking: as long as the disk.
/// Full: the store evicts its oldest, or refuses; then the body stays in the arena (`not_stored`).
///
/// Commit points: the store's own commit, then the results, then the orders leave the desk. A
/// storekeeper that dies in between repeats orders; each may be repeated (store_desk.h).

#include "actors/adopter.h"
#include "actors/durable.h"
#include "actors/part.h"
#include "persistence/store.h"

#include <optional>
#include <vector>

namespace posthaste::actors {

class Storekeeper final : public Part {
public:
  explicit Storekeeper(Durable& durable);
  SteadyTime step(SteadyTime now) override;

private:
  class Busy;
  using Kind = StoreOrder::Kind;
  using Orders = std::vector<StoreOrder*>;

  Result<std::unique_ptr<persistence::Store>> open_unowned() const;
  void open(SteadyTime now);
  void count_what_was_found();
  bool serve_orders(SteadyTime now);
  Result<void> settle(const Orders& orders);
  Result<void> replace(const Orders& orders);
  void append(const Orders& orders);
  void lease(const Orders& orders);
  void refuse(const Orders& orders);
  void tell(std::uint32_t output, StoreResult result);
  void tell_losses();
  void publish_levels();
  void watch_level(SteadyTime now);
  void fail(const Error& error, SteadyTime now);

  Durable& durable_;
  StoreDesk& desk_;
  Adopter adopter_;
  SteadyTime open_at_{};
  SteadyTime maintain_at_{};
  SteadyTime rate_at_{};
  std::uint64_t stored_bytes_ = 0;  // since rate_at_
  double bytes_per_second_ = 0;
  bool half_full_said_ = false;
  std::vector<bool> told_;  // by output: has results that its transmitter was not kicked for
};

}  // namespace posthaste::actors
