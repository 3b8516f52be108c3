#include "persistence/store_opening.h"

#include "persistence/safe_path.h"
#include "persistence/store_ledger.h"
#include "persistence/store_verifier.h"

#include <posthaste/units.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace posthaste::persistence {
namespace {

using namespace literals;

constexpr Bytes least_map = 1_MiB;
constexpr Bytes usual_map = 256_MiB;
constexpr std::uint64_t largest_key = std::uint64_t{1} << 62;
constexpr std::size_t erased_at_once = 32;

Error error_for(LmdbStatus status, const StoreDirectory& directory) {
  const bool access = status == LmdbStatus::no_access || status == LmdbStatus::no_memory;
  return {access ? ErrorCode::store_unavailable : ErrorCode::store_io,
          "store " + directory.path() + ": " + to_string(status)};
}

/// The map sizes to try, largest first: address space is cheap until a limit says otherwise.
std::vector<Bytes> map_sizes(Bytes cap) {
  const Bytes wanted{std::max(cap.count * 4, usual_map.count)};
  const Bytes limit = file_size_limit().value_or(wanted);
  std::vector<Bytes> sizes;
  for (const Bytes size : {wanted, 64_MiB, 16_MiB}) {
    const Bytes allowed = std::min(size, limit);
    if (sizes.empty() || allowed < sizes.back()) sizes.push_back(allowed);
  }
  return sizes;
}

std::uint64_t first_key_of_new_file(const OpeningRequest& request) {
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::microseconds>(request.now.time_since_epoch());
  const std::int64_t clock = std::max<std::int64_t>(since_epoch.count(), 1);
  return std::max(request.first_key, static_cast<std::uint64_t>(clock));
}

class Opening {
public:
  Opening(StoreDirectory& directory, const OpeningRequest& request)
      : directory_(directory), request_(request), counted_(request.already_counted) {}

  Result<OpenedStore> run() {
    // At most: a foreign file, then a damaged one in store-v1, then a new one.
    for (int round = 0; round < 4; ++round) {
      ledger_ = read_ledger(directory_.files());
      Result<Step> step = try_once();
      if (!step) return std::move(step).error();
      if (*step == Step::done) return std::move(opened_);
      if (*step == Step::step_aside) {
        if (Result<void> side = directory_.step_aside(); !side) return std::move(side).error();
      }
      opened_.file.reset();
    }
    return Error{ErrorCode::store_io, "store " + directory_.path() + ": cannot begin a new file"};
  }

private:
  enum class Step : std::uint8_t { done, again, step_aside };

  Result<Step> try_once() {
    const DataFile found = directory_.examine_data_file();
    if (found == DataFile::strange) return set_aside(LossReason::vanished, 0);
    FileDescriptor verified;
    if (found == DataFile::ordinary) {
      Result<FileDescriptor> file = directory_.open_data_file();
      if (!file) return std::move(file).error();
      verified = std::move(*file);
      const FileReport report = verify_data_file(verified.get());
      if (report.state == FileState::foreign) return Step::step_aside;
      if (report.state == FileState::damaged)
        return set_aside(LossReason::quarantined, report.entries / 2);
    }
    return open_verified(verified);
  }

  Result<Step> open_verified(const FileDescriptor& verified) {
    const LmdbStatus status = open_with_largest_map(directory_.files(), request_.cap, opened_);
    if (status == LmdbStatus::damaged) return set_aside(LossReason::quarantined, 0);
    if (status != LmdbStatus::ok) return error_for(status, directory_);
    opened_.identity = identity_of(opened_.file->environment().descriptor());
    if (verified && opened_.identity != identity_of(verified.get()))
      return Error{ErrorCode::store_unavailable,
                   "store " + directory_.path() + ": data.mdb was exchanged while it was opened"};
    return read_batches();
  }

  Result<Step> read_batches() {
    BatchScan scan;
    LmdbStatus status = opened_.file->scan(scan);
    if (status == LmdbStatus::no_memory) return error_for(status, directory_);
    if (status != LmdbStatus::ok) return set_aside(LossReason::quarantined, 0);
    if (scan.header_check == StoreHeaderCheck::foreign) return Step::step_aside;
    const bool known = scan.header_check == StoreHeaderCheck::good;
    if (!known) scan.header = {0, first_key_of_new_file(request_), request_.now, {}};
    for (const BatchHeaderRecord& record : scan.batches) {
      opened_.index.insert(record.key, IndexEntry::of(record.header));
      scan.header.next_key =
          std::max(scan.header.next_key, static_cast<std::uint64_t>(record.key) + 1);
    }
    scan.header.next_key = std::max(scan.header.next_key, request_.first_key);
    if (scan.header.next_key > largest_key) return set_aside(LossReason::quarantined, 0);
    scan.header.writer = request_.writer;
    opened_.file->set_header(scan.header);
    forget_returned(scan, known);
    count_missing(scan, known);
    return finish(scan, known);
  }

  bool ledger_speaks_of(const BatchScan& scan, bool known) const {
    return ledger_ && known && ledger_->created == scan.header.created;
  }

