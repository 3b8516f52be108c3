#pragma once

/// Which lines of a body belong to which record, and of which signal that is: a span is one line,
/// and each of its events another line behind it. Kept beside a body wherever it goes (settlement
/// table, store), because answers count lines and the ledger counts records. Run-length coded: a
/// thousand flat spans are one run.
///
///   bytes = (signal | run)*
///   run = varint(lines of each record << 2 | own) varint(records, at least 1)
///   signal = varint(signal << 2 | 3)     of the runs behind it; unknown before the first
///
/// Threads: a value. Bounds: at most `item_limit` lines; `parse` trusts nothing.

#include <posthaste/result.h>

#include "runtime/model/signal.h"
#include "runtime/wire/byte_buffer.h"

#include <cstdint>
#include <span>
#include <vector>

namespace posthaste::wire {

/// Where the line is that a record lives or falls with: the span's or the log's own.
enum class OwnLine : std::uint8_t {
  here = 0,      // the record's first line of this body
  accepted = 1,  // delivered before; the record waits only for the lines here
  elsewhere = 2  // refused, or in another body: the record is counted there, not here
};

class ItemMap {
public:
  /// The service takes no more lines in one body.
  static constexpr std::uint32_t item_limit = 64'000;

  struct Run {
    std::uint32_t items = 0;  // lines of each record, at least 1
    OwnLine own = OwnLine::here;
    std::uint32_t repeat = 0;  // records like this one after the other
    model::Signal signal = model::Signal::unknown;
    friend bool operator==(const Run&, const Run&) = default;
  };

  /// Fails with `bad_response` if the bytes are no map, too many lines included.
  static Result<ItemMap> parse(std::span<const std::byte> bytes);
  void append_to(ByteBuffer& out) const;

  /// The next records, of `items` lines each; both are at least 1. False, changing nothing, where
  /// they are not, and at `item_limit`.
  bool add(std::uint32_t items, OwnLine own = OwnLine::here,
           model::Signal signal = model::Signal::unknown, std::uint32_t records = 1) {
    const std::uint64_t all = std::uint64_t{items} * records;
    if (all == 0 || all > item_limit - items_) return false;
    Run* const last = runs_.empty() ? nullptr : &runs_.back();
    if (last != nullptr && last->items == items && last->own == own && last->signal == signal) {
      last->repeat += records;
    } else {
      runs_.push_back({items, own, records, signal});
    }
    items_ += static_cast<std::uint32_t>(all);
    if (own != OwnLine::elsewhere) records_ += records;
    return true;
  }
  void clear() noexcept { *this = {}; }

  std::uint32_t items() const noexcept { return items_; }
  /// Records that are counted with this body: all whose own line is not elsewhere.
  std::uint32_t records() const noexcept { return records_; }
  /// The same, by signal.
  model::SignalCounts signals() const noexcept;
  std::span<const Run> runs() const noexcept { return runs_; }
  bool empty() const noexcept { return items_ == 0; }

  /// Calls `f(first line, lines, own, signal)` for each record, in order.
  template <class F>
  void for_each_record(F&& f) const {
    std::uint32_t first = 0;
    for (const Run& run : runs_) {
      for (std::uint32_t i = 0; i < run.repeat; ++i, first += run.items)
        f(first, run.items, run.own, run.signal);
    }
  }

  friend bool operator==(const ItemMap&, const ItemMap&) = default;

private:
  std::vector<Run> runs_;
  std::uint32_t items_ = 0;
  std::uint32_t records_ = 0;
};

}  // namespace posthaste::wire
