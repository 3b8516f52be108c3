#pragma once

/// The records behind an output's cursor, as far as they make one batch. Each is looked at once,
/// when it has come; the batcher asks here whether the batch is full, and the encoder goes over the
/// records that are the output's. Of the batcher on its own log, and of who adopts a dead process's.
///
/// Threads: one owner. Blocking: never. Memory: 16 bytes for each item of a batch, taken at the
/// beginning. Records stay where they are until the output's `encoded_up_to` passes them.

#include "actors/batch_rules.h"
#include "runtime/arena/arena.h"
#include "runtime/config/final_output.h"
#include "runtime/model/metric_point.h"
#include "runtime/model/record_view.h"
#include "runtime/model/signal.h"

#include <cstdint>
#include <span>
#include <vector>

namespace posthaste::actors {

/// Whether the output takes the record at all: by signal, and of metric points by temporality.
inline bool takes(const config::FinalOutput& output, const model::RecordHead& record,
                  std::uint32_t number) noexcept {
  return output.takes(model::otlp_signal_of(record.type)) && model::is_for(record, number);
}

class LogStretch {
public:
  /// `output` must outlive it; in that arena it has this number. May throw std::bad_alloc.
  LogStretch(const arena::Arena& arena, const config::FinalOutput& output, std::uint32_t number,
             std::uint32_t most_items);

  /// Empty from now on, and begins at that position. Of the records behind it only `part` is kept
  /// (actors/daily_budget.h).
  void begin_at(std::uint64_t position, double part = 1) noexcept;
  /// Goes on until the batch is full by count or bytes, or to the log's tail. `now` is when the first
  /// record was seen.
  void extend(SteadyTime now = {}) noexcept { walk(most_items_, now); }
  /// Ends behind the first `count` of its records.
  void cut(std::size_t count) noexcept;

  /// What is looked at; its items and bytes are those that the output keeps, and a part of the
  /// bytes of what is passed over, as the log is kept until then.
  const Extent& extent() const noexcept { return extent_; }
  double part() const noexcept { return part_; }
  /// What the output keeps.
  std::span<const model::RecordView> records() const noexcept { return records_; }
  /// What it takes, but does not keep.
  const model::SignalCounts& left_out() const noexcept { return left_out_; }
  /// What only other outputs take.
  const model::SignalCounts& for_others() const noexcept { return for_others_; }

private:
  std::uint32_t items_of(const model::RecordHead& record) const noexcept;
  void walk(std::uint32_t most_items, SteadyTime now) noexcept;
  bool keeps(const model::RecordHead& record) noexcept;

  arena::Arena arena_;
  const config::FinalOutput& output_;
  const std::uint32_t number_;
  const std::uint32_t most_items_;
  Extent extent_;
  double part_ = 1;
  std::vector<model::RecordView> records_;
  model::SignalCounts left_out_;
  model::SignalCounts for_others_;
};

}  // namespace posthaste::actors
