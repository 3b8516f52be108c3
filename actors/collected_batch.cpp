#include "actors/collected_batch.h"

namespace posthaste::actors {

CollectedBatch collect(const arena::LaneReader::Batch& batch, RecordFilter& filter,
                       arena::LogWriter& log) noexcept {
  log.begin_step();
  CollectedBatch done;
  const bool has_rules = filter.has_rules();
  const std::span<const model::RecordHead* const> records = batch.records;
  while (done.records < records.size()) {
    const std::size_t begin = done.records;
    std::size_t end = begin;  // of those that are kept; behind them lies one that is not
    bool measured = false;
    for (; end < records.size(); ++end) {
      measured = model::is_only_measured(*records[end]);
      if (measured || (has_rules && filter.drops(*records[end]))) break;
    }
    done.records += log.append(records.subspan(begin, end - begin));
    for (const model::RecordHead* record : records.subspan(begin, done.records - begin)) {
      ++done.copied[model::signal_of(*record)];
    }
    if (done.records < end) break;
    if (end == records.size()) break;
    // Of one that is only measured nothing is copied, and what it was has been refused.
    if (!measured) ++done.filtered[model::signal_of(*records[end])];
    ++done.records;
  }
  return done;
}

}  // namespace posthaste::actors
