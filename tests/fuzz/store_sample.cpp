#include "tests/fuzz/store_sample.h"

#include "persistence/store.h"
#include "tests/support/manual_clock.h"

#include <stdlib.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>

namespace posthaste::persistence {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t page = 4096;

std::string make_directory() {
  std::string path =
      (fs::is_directory("/dev/shm") ? "/dev/shm" : "/tmp") + std::string{"/store-fuzz-XXXXXX"};
  if (::mkdtemp(path.data()) == nullptr) std::abort();
  return path;
}

void remove_directory() {
  fs::remove_all(store_fuzz_directory());
}

void fill(Store& store) {
  std::vector<std::byte> content(9000, std::byte{'x'});
  for (std::uint64_t i = 1; i <= 60; ++i) {
    NewBatch batch;
    batch.header.queue = {i % 2};
    batch.header.origin.extent_begin = i;
    batch.header.records = 3;
    batch.body = {std::span{content}.first(i % 5 == 0 ? 9000 : i * 7)};
    if (!store.append({&batch, 1})) std::abort();
  }
  for (int i = 0; i < 12; ++i) {
    const auto leased = store.lease_oldest({1});
    if (!leased || !*leased || !store.settle((*leased)->key)) std::abort();
  }
}

std::vector<std::byte> make_sample() {
  static const testing_support::ManualClock clock;
  StoreOptions options;
  options.directory = store_fuzz_directory() + "/sample";
  options.clock = &clock;
  options.boot_time = [] { return BootTime{{std::byte{1}}, std::chrono::hours{1}}; };
  Result<std::unique_ptr<Store>> store = Store::open(options);
  if (!store) std::abort();
  fill(**store);
  store->reset();
  std::ifstream in{options.directory + "/data.mdb", std::ios::binary};
  const std::vector<char> chars{std::istreambuf_iterator<char>{in}, {}};
  std::vector<std::byte> bytes(chars.size());
  std::memcpy(bytes.data(), chars.data(), chars.size());
  return bytes;
}

}  // namespace

const std::string& store_fuzz_directory() {
  static const std::string& path = *new std::string{make_directory()};  // used while exiting
  static const int registered = std::atexit(remove_directory);
  static_cast<void>(registered);
  return path;
}

const std::vector<std::byte>& store_sample() {
  static const std::vector<std::byte> sample = make_sample();
  return sample;
}

std::vector<std::byte> edited_store_sample(std::span<const std::uint8_t> edits) {
  std::vector<std::byte> bytes = store_sample();
  for (; edits.size() >= 5 && !bytes.empty(); edits = edits.subspan(5)) {
    const std::size_t pages = std::max<std::size_t>(bytes.size() / page, 1);
    const std::size_t place = edits[0] % pages * page + (edits[1] * 256u + edits[2]) % page;
    std::byte& target = bytes[std::min(place, bytes.size() - 1)];
    const std::byte value{edits[4]};
    switch (edits[3] % 6) {
      case 0: target = value; break;
      case 1: target ^= value; break;
      case 2: target = static_cast<std::byte>(std::to_integer<int>(target) + edits[4]); break;
      case 3: {  // a whole page is copied over this one
        const std::size_t from = edits[4] % pages * page;
        const std::size_t to = place / page * page;
        if (std::max(from, to) + page <= bytes.size())
          std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), page,
                      bytes.begin() + static_cast<std::ptrdiff_t>(to));
        break;
      }
      case 4: {  // a page says that it is this one
        const std::size_t to = place / page * page;
        if (to + page <= bytes.size()) {
          const std::uint64_t number = edits[4];
          std::memcpy(bytes.data() + to, &number, sizeof number);
        }
        break;
      }
      default: bytes.resize(place); break;
    }
  }
  return bytes;
}

}  // namespace posthaste::persistence
