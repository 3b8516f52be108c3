#include "tests/tools/emulator/sample_items.h"
#include "tests/tools/program.h"

#include "persistence/store.h"
#include "runtime/config/connection_string.h"
#include "runtime/config/final_output.h"
#include "runtime/wire/gzip.h"
#include "runtime/wire/item_map.h"
#include "tools/emulator/emulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <filesystem>
#include <fstream>
#include <thread>

namespace posthaste::tools {
namespace {

using ::testing::HasSubstr;
using testing::Outcome;

constexpr std::string_view key = "11111111-2222-3333-4444-555555555555";

/// An emulator in this process whose clock stands at the samples' time.
class RunningEmulator {
public:
  explicit RunningEmulator(std::vector<std::string> faults = {}) {
    EmulatorSettings settings;
    for (const std::string& spec : faults) settings.faults.push_back(*parse_fault(spec));
    settings.control_port = 0;
    auto started = Emulator::start(std::move(settings), clock_);
    if (!started) std::abort();
    emulator_ = std::move(*started);
    port_ = emulator_->address().http;
    thread_ = std::thread([this] { emulator_->run(); });
  }
  ~RunningEmulator() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    emulator_->stop();
    thread_.join();
  }
  /// Nobody listens any more.
  void close() {
    stop();
    emulator_.reset();
  }
  std::string connection_string() const {
    return "InstrumentationKey=" + std::string(key) +
           ";IngestionEndpoint=http://127.0.0.1:" + std::to_string(port_) + '/';
  }
  boost::json::object summary() {
    stop();
    return boost::json::parse(emulator_->summary()).as_object();
  }

private:
  class StandingClock final : public Clock {
    WallTime wall() const noexcept override { return testing::sample_time; }
    SteadyTime steady() const noexcept override { return {}; }
  };
  StandingClock clock_;
  std::unique_ptr<Emulator> emulator_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

struct StoreCommand : ::testing::Test {
  StoreCommand() {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory.parent_path());
  }
  ~StoreCommand() override { std::filesystem::remove_all(directory.parent_path()); }

  static persistence::QueueId queue_of(const std::string& connection_string) {
    const auto parsed = config::parse_connection_string(connection_string);
    return {
        config::output_identity(config::track_url(*parsed), parsed->instrumentation_key.reveal())};
  }

  /// A store with `batches` of `lines` requests each.
  void fill(persistence::QueueId queue, std::uint32_t batches, std::uint32_t lines) {
    persistence::StoreOptions options;
    options.directory = directory;
    auto store = persistence::Store::open(std::move(options));
    ASSERT_TRUE(store.has_value()) << store.error().message();
    for (std::uint32_t batch = 0; batch < batches; ++batch) {
      std::string plain;
      wire::ItemMap map;
      for (std::uint32_t line = 0; line < lines; ++line) {
        plain += testing::good_request(std::to_string(++last_id_)) + '\n';
        map.add(1);
      }
      wire::Compressor compressor;
      wire::ByteBuffer body;
      wire::ByteBuffer user;
      ASSERT_TRUE(compressor.gzip(std::as_bytes(std::span(plain)), body).has_value());
      map.append_to(user);
      persistence::NewBatch entry{{}, {body.bytes()}, user.bytes()};
      entry.header.queue = queue;
      entry.header.origin.extent_begin = last_id_;
      entry.header.records = entry.header.items = lines;
      ASSERT_TRUE((*store)->append({&entry, 1}).has_value());
    }
  }
  Outcome run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "store");
    arguments.push_back(directory);
    return testing::run(std::move(arguments));
  }
  Outcome drain(const RunningEmulator& emulator, std::vector<std::string> more = {}) {
    more.insert(more.begin(),
                {"drain", "--json", "--connection-string", emulator.connection_string()});
    return run(std::move(more));
  }
  boost::json::object listing() {
    return boost::json::parse(run({"ls", "--json"}).out).as_object();
  }

  const std::filesystem::path directory =
      std::filesystem::path(::testing::TempDir()) /
      (std::string("posthaste_store_command_") +
       ::testing::UnitTest::GetInstance()->current_test_info()->name()) /
      "store";
  std::uint32_t last_id_ = 0;
};

