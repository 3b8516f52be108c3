#include "actors/log_stretch.h"

#include "actors/daily_budget.h"
#include "runtime/arena/log.h"

#include <algorithm>

namespace posthaste::actors {
namespace {

constexpr std::uint32_t passed_over = 4;  // of such bytes one counts

}  // namespace

LogStretch::LogStretch(const arena::Arena& arena, const config::FinalOutput& output,
                       std::uint32_t number, std::uint32_t most_items)
    : arena_(arena), output_(output), number_(number), most_items_(most_items) {
  records_.reserve(most_items);  // each is an item at least
}

void LogStretch::begin_at(std::uint64_t position, double part) noexcept {
  extent_ = {.begin = position, .end = position};
  part_ = part;
  records_.clear();
  left_out_ = {};
  for_others_ = {};
}

/// Counts the record where it is passed over.
inline bool LogStretch::keeps(const model::RecordHead& record) noexcept {
  const bool ours = takes(output_, record, number_);
  if (ours && (part_ >= 1 || in_part(record, part_))) return true;
  ++(ours ? left_out_ : for_others_)[model::signal_of(record)];
  return false;
}

/// A line for each event, too, where items are lines.
inline std::uint32_t LogStretch::items_of(const model::RecordHead& record) const noexcept {
  return output_.kind == config::OutputKind::otlp ? 1u : 1u + record.events;
}

void LogStretch::walk(std::uint32_t most_items, SteadyTime now) noexcept {
  Extent extent = extent_;
  if (extent.records == 0) extent.seen = now;
  arena::LogCursor cursor(arena_, extent.end);
  while (extent.items < most_items && extent.bytes < BatchRules::most_bytes) {
    const model::RecordHead* const record = cursor.next();
    if (record == nullptr) break;
    const std::uint32_t length = record->length();
    ++extent.records;
    if (keeps(*record)) {
      records_.push_back(model::RecordView::checked(*record, length));
      extent.items += items_of(*record);
      extent.bytes += length;
    } else {
      extent.bytes += length / passed_over;
    }
    extent.end = cursor.position();
  }
  extent_ = extent;
}

void LogStretch::cut(std::size_t count) noexcept {
  const SteadyTime seen = extent_.seen;
  std::uint32_t items = 0;
  for (const model::RecordView& record : std::span(records_).first(count)) {
    items += items_of(record.head());
  }
  begin_at(extent_.begin, part_);
  walk(std::min(items, most_items_), seen);
}

}  // namespace posthaste::actors
