#include "persistence/store.h"
#include "persistence/store_inspection.h"
#include "tests/fuzz/store_sample.h"
#include "tests/support/manual_clock.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

using namespace posthaste::persistence;
namespace fs = std::filesystem;

void check(bool holds) {
  if (!holds) std::abort();
}

void use(const std::string& directory) {
  static const posthaste::testing_support::ManualClock clock;
  StoreOptions options;
  options.directory = directory;
  options.clock = &clock;
  options.boot_time = [] { return posthaste::BootTime{{std::byte{1}}, std::chrono::hours{2}}; };
  auto opened = Store::open(options);
  check(opened.has_value());
  Store& store = **opened;
  for (const QueueId queue : store.queues()) {
    for (int i = 0; i < 3; ++i) {
      const auto leased = store.lease_oldest(queue);
      check(leased.has_value());
      if (*leased) check(store.settle((*leased)->key).has_value());
    }
  }
  const std::vector<std::byte> content(7000);
  for (std::uint64_t i = 1000; i < 1006; ++i) {
    NewBatch batch;
    batch.header.origin.extent_begin = i;
    batch.body = {std::span{content}.first(i % 2 == 0 ? 7000 : 70)};
    check(store.append({&batch, 1}).has_value());
  }
  opened->reset();
  const auto looked = inspect_store(directory);
  check(looked &&
        (looked->file.state == FileState::sound || looked->file.state == FileState::foreign));
}

}  // namespace

/// A genuine store with any edits is opened, read, written and closed: whatever it was, afterwards
/// it is a store again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string directory = store_fuzz_directory() + "/edited";
  fs::remove_all(directory);
  fs::create_directory(directory);
  fs::permissions(directory, fs::perms::owner_all);
  const std::vector<std::byte> bytes = edited_store_sample({data, size});
  std::ofstream{directory + "/data.mdb", std::ios::binary}.write(
      reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  use(directory);
  return 0;
}
