#pragma once

/// Collects the instruments of one meter: every interval, for each flush, and once before the end.
///
///   callbacks ─► [aggregator] gathers the cells ─► points into a lane ─► sampler, like any record
///
/// Who calls: its shell; one for each meter. Threads: one. Blocking: about 1 ms for 2,000 series;
/// callbacks run on a thread of their own (callback_runner.h), for which it waits at most a second.
/// Full: when the lanes take no more points, it goes on 20 ms later where it stopped.
///
/// Commit points: those of the collector (runtime/metrics/collector.h): what was taken lies in the
/// series, and counts as reported when its point is in the lane. So whoever dies here loses and
/// doubles no count: the next one writes what is left of a collection's points, and collects anew
/// where none was out.

#include "actors/durable.h"
#include "actors/part.h"
#include "runtime/arena/lane.h"
#include "runtime/metrics/collector.h"

#include <cstdint>
#include <optional>

namespace posthaste::actors {

class Aggregator final : public Part {
public:
  Aggregator(Durable& durable, std::uint32_t meter);
  SteadyTime step(SteadyTime now) override;

private:
  /// Why a collection is under way, and how far it is.
  struct Collection {
    std::uint64_t number;
    std::uint64_t flushes;  // asked for when it began
    bool final;
    SteadyTime begun;
    SteadyTime observe_until;
    bool gathered = false;
    bool failed = false;  // a callback did
  };
  std::uint64_t flushes_asked() const noexcept;
  bool wanted(SteadyTime now) const;
  void begin(SteadyTime now);
  void go_on(SteadyTime now);
  bool observed(SteadyTime now);
  bool write_points();
  void finish(SteadyTime now);
  void report_failures();
  void report_overflow();

  Durable& durable_;
  const std::uint32_t number_;
  metrics::MeterState& meter_;
  metrics::Collector collector_;
  arena::LaneWriter lanes_;
  std::optional<Collection> collection_;
  std::uint64_t overflowed_ = 0;  // told so far
};

}  // namespace posthaste::actors
