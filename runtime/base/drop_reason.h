#pragma once

/// Every way in which a record can end other than by delivery. The law of the ledger, for each
/// output o:
///
///   offered = accepted + Σ refused(reason)
///   accepted + recovered(o) =
///       delivered(o) + in_store(o) + resident(o) + for_others(o) + Σ dropped(o, reason)

#include <posthaste/ledger.h>

namespace posthaste {

inline constexpr std::size_t refusal_count = static_cast<std::size_t>(RefusalReason::count_);
inline constexpr std::size_t drop_count = static_cast<std::size_t>(DropReason::count_);

}  // namespace posthaste
