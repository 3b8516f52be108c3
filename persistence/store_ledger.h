#pragma once

/// What a store's data file should hold, in a file of one page beside it: so that it is known how
/// much was lost, and of which output, when the data file cannot be read any more, and noticed when
/// it went back in time. Written after each commit, without a sync: a ledger older than its file is
/// ignored, so it may always be behind, never ahead.
///
/// Threads: one. Blocking: one write of 4 KiB to the page cache.

#include "persistence/batch.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace posthaste::persistence {

struct LedgerRow {
  QueueId queue;
  std::uint64_t batches = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of content
  friend bool operator==(const LedgerRow&, const LedgerRow&) = default;
};

struct StoreLedger {
  WallTime created{};         // which file it speaks of: StoreHeader::created
  std::uint64_t commits = 0;  // and in which state: StoreHeader::commits
  std::vector<LedgerRow> rows;
  /// What that commit deleted. A damaged meta page lets LMDB open the state before it, which is whole,
  /// and has them again.
  std::vector<StoreKey> erased;

  static constexpr std::size_t most_rows = 100;  // queues beyond are summed in the last row
  static constexpr std::size_t most_erased = 100;
  static constexpr std::size_t bytes = 4096;
};

std::vector<std::byte> encode(const StoreLedger& ledger);
std::optional<StoreLedger> decode_ledger(std::span<const std::byte> bytes);

/// Reads `ledger` in the directory; nothing when there is none or it is damaged.
std::optional<StoreLedger> read_ledger(int directory);
/// Best effort: false leaves an older ledger, which is harmless. Not above RLIMIT_FSIZE.
bool write_ledger(int directory, const StoreLedger& ledger);

/// What `expected` has and `found` has not, queue by queue.
std::vector<Loss> missing_from(const std::vector<LedgerRow>& expected,
                               const std::vector<LedgerRow>& found, LossReason reason);

}  // namespace posthaste::persistence
