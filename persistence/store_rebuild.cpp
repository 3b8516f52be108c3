#include "persistence/store_ledger.h"
#include "persistence/store_opening.h"
#include "persistence/store_verifier.h"

#include <utility>

namespace posthaste::persistence {
namespace {

constexpr std::size_t batches_at_once = 32;
constexpr std::uint64_t bytes_at_once = 1024 * 1024;

class Rebuild {
public:
  Rebuild(StoreDirectory& directory, const StoreIndex& index, const OpeningRequest& request)
      : directory_(directory), index_(index), request_(request) {}

  Result<OpenedStore> run() {
    if (Result<void> opened = open_both(); !opened) return std::move(opened).error();
    if (Result<void> copied = copy_all(); !copied) return std::move(copied).error();
    old_.reset();
    directory_.quarantine_data_file(request_.now);
    if (Result<void> placed = directory_.finish_rebuild(); !placed)
      return std::move(placed).error();
    result_.identity = identity_of(result_.file->environment().descriptor());
    record_levels(directory_, *result_.file, result_.index);
    return std::move(result_);
  }

private:
  Error failure(LmdbStatus status) const {
    return {ErrorCode::store_io,
            "store " + directory_.path() + ": rebuilding: " + to_string(status)};
  }
  Error unreadable(const std::string& why) const {
    return {ErrorCode::store_damaged, "store " + directory_.path() + ": " + why};
  }

  Result<void> open_both() {
    if (directory_.examine_data_file() != DataFile::ordinary)
      return unreadable("data.mdb is not there any more");
    Result<FileDescriptor> file = directory_.open_data_file();
    if (!file) return std::move(file).error();
    const FileReport report = verify_data_file(file->get());
    if (report.state != FileState::sound) return unreadable("data.mdb: " + report.problem);
    const Bytes old_map{report.pages * report.page_size};
    LmdbStatus status =
        BatchFile::open(directory_.files(), BatchFile::Access::read_only, old_map, old_);
    if (status == LmdbStatus::damaged) return unreadable("data.mdb: LMDB refuses it");
    if (status != LmdbStatus::ok) return failure(status);

    Result<FileDescriptor> place = directory_.begin_rebuild();
    if (!place) return std::move(place).error();
    place_ = std::move(*place);
    Result<OpenedStore> made = open_new_file();
    if (!made) return std::move(made).error();
    result_ = std::move(*made);
    return {};
  }

  Result<OpenedStore> open_new_file() {
    OpenedStore made;
    const LmdbStatus status = open_with_largest_map(place_.get(), request_.cap, made);
    if (status != LmdbStatus::ok) return failure(status);
    made.file->set_header({0, request_.first_key, request_.now, request_.writer});
    return made;
  }

  Result<void> copy_all() {
    auto next = index_.entries().begin();
    do {
      LmdbStatus status = LmdbStatus::ok;
      std::optional<BatchFile::Change> change = result_.file->change(status);
      std::uint64_t bytes = 0;
      for (std::size_t count = 0; change && status == LmdbStatus::ok && count < batches_at_once &&
                                  bytes < bytes_at_once && next != index_.entries().end();
           ++count, ++next) {
        bytes += next->second.content_bytes;
        status = copy(*change, next->first, next->second);
      }
      if (status == LmdbStatus::ok) status = change->commit();
      if (status != LmdbStatus::ok) return failure(status);
    } while (next != index_.entries().end());
    return {};
  }

  LmdbStatus copy(BatchFile::Change& change, StoreKey key, const IndexEntry& entry) {
    StoredBatch batch;
    LmdbStatus status = LmdbStatus::ok;
    const ReadOutcome outcome = old_->read(key, batch, status);
    if (outcome == ReadOutcome::failed) return status;
    if (outcome != ReadOutcome::sound) {
      add_loss(result_.losses, loss_of(entry, LossReason::quarantined));
      return LmdbStatus::ok;
    }
    batch.header.attempts = entry.attempts;
    IndexEntry copied = entry;
    copied.attempts_unsaved = false;
    result_.index.insert(key, copied);
    return change.append(batch);
  }

  StoreDirectory& directory_;
  const StoreIndex& index_;
  const OpeningRequest& request_;
  FileDescriptor place_;
  std::unique_ptr<BatchFile> old_;
  OpenedStore result_;
};

}  // namespace

Result<OpenedStore> rebuild_store(StoreDirectory& directory, const StoreIndex& index,
                                  const OpeningRequest& request) {
  return Rebuild{directory, index, request}.run();
}

}  // namespace posthaste::persistence