  /// A file that went back by one commit has what that commit deleted: settled, or counted as lost.
  void forget_returned(const BatchScan& scan, bool known) {
    returned_.clear();
    if (!ledger_speaks_of(scan, known) || ledger_->commits != scan.header.commits + 1) return;
    for (const StoreKey key : ledger_->erased) {
      if (opened_.index.find(key) == nullptr) continue;
      opened_.index.erase(key);
      returned_.push_back(key);
    }
  }

  void count_missing(const BatchScan& scan, bool known) {
    if (ledger_speaks_of(scan, known) && ledger_->commits >= scan.header.commits) {
      for (const Loss& loss :
           missing_from(ledger_->rows, opened_.index.ledger_rows(), LossReason::corrupt))
        add_loss(opened_.losses, loss);
    } else if (ledger_ && !scan.anything && !counted_) {
      for (const Loss& loss : missing_from(ledger_->rows, {}, LossReason::vanished))
        add_loss(opened_.losses, loss);
    } else {
      for (const BatchScan::Damage& damage : scan.damaged)
        add_loss(opened_.losses, damage.header
                                     ? loss_of(IndexEntry::of(*damage.header), LossReason::corrupt)
                                     : Loss{LossReason::corrupt, {}, 1, 0, 0});
    }
  }

  /// Deletes what is damaged, and proves that the file can be written, where it was new or mended.
  Result<Step> finish(const BatchScan& scan, bool known) {
    LmdbStatus status = LmdbStatus::ok;
    for (std::size_t begin = 0; begin < scan.damaged.size() && status == LmdbStatus::ok;
         begin += erased_at_once)
      status = erase_damaged(scan, begin);
    if (status == LmdbStatus::ok && !returned_.empty()) status = erase_returned();
    if (status == LmdbStatus::ok && (!known || !scan.strangers.empty()))
      status = erase_strangers(scan);
    if (status != LmdbStatus::ok) return error_for(status, directory_);
    if (!known) ::fsync(directory_.files());  // the new file's name
    record_levels(directory_, *opened_.file, opened_.index);
    return Step::done;
  }

  LmdbStatus erase_damaged(const BatchScan& scan, std::size_t begin) {
    LmdbStatus status = LmdbStatus::ok;
    std::optional<BatchFile::Change> change = opened_.file->change(status);
    const std::size_t end = std::min(begin + erased_at_once, scan.damaged.size());
    for (std::size_t i = begin; i < end && status == LmdbStatus::ok; ++i)
      status = change->erase(scan.damaged[i].key);
    return status == LmdbStatus::ok ? change->commit() : status;
  }

  LmdbStatus erase_returned() {
    LmdbStatus status = LmdbStatus::ok;
    std::optional<BatchFile::Change> change = opened_.file->change(status);
    for (std::size_t i = 0; i < returned_.size() && status == LmdbStatus::ok; ++i)
      status = change->erase(returned_[i]);
    return status == LmdbStatus::ok ? change->commit() : status;
  }

  LmdbStatus erase_strangers(const BatchScan& scan) {
    LmdbStatus status = LmdbStatus::ok;
    std::optional<BatchFile::Change> change = opened_.file->change(status);
    for (std::size_t i = 0; i < scan.strangers.size() && status == LmdbStatus::ok; ++i)
      status = change->erase_stranger(scan.strangers[i]);
    return status == LmdbStatus::ok ? change->commit() : status;
  }

  /// `batches` is what the file itself says, for when there is no ledger.
  Result<Step> set_aside(LossReason reason, std::uint64_t batches) {
    opened_.file.reset();
    opened_.index = {};
    directory_.quarantine_data_file(request_.now);
    std::vector<Loss> lost;
    if (ledger_ && !counted_) lost = missing_from(ledger_->rows, {}, reason);
    if (!ledger_ && !counted_ && batches > 0) lost.push_back({reason, {}, batches, 0, 0});
    for (const Loss& loss : lost) add_loss(opened_.losses, loss);
    counted_ = true;
    return Step::again;
  }

  StoreDirectory& directory_;
  const OpeningRequest& request_;
  std::optional<StoreLedger> ledger_;
  OpenedStore opened_;
  std::vector<StoreKey> returned_;  // deleted once, and in the file again
  bool counted_;                    // the ledger's rows have been counted as lost
};

}  // namespace

LmdbStatus open_with_largest_map(int directory, Bytes cap, OpenedStore& out) {
  LmdbStatus status = LmdbStatus::no_space;
  for (const Bytes size : map_sizes(cap)) {
    if (size < least_map) break;
    status = BatchFile::open(directory, BatchFile::Access::read_write, size, out.file);
    if (status == LmdbStatus::no_memory) continue;
    out.largest_map = {size.count * 2};
    out.cap = size.count / 4 >= cap.count ? cap : std::min(cap, Bytes{size.count / 2});
    break;
  }
  return status;
}

Result<OpenedStore> open_store(StoreDirectory& directory, const OpeningRequest& request) {
  return Opening{directory, request}.run();
}

void record_levels(const StoreDirectory& directory, const BatchFile& file, const StoreIndex& index,
                   std::vector<StoreKey> erased) {
  write_ledger(directory.files(), {file.header().created, file.header().commits,
                                   index.ledger_rows(), std::move(erased)});
}

}  // namespace posthaste::persistence
