#include "runtime/base/clock.h"

namespace posthaste {
namespace {

class SystemClock final : public Clock {
public:
  WallTime wall() const noexcept override { return std::chrono::system_clock::now(); }
  SteadyTime steady() const noexcept override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& system_clock() noexcept {
  static const SystemClock& clock = *new SystemClock;  // leaked: used after static destruction
  return clock;
}

}  // namespace posthaste
