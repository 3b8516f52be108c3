#include "actors/restart_limit.h"

namespace posthaste::actors {

bool RestartLimit::allow(SteadyTime now) {
  if (reached_) return false;
  while (!recent_.empty() && now - recent_.front() >= rule_.within) recent_.pop_front();
  if (recent_.size() >= rule_.most) {
    reached_ = true;
    return false;
  }
  recent_.push_back(now);
  ++restarts_;
  return true;
}

}  // namespace posthaste::actors
