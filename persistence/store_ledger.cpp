#include "persistence/store_ledger.h"

#include "persistence/little_endian.h"
#include "persistence/lmdb_environment.h"
#include "runtime/base/crc32c.h"
#include "runtime/base/file_descriptor.h"

#include <fcntl.h>

#include <algorithm>
#include <array>

namespace posthaste::persistence {
namespace {

constexpr const char* ledger_name = "ledger";
constexpr std::uint64_t ledger_magic = 0x00524744454C4850;  // "PHLEDGR\0"
constexpr std::uint32_t ledger_version = 1;
constexpr std::size_t rows_at = 32;
constexpr std::size_t row_bytes = 32;
constexpr std::size_t erased_at = rows_at + row_bytes * StoreLedger::most_rows;
static_assert(erased_at + 8 + 8 * StoreLedger::most_erased <= StoreLedger::bytes - 4);

std::uint64_t above(std::uint64_t more, std::uint64_t less) noexcept {
  return more > less ? more - less : 0;
}

}  // namespace

std::vector<std::byte> encode(const StoreLedger& ledger) {
  std::vector<std::byte> bytes(StoreLedger::bytes);
  std::byte* const at = bytes.data();
  const std::size_t count = std::min(ledger.rows.size(), StoreLedger::most_rows);
  store(at, ledger_magic);
  store(at + 8, ledger_version);
  store(at + 12, static_cast<std::uint32_t>(count));
  store(at + 16, static_cast<std::int64_t>(ledger.created.time_since_epoch().count()));
  store(at + 24, ledger.commits);
  std::vector<LedgerRow> rows(ledger.rows.begin(),
                              ledger.rows.begin() + static_cast<std::ptrdiff_t>(count));
  for (std::size_t i = count; i < ledger.rows.size(); ++i) {
    rows.back().batches += ledger.rows[i].batches;
    rows.back().records += ledger.rows[i].records;
    rows.back().bytes += ledger.rows[i].bytes;
  }
  for (std::size_t i = 0; i < count; ++i) {
    std::byte* const row = at + rows_at + i * row_bytes;
    store(row, rows[i].queue.value);
    store(row + 8, rows[i].batches);
    store(row + 16, rows[i].records);
    store(row + 24, rows[i].bytes);
  }
  const std::size_t erased = std::min(ledger.erased.size(), StoreLedger::most_erased);
  store(at + erased_at, static_cast<std::uint32_t>(erased));
  for (std::size_t i = 0; i < erased; ++i)
    store(at + erased_at + 8 + i * 8, static_cast<std::uint64_t>(ledger.erased[i]));
  const std::span<const std::byte> checked{at, StoreLedger::bytes - 4};
  store(at + StoreLedger::bytes - 4, crc32c(checked));
  return bytes;
}

std::optional<StoreLedger> decode_ledger(std::span<const std::byte> bytes) {
  if (bytes.size() != StoreLedger::bytes) return std::nullopt;
  const std::byte* const at = bytes.data();
  const auto count = load<std::uint32_t>(at + 12);
  if (load<std::uint64_t>(at) != ledger_magic || load<std::uint32_t>(at + 8) != ledger_version ||
      load<std::uint32_t>(at + bytes.size() - 4) != crc32c(bytes.first(bytes.size() - 4)) ||
      count > StoreLedger::most_rows)
    return std::nullopt;
  const auto erased = load<std::uint32_t>(at + erased_at);
  if (erased > StoreLedger::most_erased) return std::nullopt;
  StoreLedger ledger;
  ledger.created = WallTime{std::chrono::nanoseconds{load<std::int64_t>(at + 16)}};
  ledger.commits = load<std::uint64_t>(at + 24);
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* const row = at + rows_at + i * row_bytes;
    ledger.rows.push_back({{load<std::uint64_t>(row)},
                           load<std::uint64_t>(row + 8),
                           load<std::uint64_t>(row + 16),
                           load<std::uint64_t>(row + 24)});
  }
  for (std::size_t i = 0; i < erased; ++i)
    ledger.erased.push_back(StoreKey{load<std::uint64_t>(at + erased_at + 8 + i * 8)});
  return ledger;
}

std::optional<StoreLedger> read_ledger(int directory) {
  const FileDescriptor file{
      ::openat(directory, ledger_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  if (!file) return std::nullopt;
  std::array<std::byte, StoreLedger::bytes> bytes;
  const ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), 0);
  if (got != static_cast<ssize_t>(bytes.size())) return std::nullopt;
  return decode_ledger(bytes);
}

bool write_ledger(int directory, const StoreLedger& ledger) {
  const std::optional<Bytes> limit = file_size_limit();
  if (limit && limit->count < StoreLedger::bytes) return false;
  const FileDescriptor file{
      ::openat(directory, ledger_name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file) return false;
  const std::vector<std::byte> bytes = encode(ledger);
  return ::pwrite(file.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
}

std::vector<Loss> missing_from(const std::vector<LedgerRow>& expected,
                               const std::vector<LedgerRow>& found, LossReason reason) {
  std::vector<Loss> losses;
  for (const LedgerRow& row : expected) {
    const auto same = std::find_if(found.begin(), found.end(),
                                   [&](const LedgerRow& f) { return f.queue == row.queue; });
    const LedgerRow still = same == found.end() ? LedgerRow{} : *same;
    const Loss loss{reason, row.queue, above(row.batches, still.batches),
                    above(row.records, still.records), above(row.bytes, still.bytes)};
    if (loss.batches != 0 || loss.records != 0 || loss.bytes != 0) losses.push_back(loss);
  }
  return losses;
}

}  // namespace posthaste::persistence
