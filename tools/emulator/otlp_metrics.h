#pragma once

/// What the points of OTLP requests add up to, by metric: as Tally's `metrics`, though cumulative
/// points are not added but replace what their series had.
///
/// Threads: one. Memory: bounded by the two numbers below.

#include "tools/emulator/otlp_items.h"

#include <boost/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

namespace posthaste::tools {

class OtlpMetrics {
public:
  static constexpr std::size_t most_metrics = 1'000;   // names; further ones are "(other)"
  static constexpr std::size_t most_series = 100'000;  // further ones are counted, not summed

  /// A point that was not seen before.
  void add(const OtlpMeasure& measure);
  void clear() { *this = {}; }
  /// {"orders":{"points":n,"sum":x}, ...}
  boost::json::object to_object() const;

private:
  struct Metric {
    std::uint64_t points = 0;
    std::unordered_map<std::uint64_t, double> series;
  };
  std::map<std::string, Metric, std::less<>> metrics_;
  std::size_t series_ = 0;
};

}  // namespace posthaste::tools
