#pragma once

/// A pipeline as api/telemetry.cpp makes one, in a made-up process: an arena of its own, a store in
/// a directory of its own, real threads, real HTTP. Records are written straight into lanes.

#include "actors/pipeline.h"
#include "runtime/arena/lane.h"
#include "runtime/model/record_builder.h"
#include "runtime/model/resource.h"
#include "tests/actors/scripted_ingestion.h"
#include "tests/persistence/store_fixture.h"
#include "tests/runtime/config/final_settings_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace posthaste::actors::testing_support {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Waits until it holds; false after ten seconds, or what is given.
inline bool eventually(const std::function<bool()>& holds, milliseconds within = seconds{10}) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const SteadyTime end = system_clock().steady() + within;
  while (!holds()) {
    if (system_clock().steady() > end) return false;
    never.wait_for(lock, milliseconds{2});
  }
  return true;
}

struct RigOptions {
  Settings settings = {};
  bool store = true;
  Bytes arena{8 << 20};
  RestartRule restarts{};
  std::string ca_file = {};
  std::shared_ptr<Credential> credential = nullptr;  // of the first output
  std::string vm_metadata_url = {};                  // empty: that of Azure
  std::string recorder_directory = {};               // empty: anonymous memory
  std::string store_directory = {};                  // empty: one of its own
  Bytes daily_budget{};
  OverBudget over_budget = OverBudget::sample;
  std::uint64_t first_number = 1;  // of the records; their span ids are made of it
};

class Rig {
public:
  /// One output for each connection string.
  explicit Rig(std::vector<std::string> connection_strings, RigOptions options = {})
      : options_(std::move(options)) {
    Settings settings = options_.settings;
    for (std::string& text : connection_strings) {
      settings.outputs.push_back(AzureMonitor{.connection_string = std::move(text),
                                              .ca_file = options_.ca_file,
                                              .daily_budget = options_.daily_budget,
                                              .over_budget = options_.over_budget});
    }
    settings.store.enabled = options_.store;
    if (options_.store) {
      settings.store.directory =
          options_.store_directory.empty() ? directory_ / "store" : options_.store_directory;
      process_.writable.push_back("/");
    }
    auto finalized = process_.finalize(settings);
    if (!finalized) throw std::runtime_error(finalized.error().message());
    settings_ = std::make_shared<const config::FinalSettings>(std::move(*finalized));
    make_arena();
    start();
  }
  ~Rig() { pipeline_.reset(); }

  Pipeline& operator*() { return *pipeline_; }
  Pipeline* operator->() { return pipeline_.get(); }
  const arena::Arena& arena() const { return arena_; }
  std::string store_directory() const { return directory_ / "store"; }

  /// Records `count` spans; those that found a full arena are tried again until there is room.
  void record(std::uint32_t count, std::uint32_t lane = 0) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint64_t number = options_.first_number + recorded_++;
      if (!eventually([&] { return write(number, lane); }, seconds{20})) {
        throw std::runtime_error("the arena stays full");
      }
    }
  }
  std::uint64_t recorded() const { return recorded_; }

  /// The next span, if the lane has room for it and is open: its number, else 0.
  std::uint64_t try_record(std::uint32_t lane = 0) {
    const std::uint64_t number = options_.first_number + recorded_;
    if (!write(number, lane)) return 0;
    ++recorded_;
    return number;
  }

  bool flush(milliseconds within = seconds{10}) {
    return wait([&](Pipeline::FlushDone done) {
      pipeline_->flush(system_clock().steady() + within, std::move(done));
    });
  }
  bool stop(milliseconds within = seconds{5}) {
    return wait([&](Pipeline::FlushDone done) {
      pipeline_->stop(system_clock().steady() + within, std::move(done));
    });
  }

  static std::uint64_t accounted_for(const OutputLedger& output) {
    return output.delivered + output.in_store + output.resident + output.for_others +
           output.dropped.total();
  }
  /// The law, for each output, when nothing moves. The last batch of the store may just be moving: it
  /// is counted by one thread and forgotten by another.
  void expect_sums_to_close() const {
    eventually([this] {
      const Ledger ledger = pipeline_->ledger();
      return std::all_of(ledger.outputs.begin(), ledger.outputs.end(), [&](const auto& output) {
        return ledger.accepted + output.recovered == accounted_for(output);
      });
    });
    const Ledger ledger = pipeline_->ledger();
    EXPECT_EQ(ledger.accepted, recorded_);
    for (const OutputLedger& output : ledger.outputs) {
      EXPECT_EQ(ledger.accepted + output.recovered, accounted_for(output))
          << output.name << ": delivered " << output.delivered << ", in store " << output.in_store
          << ", resident " << output.resident << ", dropped" << reasons(output.dropped)
          << ", recovered " << output.recovered << ", last error " << output.last_error;
    }
  }

  static std::string reasons(const Counts<DropReason>& drops) {
    std::string text = " " + std::to_string(drops.total());
    for (std::size_t i = 0; i < drops.size(); ++i) {
      const auto reason = static_cast<DropReason>(i);
      if (drops[reason] > 0) {
        text.append(" ")
            .append(to_string(reason))
            .append(" ")
            .append(std::to_string(drops[reason]));
      }
    }
    return text;
  }

  const Ingress& ingress() const { return ingress_; }
  /// Whether a diagnostic of that code was shown so far.
  bool said(DiagnosticCode code) const {
    const std::lock_guard lock(said_mutex_);
    return said_.contains(code);
  }
  /// What was said about the metadata of the machine so far, a line each.
  std::string said_of_metadata() const {
    const std::lock_guard lock(said_mutex_);
    return said_of_metadata_;
  }