TEST_F(StoreCommand, ListsBatches) {
  fill({7}, 2, 3);
  const Outcome outcome = run({"ls"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("0000000000000007"));
  EXPECT_THAT(outcome.out, HasSubstr("2 batches, 6 records"));
  const auto json = listing();
  EXPECT_TRUE(json.at("whole").as_bool());
  ASSERT_EQ(json.at("batches").as_array().size(), 2u);
  EXPECT_EQ(json.at("batches").at(0).at("items").as_int64(), 3);
}

TEST_F(StoreCommand, TellsAWholeStoreFromADamagedOne) {
  fill({7}, 3, 3);
  EXPECT_EQ(run({"verify"}).exit_code, 0);
  const auto file = directory / "data.mdb";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  const Outcome outcome = run({"verify"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("NOT WHOLE"));
  EXPECT_EQ(run({"ls"}).exit_code, 1);
}

TEST_F(StoreCommand, SaysWhenThereIsNoStore) {
  for (const char* verb : {"ls", "verify"}) {
    const Outcome outcome = run({verb});
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_THAT(outcome.err, HasSubstr(directory.string()));
  }
}

TEST_F(StoreCommand, DrainsWhatBelongsToTheEndpoint) {
  RunningEmulator emulator;
  fill(queue_of(emulator.connection_string()), 3, 5);
  fill({7}, 1, 1);
  const Outcome outcome = drain(emulator);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  const auto report = boost::json::parse(outcome.out).as_object();
  EXPECT_EQ(report.at("items_accepted").as_int64(), 15);
  EXPECT_EQ(report.at("batches_left").as_int64(), 0);
  EXPECT_EQ(report.at("batches_of_other_outputs").as_int64(), 1);
  EXPECT_EQ(emulator.summary().at("items").at("distinct").as_int64(), 15);
  EXPECT_EQ(listing().at("batches").as_array().size(), 1u);
}

TEST_F(StoreCommand, DrainsTheRestWhenToldTo) {
  RunningEmulator emulator;
  fill({7}, 1, 1);
  EXPECT_EQ(drain(emulator, {"--all-queues"}).exit_code, 0);
  EXPECT_EQ(listing().at("batches").as_array().size(), 0u);
}

TEST_F(StoreCommand, KeepsWhatTheEndpointDoesNotTakeNow) {
  RunningEmulator emulator;
  fill(queue_of(emulator.connection_string()), 2, 2);
  emulator.close();
  const Outcome outcome = drain(emulator);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_FALSE(boost::json::parse(outcome.out).at("stopped_by").as_string().empty());
  EXPECT_EQ(listing().at("batches").as_array().size(), 2u);
}

TEST_F(StoreCommand, KeepsTheItemsThatAreToComeAgain) {
  RunningEmulator emulator({"item=1:503,next=1"});
  fill(queue_of(emulator.connection_string()), 2, 3);
  const Outcome outcome = drain(emulator);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(boost::json::parse(outcome.out).at("items_accepted").as_int64(), 5);
  const auto left = listing().at("batches").as_array();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].at("items").as_int64(), 1);
  EXPECT_EQ(drain(emulator).exit_code, 0);
  EXPECT_EQ(emulator.summary().at("items").at("duplicates").as_int64(), 0);
}

TEST_F(StoreCommand, ForgetsItemsThatAreRefusedForGoodAndSaysSo) {
  RunningEmulator emulator({"item=0:400"});
  fill(queue_of(emulator.connection_string()), 1, 2);
  const Outcome outcome = drain(emulator);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(boost::json::parse(outcome.out).at("items_rejected").as_int64(), 1);
  EXPECT_EQ(listing().at("batches").as_array().size(), 0u);
}

TEST_F(StoreCommand, CutsBatchesThatAreTooLarge) {
  RunningEmulator emulator({"max-items=3"});
  fill(queue_of(emulator.connection_string()), 2, 10);
  const Outcome outcome = drain(emulator);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  const auto items = emulator.summary().at("items").as_object();
  EXPECT_EQ(items.at("distinct").as_int64(), 20);
  EXPECT_EQ(items.at("duplicates").as_int64(), 0);
}

TEST_F(StoreCommand, RefusesAWrongConnectionString) {
  fill({7}, 1, 1);
  EXPECT_EQ(run({"drain", "--connection-string", "nonsense"}).exit_code, 2);
  EXPECT_EQ(run({"drain"}).exit_code, 2);
}

}  // namespace
}  // namespace posthaste::tools
