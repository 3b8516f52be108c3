#include "persistence/store_inspection.h"

#include "persistence/batch_file.h"
#include "persistence/store_directory.h"
#include "persistence/store_index.h"
#include "persistence/store_ledger.h"

#include <new>
#include <utility>

namespace posthaste::persistence {
namespace {

using Visit = std::function<void(StoreKey, const BatchHeader&, bool)>;

Result<void> look_at_batches(BatchFile& file, StoreInspection& found, StoreIndex& index,
                             const Visit& visit) {
  BatchScan scan;
  if (const LmdbStatus status = file.scan(scan); status != LmdbStatus::ok)
    return Error{ErrorCode::store_io, to_string(status)};
  found.header_sound = scan.header_check == StoreHeaderCheck::good;
  found.foreign_schema = scan.header_check == StoreHeaderCheck::foreign;
  if (found.foreign_schema) return {};
  found.writer = scan.header.writer;
  found.created = scan.header.created;
  found.damaged = scan.damaged.size();
  for (const BatchHeaderRecord& record : scan.batches) {
    StoredBatch batch;
    LmdbStatus status = LmdbStatus::ok;
    const bool sound = file.read(record.key, batch, status) == ReadOutcome::sound;
    if (visit) visit(record.key, record.header, sound);
    if (!sound) ++found.damaged;
    index.insert(record.key, IndexEntry::of(record.header));
  }
  const Level level = index.total();
  found.batches = level.batches;
  found.records = level.records;
  found.bytes = level.bytes;
  return {};
}

Result<StoreInspection> inspect_now(const std::string& path, const Visit& visit) {
  Result<StoreDirectory> directory = StoreDirectory::claim(path, false);
  if (!directory) return std::move(directory).error();
  if (directory->examine_data_file() != DataFile::ordinary)
    return Error{ErrorCode::store_unavailable, "store " + path + ": no data.mdb of this user's"};
  Result<FileDescriptor> file = directory->open_data_file();
  if (!file) return std::move(file).error();
  StoreInspection found;
  found.file = verify_data_file(file->get());
  if (found.file.state != FileState::sound) return found;

  std::unique_ptr<BatchFile> batches;
  const Bytes map{found.file.pages * found.file.page_size};
  const LmdbStatus status =
      BatchFile::open(directory->files(), BatchFile::Access::read_only, map, batches);
  if (status != LmdbStatus::ok)
    return Error{ErrorCode::store_unavailable, "store " + path + ": " + to_string(status)};
  StoreIndex index;
  if (Result<void> looked = look_at_batches(*batches, found, index, visit); !looked)
    return std::move(looked).error().with_context("store " + path);
  const std::optional<StoreLedger> ledger = read_ledger(directory->files());
  if (ledger && found.header_sound && ledger->created == found.created)
    found.missing = missing_from(ledger->rows, index.ledger_rows(), LossReason::corrupt);
  return found;
}

}  // namespace

Result<StoreInspection> inspect_store(const std::string& directory, const Visit& visit) {
  try {
    return inspect_now(directory, visit);
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::store_unavailable, "store " + directory + ": no memory"};
  }
}

}  // namespace posthaste::persistence
