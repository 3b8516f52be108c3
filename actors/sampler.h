#pragma once

/// Moves records from the lanes to the log: the only reader of the lanes and the only writer of the
/// log, but for those that the drop rules name, which are counted as filtered. Head sampling was
/// decided on the application's thread; where it is rate-limited, the rate is steered here, by how
/// many traces asked for it.
///
///   lanes ─► [sampler] ─► log ─► kick ─► batchers
///                ├─► rate ─► application threads
///                └─► standard metrics and request counters, of all records, those too that are
///                    left out
///
/// Who calls: its shell. Threads: one. Blocking: never; at most about 1 ms a step, more at once.
/// Full: when the log gets no segment, records stay in their lanes, and the application's threads
/// see a full arena; outputs are asked to relieve it (Durable::under_pressure).
///
/// Commit points: LogWriter::publish, then the counts and the standard metrics, then
/// LaneReader::drained; none can throw. A
/// sampler that dies before publish leaves the records in their lanes, and the next one copies them
/// again over what was appended; a process that dies between the two is mended by who adopts it
/// (arena/log.h, repair_lanes_after_step).
///
/// It ticks every 20 ms while records come, then 100 ms, then 1 s with the bell on: an application
/// thread rings it when a lane's segment is full.

#include "actors/durable.h"
#include "actors/lane_mark.h"
#include "actors/part.h"
#include "actors/record_filter.h"
#include "runtime/arena/lane.h"
#include "runtime/arena/log.h"

#include <optional>

namespace posthaste::actors {

class Sampler final : public Part {
public:
  explicit Sampler(Durable& durable);
  SteadyTime step(SteadyTime now) override;

private:
  bool drain_for_a_while();
  std::size_t copy(const arena::LaneReader::Batch& batch) noexcept;
  void fold(std::span<const model::RecordHead* const> records) noexcept;
  void keep_pages_ahead(SteadyTime now);
  void steer_rate(SteadyTime now) noexcept;
  void tell_callback_failures();
  void watch_share_of_logs() noexcept;
  void tell_refusals(SteadyTime now);
  void serve_flushes();
  bool folded(std::uint64_t flush);
  void serve_last_fold();
  bool collected(std::uint64_t flush);
  /// A flush waits for the aggregators.
  bool is_waiting() const noexcept { return waiting_for_ > durable_.flushes.intake_done(); }
  SteadyTime next_step(bool more, SteadyTime now);

  Durable& durable_;
  arena::LaneReader lanes_;
  arena::LogWriter log_;
  RecordFilter filter_;
  std::optional<wire::RecordMeasurer> measurer_;  // where records are measured
  arena::LaneReader::Batch batch_;
  std::optional<LaneMark> mark_;
  std::uint64_t marked_for_ = 0;
  std::optional<LaneMark> fold_mark_;  // of a flush
  std::uint64_t folding_for_ = 0;
  std::optional<LaneMark> last_mark_;  // of the last fold
  std::uint64_t waiting_for_ = 0;      // a flush that the aggregators collect for
  SteadyTime waiting_until_{};
  SteadyTime last_record_{};
  SteadyTime scale_at_{};      // when the tick scale is refreshed next
  SteadyTime tell_at_{};       // not before: refusals are told
  std::uint64_t refused_ = 0;  // for want of room, when they were told last
  SteadyTime alive_at_{};      // when the region's sign of life is due
  bool copied_ = false;        // in this step
  bool drained_ = false;       // likewise, copied or not
  bool log_full_ = false;
};

}  // namespace posthaste::actors