private:
  void make_arena() {
    auto geometry = arena::Arena::geometry_for(
        options_.arena, 4, static_cast<std::uint32_t>(settings_->outputs().size()));
    if (!geometry) throw std::runtime_error(geometry.error().message());
    arena::RegionOptions wanted;
    wanted.size = arena::Arena::size_of(*geometry);
    wanted.populated = wanted.size / 4;
    wanted.recorder = !options_.recorder_directory.empty();
    wanted.directories = {options_.recorder_directory};
    wanted.random = static_cast<std::uint64_t>(system_clock().steady().time_since_epoch().count());
    auto region = arena::Region::create(wanted);
    if (!region) throw std::runtime_error(region.error().message());
    region_.emplace(std::move(*region));
    arena::ArenaId id{};
    std::memcpy(id.data(), &wanted.random, sizeof wanted.random);
    arena_ = arena::Arena::format(region_->memory(), *geometry, id, wanted.random | 1,
                                  region_->generation_base());
    auto extended = region_->extend(arena_, geometry->segments / 4);
    if (!extended) throw std::runtime_error(extended.error().message());
    arena_.set_tick_scale(TickCalibration::first());
    model::Resource resource;
    resource.set("service.name", std::string("rig"));
    arena_.set_resource(resource.bytes());
    std::memcpy(arena_.header().boot_id.data(), "this boot", 9);
    lanes_ = arena::LaneWriter(arena_);
  }

  void start() {
    PipelineParts parts;
    parts.settings = settings_;
    parts.arena = arena_;
    parts.region = &*region_;
    parts.bell = &bell_;
    parts.ingress = &ingress_;
    parts.diagnostics = &diagnostics_;
    parts.seed = 1;
    parts.orphan_directories = {};
    if (!options_.recorder_directory.empty()) {
      parts.orphan_directories.push_back(options_.recorder_directory);
    }
    parts.credentials = {options_.credential};
    parts.restart_rule = options_.restarts;
    if (!options_.vm_metadata_url.empty()) parts.vm_metadata_url = options_.vm_metadata_url;
    auto pipeline = Pipeline::start(std::move(parts));
    if (!pipeline) throw std::runtime_error(pipeline.error().message());
    pipeline_ = std::move(*pipeline);
    ingress_.set(Ingress::open);
  }

  bool write(std::uint64_t number, std::uint32_t lane) {
    model::RecordBuilder builder(model::RecordType::span);
    builder.text(model::EntryKind::name, "GET /")
        .attribute("order.id", static_cast<std::int64_t>(number));
    model::RecordHead& head = builder.head();
    head.kind = 1;
    head.sample_rate = 100;
    head.start = head.end = read_ticks(tick_source());
    std::memcpy(head.span_id.bytes.data(), &number, sizeof number);
    std::memcpy(head.trace_id.bytes.data(), &number, sizeof number);
    const auto bytes = builder.bytes();
    const auto length = static_cast<std::uint32_t>(bytes.size());
    const arena::Reservation room = lanes_.reserve(lane, length);
    if (room.bytes == nullptr) return false;
    std::memcpy(room.bytes + 8, bytes.data() + 8, length - 8);
    reinterpret_cast<model::RecordHead*>(room.bytes)->origin = room.place;
    lanes_.commit(room, length);
    bell_.ring();
    return true;
  }

  static bool wait(const std::function<void(Pipeline::FlushDone)>& ask) {
    std::mutex mutex;
    std::condition_variable told;
    std::optional<bool> answer;
    ask([&](bool complete) {
      const std::lock_guard lock(mutex);
      answer = complete;
      told.notify_one();
    });
    std::unique_lock lock(mutex);
    if (!told.wait_for(lock, seconds{60}, [&] { return answer.has_value(); })) {
      throw std::runtime_error("no answer to a flush");
    }
    return *answer;
  }

  RigOptions options_;
  persistence::ScratchDirectory directory_;
  config::testing_support::MadeUpProcess process_;
  std::shared_ptr<const config::FinalSettings> settings_;
  std::optional<arena::Region> region_;
  arena::Arena arena_;
  arena::LaneWriter lanes_;
  Bell bell_;
  Ingress ingress_;
  mutable std::mutex said_mutex_;
  std::string said_of_metadata_;
  std::set<DiagnosticCode> said_;
  DiagnosticsSink diagnostics_{[this](const Diagnostic& each) {
                                 const std::lock_guard lock(said_mutex_);
                                 said_.insert(each.code);
                                 if (each.code != DiagnosticCode::vm_metadata) return;
                                 said_of_metadata_ += each.message + '\n';
                               },
                               system_clock()};
  std::atomic<std::uint64_t> recorded_{0};
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace posthaste::actors::testing_support
