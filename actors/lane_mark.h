#pragma once

/// How far the lanes were written at one moment. A flush takes a mark, and is past it when the
/// sampler has drained everything that was reserved before; what is recorded meanwhile does not
/// hold the flush up.
///
/// Made and asked by the sampler, on its thread. Never blocks; one pass over the descriptors.

#include "runtime/arena/arena.h"

#include <cstdint>
#include <vector>

namespace posthaste::actors {

class LaneMark {
public:
  /// The mark of now.
  explicit LaneMark(const arena::Arena& arena);

  /// Whether all of it is drained. True for ever once true.
  bool reached();

private:
  struct Stretch {
    arena::SegmentIndex segment;
    std::uint32_t epoch;
    std::uint32_t end;
  };
  arena::Arena arena_;
  std::vector<Stretch> open_;
};

}  // namespace posthaste::actors
