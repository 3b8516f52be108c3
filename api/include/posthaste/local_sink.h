#pragma once

/// Where a LocalOutput delivers: something in this process instead of an endpoint. The one that
/// most programs want is in <posthaste/testing.h>; writing another means reading Posthaste's own
/// records.

#include <posthaste/export.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>

namespace posthaste {

/// A record and what its bytes refer to. Borrowed for the time of the call.
struct LocalRecord {
  std::span<const std::byte> bytes;  // one record; its layout is Posthaste's own and may change
  std::string_view scope_name;       // of the tracer or logger
  std::string_view scope_version;
  std::chrono::sys_time<std::chrono::nanoseconds> start;  // log: time of the event
  std::chrono::sys_time<std::chrono::nanoseconds> end;    // log: time of observation
};

class POSTHASTE_API LocalSink {
public:
  virtual ~LocalSink() = default;
  /// On one of Posthaste's own threads, one call at a time, in the order of recording on each
  /// thread. What returns is delivered. Must not throw, and should not block: its output waits
  /// meanwhile.
  virtual void take(const LocalRecord& record) noexcept = 0;
};

}  // namespace posthaste
