#pragma once

/// What Posthaste says about itself: one line for a person each time something needs attention.
/// Nothing here is about the application's own telemetry. And what it counts about its requests.
///
/// Threads:  the handler runs on one of Posthaste's own threads, or inside start(); never inside a
///           call that records telemetry. One call at a time.
/// Blocking: a handler should be quick; while it runs, further diagnostics wait (at most 64, then
///           they are only counted), telemetry does not.

#include <posthaste/export.h>
#include <posthaste/severity.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste {

/// What a diagnostic is about. The numbers are stable: they never change and are never used again.
/// docs/troubleshooting.md says more about each.
enum class DiagnosticCode : std::uint16_t {
  // settings
  setting_refused = 100,
  environment_ignored = 101,
  no_output = 102,
  telemetry_disabled = 103,
  connection_string_refused = 104,
  no_store_directory = 105,
  directory_ignored = 106,
  setting_adapted = 107,
  directory_shared = 108,
  vm_metadata = 109,
  file_ignored = 110,
  // arena
  flight_recorder = 200,
  records_refused = 201,
  orphan_adopted = 202,
  orphan_left = 203,
  // delivery
  delivery_failing = 300,
  delivery_recovered = 301,
  items_rejected = 302,
  redirect_refused = 303,
  certificate_rejected = 304,
  records_dropped = 305,
  budget_reached = 306,
  // store
  store_unavailable = 400,
  store_damaged = 401,
  store_filling = 402,
  store_evicting = 403,
  store_expired = 404,
  // life cycle
  part_restarted = 500,
  restart_limit = 501,
  shutdown_incomplete = 502,
  callback_failed = 503,
  log_file_failing = 504,
  // metrics
  instrument_refused = 600,
  instrument_conflict = 601,
  series_overflow = 602,
  observation_failed = 603,
  host_unreadable = 604,
  // inside
  internal_defect = 900,
};

/// Its name as users meet it, e.g. "PH-SET-101"; "PH-UNKNOWN" for other numbers.
POSTHASTE_API std::string_view to_string(DiagnosticCode code) noexcept;

struct Diagnostic {
  Severity severity = Severity::info;
  DiagnosticCode code = DiagnosticCode::internal_defect;
  std::string message;           // one line of valid UTF-8, at most 1 KiB; never holds a secret
  bool first = true;             // of this code, in this Telemetry
  std::uint64_t suppressed = 0;  // of this code, since the one shown before
};

/// Called with each diagnostic; those of the same code at most once in 30 s (diagnostics of
/// settings excepted). An exception that it throws is caught and counted. Empty: one line on
/// stderr, "posthaste: ...", left out rather than waited for when stderr does not take it.
using DiagnosticsHandler = std::function<void(const Diagnostic&)>;

/// Requests whose answer had that HTTP status; 0: statuses that found no place of their own (24 of
/// a kind are told apart).
struct StatusCount {
  int status = 0;
  std::uint64_t requests = 0;
};

/// Requests without an answer, by the name of the ErrorCode: "connect_failed".
struct ExceptionCount {
  std::string kind;
  std::uint64_t requests = 0;
};

/// What became of the requests of one output since the start: the measures that Azure Monitor's
/// exporters send to Microsoft as Statsbeat. Posthaste sends them to nobody; with
/// MetricSettings::self_metrics they go to your own resource. Counts of requests, each answer once;
/// a batch that is sent again is another request.
struct RequestStatistics {
  std::uint64_t succeeded = 0;             // all of it, or some items, were taken
  std::uint64_t inconsistent = 0;          // of these: the answer did not add up, or was unreadable
  std::vector<StatusCount> failed;         // refused for good, or too large as it was
  std::vector<StatusCount> retried;        // to be sent again
  std::vector<StatusCount> throttled;      // 402, 429, 439: to be sent again, later
  std::vector<ExceptionCount> exceptions;  // no answer
  /// Of `succeeded` and `failed`, until the answer; zero: none yet.
  std::chrono::nanoseconds average_duration{};
  /// Requests that carried nothing but self-metrics; in none of the counts above.
  std::uint64_t of_self_metrics = 0;
  std::uint64_t store_read_failures = 0;   // batches
  std::uint64_t store_write_failures = 0;  // batches, each attempt
};

}  // namespace posthaste
