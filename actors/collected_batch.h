#pragma once

/// What becomes of a batch out of the lanes: its records are copied to the log, but for those that
/// were only to be measured and those that the drop rules name. Of the sampler, and of who adopts
/// what a dead process left in its lanes.
///
/// Threads: the caller's. Blocking: never. Full: it ends before the first record that the log has no
/// room for. Nothing is visible before the caller's LogWriter::publish, nor marked as drained.

#include "actors/record_filter.h"
#include "runtime/arena/lane.h"
#include "runtime/arena/log.h"
#include "runtime/model/signal.h"

#include <cstddef>

namespace posthaste::actors {

struct CollectedBatch {
  std::size_t records = 0;  // that are done with, from the batch's first on
  model::SignalCounts copied = {};
  model::SignalCounts filtered = {};

  /// Whether nothing of the batch is done with.
  bool is_nothing_of(const arena::LaneReader::Batch& batch) const noexcept {
    return records == 0 && !batch.records.empty();
  }
};

/// Begins a step of `log`, and appends to it.
CollectedBatch collect(const arena::LaneReader::Batch& batch, RecordFilter& filter,
                       arena::LogWriter& log) noexcept;

}  // namespace posthaste::actors
