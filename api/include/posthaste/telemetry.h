#pragma once

/// The runtime: takes what the application records, and delivers it.
///
///   auto telemetry = posthaste::start({.service_name = "orders"});
///   auto tracer = telemetry.tracer("checkout");
///
/// Threads:  everything may be called from any thread; a Telemetry is moved and destroyed by one.
/// Blocking: start() a few milliseconds; flush and shutdown up to their deadline; nothing else.
/// Errors:   none is thrown. What is wrong with the settings is said by create(), or by start() in
///           one line and by why_not().
/// Several:  at most 63 Telemetry objects live side by side at once; they share nothing.
///
/// After fork() the child's calls do nothing; the parent is not affected. docs/guarantees.md has the
/// promises, with their bounds.

#include <posthaste/diagnostics.h>
#include <posthaste/export.h>
#include <posthaste/ledger.h>
#include <posthaste/logger.h>
#include <posthaste/meter.h>
#include <posthaste/result.h>
#include <posthaste/settings.h>
#include <posthaste/tracer.h>
#include <posthaste/units.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste {

/// How a flush or a shutdown ended.
struct POSTHASTE_API FlushReport {
  /// Everything accepted before the call was delivered, stored, or dropped with a reason in time.
  bool complete = false;
  Ledger ledger;  // as it stood then

  /// Sums over the outputs.
  std::uint64_t delivered() const noexcept;
  std::uint64_t stored() const noexcept;
  std::uint64_t resident() const noexcept;
  std::uint64_t dropped() const noexcept;
  /// The last error of any output; empty if there was none.
  std::string_view last_error() const noexcept;
};

/// How one output does.
struct OutputHealth {
  std::string name;
  std::uint64_t waiting = 0;  // records in memory, not encoded yet
  std::uint32_t batches_waiting = 0;
  std::uint32_t batches_in_flight = 0;
  std::uint64_t store_batches = 0;
  std::uint64_t store_bytes = 0;
  /// Until the store is full at the rate of the last minute; empty while nothing is stored.
  std::optional<std::chrono::seconds> store_lasts;
  /// What counts against AzureMonitor::daily_budget, as of the last batch.
  Bytes encoded_today;
  /// The cursor: how much of what the runtime recorded it has encoded, and how much not yet.
  Bytes encoded_up_to;
  Bytes behind;
  double delivered_per_second = 0;  // records, over the last minute
  RequestStatistics requests;
  std::string last_error;
};

/// How metrics do.
struct MetricHealth {
  Counts<MeasurementRefusal> refused;  // measurements that were not taken
  /// Measurements beyond the limit of attribute sets or of memory: in sums under
  /// otel.metric.overflow, without their attributes.
  std::uint64_t overflowed = 0;
  std::uint64_t callback_failures = 0;  // observing callbacks that threw or did not return in time
  Bytes memory;                         // used by series and cells, of MetricSettings::memory
};

struct Health {
  std::string state;            // "running", "stopping", "stopped", "off: <why>"
  std::string flight_recorder;  // "on (<path>)", "off (<reason>)"
  std::string tick_source;
  std::string compression;
  std::uint64_t arena_bytes = 0;
  std::uint64_t arena_free_bytes = 0;
  std::uint32_t restarts = 0;                // of actors, after failures
  std::uint64_t callback_failures = 0;       // exceptions of samplers, processors, `done`
  std::uint64_t diagnostics_suppressed = 0;  // never shown in a line of their own
  std::uint64_t handler_failures = 0;        // exceptions that Settings::diagnostics threw
  std::uint64_t unmeasured = 0;  // not sampled, and not in the standard metrics: no room
  MetricHealth metrics;
  std::vector<OutputHealth> outputs;
};

/// All that a Telemetry knows of itself.
struct Diagnostics {
  Health health;
  Ledger ledger;
};

class POSTHASTE_API Telemetry {
public:
  /// Records nothing.
  Telemetry() noexcept;
  Telemetry(Telemetry&&) noexcept;
  /// Stops the one that it held before, as the destructor does.
  Telemetry& operator=(Telemetry&&) noexcept;
  /// Shuts down within `shutdown_deadline` of the settings.
  ~Telemetry();

  /// Starts a runtime, or says in one line what is wrong.
  [[nodiscard]] static Result<Telemetry> create(Settings settings) noexcept;

  /// Whether it records; `why_not` tells why it does not, and is empty while it does.
  [[nodiscard]] bool is_running() const noexcept;
  [[nodiscard]] std::string why_not() const;

  /// The instrumentation scope's name is that of the part of the program that records. Not of a
  /// temporary, as in `start().tracer("x")`: it would be shut down before anything is recorded.
  [[nodiscard]] Tracer tracer(std::string_view name, std::string_view version = {}) const& noexcept;
  [[nodiscard]] Logger logger(std::string_view name, std::string_view version = {}) const& noexcept;
  [[nodiscard]] Meter meter(std::string_view name, std::string_view version = {}) const& noexcept;
  Tracer tracer(std::string_view name, std::string_view version = {}) const&& = delete;
  Logger logger(std::string_view name, std::string_view version = {}) const&& = delete;
  Meter meter(std::string_view name, std::string_view version = {}) const&& = delete;

  /// Of the settings, also where it records nothing because it is disabled.
  [[nodiscard]] Propagators propagators() const noexcept;

  /// Sends what was accepted before this call. What the outputs do not take goes to the store.
  FlushReport flush(std::chrono::milliseconds deadline) noexcept;
  /// The same without waiting: `done` is called once, on a thread of Posthaste's. It may be empty;
  /// what it throws is counted (`Health::callback_failures`).
  void flush(std::chrono::milliseconds deadline,
             std::function<void(const FlushReport&)> done) noexcept;

  /// Stops for good: nothing more is accepted; delivers until the deadline, then stores what is
  /// left. Returns by `deadline` + 200 ms whatever the network or the disk does. Later calls report
  /// again.
  FlushReport shutdown(std::chrono::milliseconds deadline) noexcept;
  void shutdown(std::chrono::milliseconds deadline,
                std::function<void(const FlushReport&)> done) noexcept;
  /// Asks for a shutdown with the settings' deadline, without waiting. Async-signal-safe.
  void request_shutdown() noexcept;

  /// The account of every record so far.
  [[nodiscard]] Ledger ledger() const;
  [[nodiscard]] Health health() const;
  /// Both, one after the other: while records move they need not agree to the last one.
  [[nodiscard]] Diagnostics diagnostics() const;

private:
  class Impl;
  explicit Telemetry(std::shared_ptr<Impl> impl) noexcept;
  friend POSTHASTE_API Telemetry start(Settings settings) noexcept;

  std::shared_ptr<Impl> impl_;
};

/// Never fails: where settings are wrong or the system refuses, one line goes to the diagnostics
/// handler, and the Telemetry records nothing and can tell why. Keep what it returns: it stops when
/// that is destroyed.
[[nodiscard]] POSTHASTE_API Telemetry start(Settings settings = {}) noexcept;

}  // namespace posthaste
