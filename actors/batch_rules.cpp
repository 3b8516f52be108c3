#include "actors/batch_rules.h"

namespace posthaste::actors {

std::optional<CloseReason> why_close(const BatchRules& rules, const Extent& extent, SteadyTime now,
                                     std::uint64_t flush_up_to, bool pressure) noexcept {
  if (extent.records == 0) return std::nullopt;
  if (extent.items >= rules.most_items) return CloseReason::count;
  if (extent.bytes >= BatchRules::most_bytes) return CloseReason::bytes;
  if (now - extent.seen >= rules.most_age) return CloseReason::age;
  if (extent.begin < flush_up_to) return CloseReason::flush;
  if (pressure) return CloseReason::pressure;
  return std::nullopt;
}

}  // namespace posthaste::actors
