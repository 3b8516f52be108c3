#pragma once

/// How a store is opened, and how it says that it is. Filled in by the storekeeper from
/// FinalSettings, which has checked the numbers.
///
/// Threads: none; plain values.

#include <posthaste/result.h>
#include <posthaste/units.h>

#include "persistence/eviction.h"
#include "persistence/retention.h"
#include "runtime/base/boot_clock.h"
#include "runtime/base/clock.h"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace posthaste::persistence {

struct StoreOptions {
  std::string directory;        // absolute; this store's own, not shared with a process
  bool create = true;           // false: only if it is there, e.g. to adopt it
  Bytes cap{50 * 1024 * 1024};  // of Level::charged, all queues
  std::map<QueueId, Bytes> queue_caps;
  std::chrono::nanoseconds max_age = default_max_age;
  const Clock* clock = &system_clock();  // outlives the store
  std::function<BootTime()> boot_time = system_boot_time;
  std::string writer = "posthaste";  // name and version, for whoever looks at the file
};

struct StoreHealth {
  bool usable = false;
  std::optional<Error> last_error;  // of the last trouble, also when it is over
  Bytes cap;   // in force; smaller than asked for under RLIMIT_AS, RLIMIT_FSIZE
  Bytes file;  // what the data file takes, free pages included
};

}  // namespace posthaste::persistence
