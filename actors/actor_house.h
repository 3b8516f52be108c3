#pragma once

/// The actor system of one pipeline: two pooled threads, CAF's clock and printer, and the
/// storekeeper's own; all with every signal blocked and names that begin with "posthaste.". It
/// starts the supervisor, and watches it as the supervisor watches the others.
///
/// Threads:  made and destroyed by one; the rest from any.
/// Blocking: end() up to its patience.

#include "actors/durable.h"
#include "actors/restart_limit.h"

#include <posthaste/result.h>

#include <chrono>
#include <memory>

namespace posthaste::actors {

class ActorHouse {
public:
  /// Sets `durable->kicks`; then everything runs.
  static Result<std::unique_ptr<ActorHouse>> open(std::shared_ptr<Durable> durable,
                                                  RestartRule rule);
  ~ActorHouse();

  /// A drill: the part's next step throws. Nothing if there is no such part.
  void kill(Role role, std::uint32_t output);

  /// Ends all actors and the system. False: some handler hangs; then all of it stays as it is, for
  /// ever, and so must what it refers to.
  bool end(std::chrono::milliseconds patience);

private:
  struct Rooms;
  explicit ActorHouse(std::shared_ptr<Rooms> rooms);
  std::shared_ptr<Rooms> rooms_;
};

}  // namespace posthaste::actors
