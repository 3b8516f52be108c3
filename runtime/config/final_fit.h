#pragma once

/// Settings that only make sense together: a batch and its queue, what waits in memory and the
/// store, what is on its way and the arena. Part of finalize(); see final_settings.h.

#include "runtime/config/final_settings.h"
#include "runtime/config/setting_resolver.h"

#include <cstddef>
#include <cstdint>

namespace posthaste::config {

/// Each: of two that contradict each other the one of lower precedence gives way, with a warning; two
/// of code are refused, which `resolver` remembers.
void fit_batch_into_queue(FinalBatch& batch, SettingResolver& resolver);
void fit_export_timeout_into_age(FinalBatch& batch, const FinalStore& store,
                                 SettingResolver& resolver);
void fit_flight_into_arena(std::uint32_t& max_in_flight, std::size_t outputs,
                           const FinalArena& arena, SettingResolver& resolver);

}  // namespace posthaste::config
