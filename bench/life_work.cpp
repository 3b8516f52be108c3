// What telemetry costs a process that does not record, and the work of its store:
//
//   life_work facts                            what it is built with and runs on: a name and words a line
//   life_work start_stop <times> <url>         start() and shutdown(), default settings but the store's
//                                              and arena's folders; a span in each life
//   life_work idle <seconds> <url>             everything on, nothing recorded: share of a processor
//   life_work store <batches already there>    appends 64 KiB batches to a store of that fill, four in
//                                              a commit, then replays and settles them

#include "bench/usage.h"
#include "persistence/store.h"

#include <posthaste/posthaste.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace posthaste;
using Steady = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

Settings settings_for(const std::string& url) {
  Settings settings;
  settings.service_name = "bench";
  settings.outputs = {
      AzureMonitor{.connection_string = "InstrumentationKey=00000000-0000-0000-0000-000000000001;"
                                        "IngestionEndpoint=" +
                                        url + '/'}};
  return settings;
}

int facts() {
  Settings settings = settings_for("http://127.0.0.1:1");
  const Telemetry telemetry = start(settings);
  const Health health = telemetry.health();
  std::printf("compression %s\nclock %s\nflight recorder %s\n", health.compression.c_str(),
              health.tick_source.c_str(), health.flight_recorder.substr(0, 3).c_str());
  return telemetry.is_running() ? 0 : 1;
}

int start_stop(long times, const std::string& url) {
  Microseconds starting{};
  Microseconds stopping{};
  const double before = bench::cpu_seconds();
  for (long i = 0; i < times; ++i) {
    const auto begin = Steady::now();
    Telemetry telemetry = start(settings_for(url));
    const auto running = Steady::now();
    if (!telemetry.is_running()) return 1;
    telemetry.tracer("bench").start_span("one").end();
    const auto ending = Steady::now();
    if (!telemetry.shutdown(std::chrono::seconds(30)).complete) return 1;
    starting += running - begin;
    stopping += Steady::now() - ending;
  }
  const auto each = static_cast<double>(times);
  std::printf("start_microseconds %.0f\nstop_microseconds %.0f\ncpu_milliseconds %.2f\n",
              starting.count() / each, stopping.count() / each,
              (bench::cpu_seconds() - before) * 1e3 / each);
  return 0;
}

int idle(long seconds, const std::string& url) {
  Settings settings = settings_for(url);
  settings.metrics.self_metrics = true;
  const Telemetry telemetry = start(settings);
  if (!telemetry.is_running()) return 1;
  std::this_thread::sleep_for(std::chrono::seconds(8));  // until it has calmed down after its start
  const double before = bench::cpu_seconds();
  const auto begin = Steady::now();
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  const std::chrono::duration<double> took = Steady::now() - begin;
  std::printf("cpu_share %g\n", (bench::cpu_seconds() - before) / took.count());
  return 0;
}

constexpr std::size_t body_size = 64 * 1024 - 128;
constexpr std::size_t batches_of_a_commit = 4;
constexpr std::uint64_t counted_commits = 32;
constexpr persistence::QueueId queue{1};

class Batches {
public:
  Batches() : body_(body_size) {
    for (std::size_t i = 0; i < body_.size(); ++i)
      body_[i] = static_cast<std::byte>(i * 7 + (i >> 8));
  }
  std::vector<persistence::NewBatch> next() {
    std::vector<persistence::NewBatch> batches;
    for (std::size_t i = 0; i < batches_of_a_commit; ++i, ++made_) {
      persistence::BatchHeader header;
      header.queue = queue;
      std::memcpy(header.origin.arena_id.data(), &made_, sizeof made_);
      header.origin.extent_begin = made_ * 10;
      header.origin.extent_end = made_ * 10 + 10;
      header.records = header.items = 500;
      batches.push_back({header, {std::span<const std::byte>(body_)}, {}});
    }
    return batches;
  }

private:
  std::vector<std::byte> body_;
  std::uint64_t made_ = 1;
};

/// Leases the oldest and settles it, so often; false: one was not there.
bool replay(persistence::Store& store, std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) {
    auto leased = store.lease_oldest(queue);
    if (!leased || !*leased || !store.settle((*leased)->key)) return false;
  }
  return true;
}

int store_work(std::uint64_t fill) {
  std::string directory =
      (std::filesystem::temp_directory_path() / "posthaste-bench-store-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return 1;
  persistence::StoreOptions options;
  options.directory = directory + "/store";
  options.cap = Bytes{512 << 20};
  auto store = persistence::Store::open(options);
  Batches batches;
  bool good = store.has_value();
  for (std::uint64_t i = 0; good && i < fill; i += batches_of_a_commit) {
    good = (*store)->append(batches.next()).has_value();
  }
  const auto begin = Steady::now();
  const double before = bench::cpu_seconds();
  for (std::uint64_t i = 0; good && i < counted_commits; ++i) {
    good = (*store)->append(batches.next()).has_value();
  }
  const auto appended = Steady::now();
  const double appending = bench::cpu_seconds() - before;
  constexpr std::uint64_t counted = counted_commits * batches_of_a_commit;
  good = good && replay(**store, counted);
  const Microseconds replaying = Steady::now() - appended;
  const Microseconds adding = appended - begin;
  std::printf("append_microseconds %.0f\nappend_cpu_microseconds %.0f\nreplay_microseconds %.0f\n",
              adding.count() / counted, appending * 1e6 / counted, replaying.count() / counted);
  if (store) store->reset();
  std::filesystem::remove_all(directory);
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view work = argc > 1 ? argv[1] : "";
  int code = 2;
  if (work == "facts" && argc == 2) code = facts();
  if (work == "start_stop" && argc == 4) code = start_stop(std::atol(argv[2]), argv[3]);
  if (work == "idle" && argc == 4) code = idle(std::atol(argv[2]), argv[3]);
  if (work == "store" && argc == 3) code = store_work(std::strtoull(argv[2], nullptr, 10));
  if (code == 2) {
    std::fputs(
        "usage: life_work facts | start_stop <times> <url> | idle <seconds> <url> | store "
        "<batches>\n",
        stderr);
  }
  return code;
}
