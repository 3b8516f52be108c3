#pragma once

/// The ingestion load harness: producers on threads of their own record at a rate through the
/// public API, and a report holds what became of every record beside what it cost.
///
/// Threads:  `run_load` blocks its caller until the load is over and telemetry has shut down; it
///           starts the producers. SIGINT and SIGTERM (by `stop`) end the load early, not the
///           report.

#include "tools/load/workload.h"

#include <posthaste/ledger.h>
#include <posthaste/settings.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace posthaste::tools {

struct LoadOptions {
  std::uint32_t threads = 1;
  double rate = 1000;                    // records a second, all threads; 0: no limit
  std::optional<std::uint64_t> records;  // spans and logs, in whole turns
  std::optional<std::chrono::milliseconds> duration;
  Profile profile = Profile::flat;
  std::uint32_t attributes = 4;
  std::uint64_t turns_per_thread = 0;  // then a new thread takes over; 0: never
  std::string ids_path;                // empty: none
  std::chrono::milliseconds linger{};  // at most so long for all to be delivered
  std::chrono::milliseconds shutdown_deadline{5000};
  Settings settings;
};

struct LoadProgress {
  std::uint64_t recorded = 0;
  std::chrono::duration<double> elapsed{};
  Ledger ledger;
};

struct LoadReport {
  std::uint64_t recorded = 0;  // calls made, by the producers' own count
  Ledger ledger;               // after the shutdown
  bool complete = false;       // the shutdown's word for it
  bool measured = false;  // by the profile `metric`: its calls are no records, their points are
  std::uint64_t inconsistent = 0;  // answers that did not add up, or could not be read
  std::uint64_t ids_lost = 0;
  double wall_seconds = 0;  // from the first record to the shutdown's return
  double load_seconds = 0;  // while producers ran
  double shutdown_seconds = 0;
  double cpu_seconds = 0;          // of the process, over wall_seconds
  std::uint64_t rss_at_start = 0;  // bytes, before telemetry was started
  std::uint64_t peak_rss = 0;
  LogLinearHistogram latency;  // ticks
  double tick_nanoseconds = 1;

  /// Each record that was offered has a name in the ledger, for every output.
  bool law_holds() const noexcept;
  /// And every accepted one was delivered or stored.
  bool nothing_lost() const noexcept;
  std::string to_json() const;
};

/// `progress` is called about once a second, `stop` may be set at any time.
Result<LoadReport> run_load(const LoadOptions& options, const std::atomic<bool>& stop,
                            const std::function<void(const LoadProgress&)>& progress);

}  // namespace posthaste::tools
