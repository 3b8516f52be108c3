#include "persistence/batch_file.h"

#include "runtime/base/crc32c.h"

#include <algorithm>
#include <utility>

namespace posthaste::persistence {
namespace {

using Bytestring = std::span<const std::byte>;

/// Sorts the entries of a file, which come in the order of keys, into batches and damage.
class Sorting {
public:
  explicit Sorting(BatchScan& scan) : scan_(scan) {}

  void take(Bytestring key, Bytestring value) {
    scan_.anything = true;
    const std::optional<DecodedKey> decoded = decode_key(key);
    if (!decoded) {
      take_other(key, value);
    } else if (decoded->part == BatchPart::header) {
      take_header(decoded->key, value);
    } else {
      take_content(decoded->key, value);
    }
  }

  void finish() {
    if (waiting_) scan_.damaged.push_back({waiting_->key, waiting_->header});
    waiting_.reset();
  }

private:
  void take_other(Bytestring key, Bytestring value) {
    const KeyBytes header_key = store_header_key();
    if (std::equal(key.begin(), key.end(), header_key.begin(), header_key.end())) {
      scan_.header_check = decode(value, scan_.header);
    } else if (key.size() == key_bytes) {
      KeyBytes stranger;
      std::copy(key.begin(), key.end(), stranger.begin());
      scan_.strangers.push_back(stranger);
    }
  }

  void take_header(StoreKey key, Bytestring value) {
    finish();
    std::optional<BatchHeaderRecord> record = decode_batch_header(value);
    if (record && record->key == key) {
      waiting_ = std::move(record);
    } else {
      scan_.damaged.push_back({key, std::nullopt});
    }
  }

  void take_content(StoreKey key, Bytestring value) {
    if (waiting_ && waiting_->key == key && waiting_->header.content_bytes() == value.size()) {
      scan_.batches.push_back(*waiting_);
      waiting_.reset();
      return;
    }
    const bool known = waiting_ && waiting_->key == key;
    const bool counted = !scan_.damaged.empty() && scan_.damaged.back().key == key;
    if (known) {
      finish();
    } else if (!counted) {
      finish();
      scan_.damaged.push_back({key, std::nullopt});
    }
  }

