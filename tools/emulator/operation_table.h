#pragma once

/// What Application Insights' Performance and Failures pages would show of the items accepted:
/// per operation name the requests and dependencies, weighted by item count, with their failures
/// and durations. The body of GET /control/operations.
///
/// Threads:  one.
/// Overflow: beyond `most_names` operations, all others share the line "(other)".

#include "tools/emulator/envelope_check.h"
#include "tools/log_linear_histogram.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace posthaste::tools {

class OperationTable {
public:
  static constexpr std::size_t most_names = 500;

  void add(const ItemFacts& item);
  void clear() { operations_.clear(); }
  /// Sorted by requests, the most first.
  std::string to_json() const;

private:
  struct Calls {
    std::uint64_t failures = 0;
    LogLinearHistogram microseconds;
    void add(const ItemFacts& item, std::uint64_t weight);
  };
  struct Operation {
    std::unique_ptr<Calls> requests;
    std::unique_ptr<Calls> dependencies;
    std::uint64_t exceptions = 0;
    std::uint64_t traces = 0;
  };
  Operation& operation_of(const ItemFacts& item);

  std::map<std::string, Operation, std::less<>> operations_;  // by name, raw JSON text
};

}  // namespace posthaste::tools
