#pragma once

/// What a producer of `posthaste load` records in one turn: spans and logs through the public API,
/// as an application would. Everything that can be prepared is, so that a turn allocates nothing.
///
///   flat      1 span, a server's without parent
///   request   3 spans: a server's, an HTTP call and a database query below it
///   log       1 log record without a span
///   mixed     a request with 1 log record in it
///   metric    1 measurement: a counter with three attributes, one of 100 sets; a histogram bound to
///             one; they become points, which are records, only when they are collected
///
/// Every fiftieth request fails: an exception is recorded and the span has status error.
///
/// Threads: a Workload belongs to one producer.

#include "tools/load/id_file.h"
#include "tools/load/tick_counter.h"
#include "tools/log_linear_histogram.h"

#include <posthaste/telemetry.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::tools {

enum class Profile : std::uint8_t { flat, request, log, mixed, metric };

std::optional<Profile> profile_of(std::string_view name) noexcept;
/// Spans and logs of one turn; of `metric` measurements.
std::uint32_t records_in(Profile profile) noexcept;

class Workload {
public:
  /// `attributes` more on each record. `ids` may be null.
  Workload(const Telemetry& telemetry, Profile profile, std::uint32_t attributes, IdFile* ids);

  void turn();

  std::uint64_t records() const noexcept { return records_; }
  /// In ticks: a span without children from its start until `end()` returned, of one with children
  /// its last part (attributes and `end()`), a log's `emit`.
  const LogLinearHistogram& latency() const noexcept { return latency_; }

private:
  void flat();
  void request(bool with_log);
  void child(std::string_view name, Attributes own);
  void log();
  void measure();
  void end(Span& span, std::uint64_t began);

  Tracer tracer_;
  Logger logger_;
  Counter<> measurements_;
  BoundHistogram<double> sizes_;
  Profile profile_;
  std::vector<std::string> keys_;
  std::vector<Attribute> attributes_;
  const std::runtime_error failure_{"the stock service did not answer"};
  IdWriter ids_;
  LogLinearHistogram latency_;
  std::uint64_t records_ = 0;
  std::uint64_t turns_ = 0;
};

}  // namespace posthaste::tools
