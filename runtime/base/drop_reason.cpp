#include "runtime/base/drop_reason.h"

namespace posthaste {

std::string_view to_string(RefusalReason reason) noexcept {
  switch (reason) {
    case RefusalReason::sampled: return "sampled";
    case RefusalReason::filtered: return "filtered";
    case RefusalReason::rate_limited: return "rate_limited";
    case RefusalReason::arena_full: return "arena_full";
    case RefusalReason::slots_full: return "slots_full";
    case RefusalReason::logs_share: return "logs_share";
    case RefusalReason::shutdown: return "shutdown";
    case RefusalReason::count_: break;
  }
  return "unknown";
}

std::string_view to_string(DropReason reason) noexcept {
  switch (reason) {
    case DropReason::not_encodable: return "not_encodable";
    case DropReason::rejected: return "rejected";
    case DropReason::poison: return "poison";
    case DropReason::too_large: return "too_large";
    case DropReason::expired: return "expired";
    case DropReason::evicted_size: return "evicted_size";
    case DropReason::corrupt: return "corrupt";
    case DropReason::store_io: return "store_io";
    case DropReason::lag: return "lag";
    case DropReason::shutdown_deadline: return "shutdown_deadline";
    case DropReason::adoption_limit: return "adoption_limit";
    case DropReason::over_budget: return "over_budget";
    case DropReason::count_: break;
  }
  return "unknown";
}

std::string_view to_string(MeasurementRefusal refusal) noexcept {
  switch (refusal) {
    case MeasurementRefusal::negative: return "negative";
    case MeasurementRefusal::not_finite: return "not_finite";
    case MeasurementRefusal::no_memory: return "no_memory";
    case MeasurementRefusal::contended: return "contended";
    case MeasurementRefusal::late: return "late";
    case MeasurementRefusal::count_: break;
  }
  return "unknown";
}

}  // namespace posthaste
