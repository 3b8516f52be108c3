#include "runtime/config/final_fit.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace posthaste::config {

// A batch never fills if fewer items than it holds may wait. The lower precedence gives way; on
// equal terms in code it is a mistake that only its author can mend.
void fit_batch_into_queue(FinalBatch& batch, SettingResolver& resolver) {
  if (batch.max_waiting == 0 || batch.size <= batch.max_waiting) return;
  const Origin size = resolver.origin(SettingId::batch_size);
  const Origin waiting = resolver.origin(SettingId::batch_max_waiting);
  if (size == Origin::code && waiting == Origin::code) {
    resolver.refuse(SettingId::batch_size, std::to_string(batch.size),
                    "is above batch.max_waiting = " + std::to_string(batch.max_waiting) +
                        "; lower it, or raise batch.max_waiting");
  } else if (size == Origin::code) {
    resolver.adapt(SettingId::batch_max_waiting, batch.size, "is below batch.size");
    batch.max_waiting = batch.size;
  } else {
    resolver.adapt(SettingId::batch_size, batch.max_waiting, "is above batch.max_waiting");
    batch.size = batch.max_waiting;
  }
}

// What waits in memory longer than max_age would be too old for the store the moment it gets there.
void fit_export_timeout_into_age(FinalBatch& batch, const FinalStore& store,
                                 SettingResolver& resolver) {
  auto& timeout = batch.export_timeout;
  const auto age = store.max_age;
  if (timeout <= age) return;
  if (resolver.origin(SettingId::batch_export_timeout) == Origin::code) {
    resolver.refuse(SettingId::batch_export_timeout, std::to_string(timeout.count()) + " ms",
                    "is above store.max_age = " + std::to_string(age.count()) +
                        " ms; lower it, or raise store.max_age");
    return;
  }
  resolver.adapt(SettingId::batch_export_timeout, static_cast<std::uint64_t>(age.count()),
                 "is above store.max_age");
  timeout = age;
}

// All outputs together may hold half of the arena, the rest is for what is being recorded; a batch
// on its way takes a segment at least. So: outputs * max_in_flight * 64 KiB <= arena_size / 2.
void fit_flight_into_arena(std::uint32_t& max_in_flight, std::size_t outputs,
                           const FinalArena& arena, SettingResolver& resolver) {
  const std::uint64_t segments = arena.size.count / 2 / FinalArena::segment.count;
  const std::uint64_t most = std::max<std::uint64_t>(1, segments / outputs);
  if (max_in_flight <= most) return;
  if (resolver.origin(SettingId::max_in_flight) == Origin::code) {
    resolver.refuse(SettingId::max_in_flight, std::to_string(max_in_flight),
                    "needs more than half of arena_size = " + std::to_string(arena.size.count) +
                        " bytes for these outputs; at most " + std::to_string(most) +
                        " fit, or raise arena_size");
    return;
  }
  resolver.adapt(SettingId::max_in_flight, most, "needs more than half of arena_size");
  max_in_flight = static_cast<std::uint32_t>(most);
}

}  // namespace posthaste::config