  BatchScan& scan_;
  std::optional<BatchHeaderRecord> waiting_;  // a header whose content comes next
};

}  // namespace

BatchFile::Change::Change(BatchFile& file, LmdbTransaction transaction)
    : file_(&file), transaction_(std::move(transaction)), header_(file.header_) {}

LmdbStatus BatchFile::Change::append(StoreKey key, const NewBatch& batch) {
  BatchHeaderRecord record{key, batch.header, 0};
  std::size_t body_bytes = 0;
  for (const Bytestring piece : batch.body) {
    body_bytes += piece.size();
    record.content_crc = crc32c(piece, record.content_crc);
  }
  record.content_crc = crc32c(batch.user, record.content_crc);
  record.header.body_bytes = static_cast<std::uint32_t>(body_bytes);
  record.header.user_bytes = static_cast<std::uint32_t>(batch.user.size());

  const BatchHeaderBytes header = encode(record);
  std::span<std::byte> room;
  LmdbStatus status = transaction_.append(encode_key(key, BatchPart::header), header.size(), room);
  if (status != LmdbStatus::ok) return status;
  std::copy(header.begin(), header.end(), room.begin());
  status = transaction_.append(encode_key(key, BatchPart::content), body_bytes + batch.user.size(),
                               room);
  if (status != LmdbStatus::ok) return status;
  auto end = room.begin();
  for (const Bytestring piece : batch.body) end = std::copy(piece.begin(), piece.end(), end);
  std::copy(batch.user.begin(), batch.user.end(), end);
  header_.next_key = std::max(header_.next_key, static_cast<std::uint64_t>(key) + 1);
  return LmdbStatus::ok;
}

LmdbStatus BatchFile::Change::append(const StoredBatch& batch) {
  return append(batch.key, {batch.header, {batch.body}, batch.user});
}

LmdbStatus BatchFile::Change::erase(StoreKey key) {
  for (const BatchPart part : {BatchPart::header, BatchPart::content}) {
    const LmdbStatus status = transaction_.erase(encode_key(key, part));
    if (status != LmdbStatus::ok && status != LmdbStatus::not_found) return status;
  }
  return LmdbStatus::ok;
}

LmdbStatus BatchFile::Change::erase_stranger(const KeyBytes& key) {
  return transaction_.erase(key);
}

LmdbStatus BatchFile::Change::save_attempts(StoreKey key, std::uint32_t attempts) {
  Bytestring value;
  const KeyBytes place = encode_key(key, BatchPart::header);
  if (const LmdbStatus status = transaction_.get(place, value); status != LmdbStatus::ok)
    return status == LmdbStatus::not_found ? LmdbStatus::ok : status;
  std::optional<BatchHeaderRecord> record = decode_batch_header(value);
  if (!record) return LmdbStatus::ok;  // found out, and counted, when the batch is read
  record->header.attempts = attempts;
  return transaction_.put(place, encode(*record));
}

LmdbStatus BatchFile::Change::commit() {
  ++header_.commits;
  const StoreHeaderBytes bytes = encode(header_);
  LmdbStatus status = transaction_.put(store_header_key(), bytes);
  if (status != LmdbStatus::ok) return status;
  status = transaction_.commit();
  if (status == LmdbStatus::ok) file_->header_ = std::move(header_);
  return status;
}

LmdbStatus BatchFile::open(int directory, Access access, Bytes map,
                           std::unique_ptr<BatchFile>& out) {
  std::unique_ptr<LmdbEnvironment> environment;
  const LmdbStatus status = LmdbEnvironment::open(directory, access, map, environment);
  if (status == LmdbStatus::ok) out.reset(new BatchFile{std::move(environment)});
  return status;
}

std::optional<BatchFile::Change> BatchFile::change(LmdbStatus& status) {
  std::optional<LmdbTransaction> transaction = environment_->begin(Access::read_write, status);
  if (!transaction) return std::nullopt;
  return Change{*this, std::move(*transaction)};
}

LmdbStatus BatchFile::scan(BatchScan& out) {
  LmdbStatus status = LmdbStatus::ok;
  std::optional<LmdbTransaction> transaction = environment_->begin(Access::read_only, status);
  if (!transaction) return status;
  Sorting sorting{out};
  status = transaction->scan([&](Bytestring key, Bytestring value) {
    sorting.take(key, value);
    return true;
  });
  sorting.finish();
  return status;
}

ReadOutcome BatchFile::read(StoreKey key, StoredBatch& out, LmdbStatus& status) {
  std::optional<LmdbTransaction> transaction = environment_->begin(Access::read_only, status);
  if (!transaction) return ReadOutcome::failed;
  Bytestring value;
  status = transaction->get(encode_key(key, BatchPart::header), value);
  if (status == LmdbStatus::not_found) return ReadOutcome::absent;
  if (status != LmdbStatus::ok) return ReadOutcome::failed;
  const std::optional<BatchHeaderRecord> record = decode_batch_header(value);
  if (!record || record->key != key) return ReadOutcome::corrupt;
  status = transaction->get(encode_key(key, BatchPart::content), value);
  if (status == LmdbStatus::not_found) return ReadOutcome::corrupt;
  if (status != LmdbStatus::ok) return ReadOutcome::failed;
  if (value.size() != record->header.content_bytes() || crc32c(value) != record->content_crc)
    return ReadOutcome::corrupt;
  out.key = key;
  out.header = record->header;
  const auto user = value.begin() + static_cast<std::ptrdiff_t>(out.header.body_bytes);
  out.body.assign(value.begin(), user);
  out.user.assign(user, value.end());
  return ReadOutcome::sound;
}

}  // namespace posthaste::persistence
