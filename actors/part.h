#pragma once

/// What an actor does, without the actor: every part of the pipeline that acts (sampler, batchers,
/// transmitters, storekeeper ...) is a Part, a plain object that a test can step by hand. The shell
/// around it (part_shell.h) is the same for all: it steps the part on each kick and tick.
///
/// A part owns nothing that its death could lose: what it moves lies in the arena, in the store or
/// in a Custody, and each header says which of its stores are commit points and in which order. So
/// a part may be destroyed between any two steps, or by an exception inside of one before its
/// commit, and a new one made from the same arguments goes on.
///
/// Threads:  one at a time, the shell's worker; the storekeeper's own thread.
/// Blocking: no longer than about 1 ms a step; the storekeeper alone may wait for its disk.

#include "runtime/base/clock.h"

#include <cstdint>

namespace posthaste::actors {

/// Who can be kicked, killed in a drill, and restarted.
enum class Role : std::uint8_t {
  supervisor,
  sampler,
  storekeeper,
  batcher,       // one per output with an endpoint
  transmitter,   // likewise
  local_output,  // one per output without
  aggregator,    // one per meter; `output` is the meter's number
};

/// Tells a part that something may have changed. A kick carries nothing and may be lost, doubled or
/// late: all that is to be done can be seen in what the parts share.
/// Any thread; never blocks for longer than a short mutex; to nobody it does nothing.
class Kicks {
public:
  virtual ~Kicks() = default;
  virtual void kick(Role role, std::uint32_t output = 0) noexcept = 0;
};

class Part {
public:
  Part() = default;
  virtual ~Part() = default;
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  /// Looks at everything that may have changed, and acts. Returns when it wants to be stepped again
  /// though nobody kicks it: `now` or earlier means right away, SteadyTime::max() never.
  virtual SteadyTime step(SteadyTime now) = 0;
};

inline constexpr SteadyTime only_when_kicked = SteadyTime::max();

}  // namespace posthaste::actors
