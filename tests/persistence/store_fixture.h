#pragma once

/// What the store's tests share: a directory of their own (in memory where there is one, so that
/// syncs cost nothing), batches with content that tells who they are, and a store over a
/// ManualClock.

#include "persistence/store.h"
#include "tests/support/manual_clock.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace posthaste::persistence {

class ScratchDirectory {
public:
  explicit ScratchDirectory(const std::string& base = default_base()) {
    path_ = base + "/posthaste-store-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  static std::string default_base() {
    return std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
  }

private:
  std::string path_;
};

/// A batch with its bytes. `number` decides identity and content; `size` the length of the body.
struct TestBatch {
  BatchHeader header;
  std::vector<std::byte> body;
  std::vector<std::byte> user;

  TestBatch(std::uint64_t number, std::size_t size, QueueId queue = {1}) {
    header.queue = queue;
    std::memcpy(header.origin.arena_id.data(), &number, sizeof number);
    header.origin.extent_begin = number * 10;
    header.origin.extent_end = number * 10 + 10;
    header.records = static_cast<std::uint32_t>(number % 100 + 1);
    header.items = header.records + 1;
    header.kind = 7;
    body.resize(size);
    for (std::size_t i = 0; i < size; ++i)
      body[i] = static_cast<std::byte>(number * 31 + i * 7 + (i >> 8));
    user.assign(number % 5, static_cast<std::byte>(number));
  }

  NewBatch as_new() const {
    const std::span<const std::byte> whole{body};
    const std::size_t middle = whole.size() / 3;
    return {header, {whole.first(middle), whole.subspan(middle)}, user};
  }
};

inline std::uint64_t number_of(const BatchHeader& header) {
  return header.origin.extent_begin / 10;
}

inline std::uint64_t total_batches(const std::vector<Loss>& losses) {
  std::uint64_t sum = 0;
  for (const Loss& loss : losses) sum += loss.batches;
  return sum;
}

inline std::uint64_t total_records(const std::vector<Loss>& losses) {
  std::uint64_t sum = 0;
  for (const Loss& loss : losses) sum += loss.records;
  return sum;
}

class StoreFixture : public ::testing::Test {
protected:
  static constexpr QueueId only_queue{1};

  StoreOptions options() {
    StoreOptions result;
    result.directory = directory();
    result.clock = &clock_;
    result.boot_time = [this] { return boot_; };
    result.writer = "test 1";
    return result;
  }
  std::string directory() const { return scratch_ / "store"; }

  void open(StoreOptions with) {
    store_.reset();
    Result<std::unique_ptr<Store>> opened = Store::open(std::move(with));
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(*opened);
  }
  void open() { open(options()); }

  Result<StoreKey> append(const TestBatch& batch) {
    const NewBatch arriving = batch.as_new();
    Result<std::vector<StoreKey>> keys = store_->append({&arriving, 1});
    if (!keys) return std::move(keys).error();
    return keys->front();
  }

  void append_numbers(std::uint64_t first, std::uint64_t count, std::size_t size) {
    for (std::uint64_t i = first; i < first + count; ++i) {
      const Result<StoreKey> key = append(TestBatch{i, size});
      ASSERT_TRUE(key) << key.error().message();
    }
  }

  /// Leases and settles everything of a queue; the batches' numbers in the order they came.
  std::vector<std::uint64_t> drain(QueueId id = only_queue) {
    std::vector<std::uint64_t> numbers;
    for (;;) {
      Result<std::optional<StoredBatch>> leased = store_->lease_oldest(id);
      EXPECT_TRUE(leased) << leased.error().message();
      if (!leased || !*leased) return numbers;
      const TestBatch expected{number_of((*leased)->header), (*leased)->body.size(), id};
      EXPECT_EQ((*leased)->body, expected.body);
      EXPECT_EQ((*leased)->user, expected.user);
      numbers.push_back(number_of((*leased)->header));
      EXPECT_TRUE(store_->settle((*leased)->key));
    }
  }

  void advance(std::chrono::nanoseconds step) {
    clock_.advance(step);
    boot_.since_boot += step;
  }

  ScratchDirectory scratch_;
  testing_support::ManualClock clock_;
  BootTime boot_{{std::byte{1}}, std::chrono::hours{5}};
  std::unique_ptr<Store> store_;
};

}  // namespace posthaste::persistence
