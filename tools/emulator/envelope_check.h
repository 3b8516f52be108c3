#pragma once

/// One telemetry item as the ingestion service judges it: accepted, with the few facts that the
/// emulator keeps of it, or rejected with the status and the words of the real service.
///
/// Threads:  none; pure, no allocation for an item that is accepted.
/// The facts point into the item's text; strings among them are raw (escapes as written).

#include "runtime/base/clock.h"
#include "tools/emulator/envelope_rules.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace posthaste::tools {

struct ItemFacts {
  std::string_view raw;  // the whole item
  ItemType type = ItemType::unknown;
  std::string_view ikey;
  std::string_view time;
  std::string_view operation_id;
  std::string_view operation_name;
  std::string_view parent_id;
  std::string_view id;    // baseData.id, where the type has one
  std::string_view name;  // baseData.name, likewise; of a metric its point's
  double amount = 0;      // a metric's value
  std::chrono::nanoseconds duration{};
  bool success = true;
  double sample_rate = 100;  // percent: the item stands for 100 / sample_rate originals
};

/// Why an item was rejected; status 0 means that it was not.
struct Rejection {
  unsigned status = 0;
  std::string message;
};

/// Fills `facts` as far as it reads, also for an item that is rejected.
Rejection check_envelope(std::string_view item, WallTime now, ItemFacts& facts);

}  // namespace posthaste::tools
