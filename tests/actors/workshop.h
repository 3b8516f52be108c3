#pragma once

/// All parts of a pipeline with one output, without actors and threads: a test steps them by hand,
/// lets them die between two steps, and answers their requests as it likes. The store is a real
/// one, in memory; time is a ManualClock.

#include "actors/account.h"
#include "actors/aggregator.h"
#include "actors/batcher.h"
#include "actors/sampler.h"
#include "actors/storekeeper.h"
#include "actors/supervisor.h"
#include "actors/transmitter.h"
#include "runtime/arena/lane.h"
#include "runtime/model/record_builder.h"
#include "runtime/wire/gzip.h"
#include "tests/persistence/store_fixture.h"
#include "tests/runtime/config/final_settings_fixture.h"
#include "tests/support/manual_clock.h"

#include <gtest/gtest.h>
#include <array>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace posthaste::actors::testing_support {

using posthaste::testing_support::ManualClock;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// The requests under way, for the test to answer.
class Wire final : public Endpoint, public Deliveries {
public:
  struct Request {
    Ticket ticket;
    std::uint32_t items;
    std::vector<std::uint64_t> numbers;  // of the records in it, a line each
  };
  Wire(Answers& answers, const Clock& clock) : answers_(answers), clock_(clock) {}

  void begin(Consignment consignment) override {
    if (throw_next) {
      throw_next = false;
      throw std::runtime_error("a delivery cannot be made");
    }
    under_way.push_back({consignment.ticket, consignment.items, numbers_in(consignment)});
    EXPECT_EQ(under_way.back().numbers.size(), consignment.items);
  }
  void post(Consignment, std::function<void()>) override {}
  void cancel_all() noexcept override {
    while (!under_way.empty()) {
      fail(0, ErrorCode::request_cancelled, false);
    }
  }
  bool carries(Ticket ticket) const noexcept override {
    for (const Request& request : under_way) {
      if (request.ticket == ticket) return true;
    }
    return false;
  }

  void fail(std::size_t index, ErrorCode code, bool ambiguous) {
    finish(index, {Error(code, "scripted"), ambiguous});
  }
  void answer(std::size_t index, int status, std::string body) {
    http::Response response{.status = status,
                            .headers = {},
                            .body = std::move(body),
                            .final_url = http::Url::parse("http://127.0.0.1/").value()};
    finish(index, {std::move(response), false, status});
  }

  std::vector<Request> under_way;
  bool throw_next = false;

private:
  static std::vector<std::uint64_t> numbers_in(const Consignment& consignment) {
    std::vector<std::byte> body;
    for (const auto piece : consignment.body) body.insert(body.end(), piece.begin(), piece.end());
    wire::ByteBuffer plain;
    EXPECT_TRUE(wire::gunzip(body, 64u << 20, plain));
    std::vector<std::uint64_t> numbers;
    const std::string_view text = plain.view();
    for (std::size_t at = text.find("\"order.id\":\""); at != std::string_view::npos;
         at = text.find("\"order.id\":\"", at + 1)) {
      numbers.push_back(std::stoull(std::string(text.substr(at + 12, 20))));
    }
    return numbers;
  }
  void finish(std::size_t index, http::Outcome outcome) {
    const Request request = under_way[index];
    answers_.put({request.ticket, std::make_shared<const http::Outcome>(std::move(outcome)),
                  request.items, clock_.steady(), std::nullopt});
    under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(index));
  }

  Answers& answers_;
  const Clock& clock_;
};

/// Kicks nobody: the test steps the parts itself.
class CountedKicks final : public Kicks {
public:
  void kick(Role role, std::uint32_t) noexcept override {
    ++counts_[static_cast<std::size_t>(role)];
  }
  std::uint32_t of(Role role) const noexcept { return counts_[static_cast<std::size_t>(role)]; }

private:
  std::array<std::uint32_t, 16> counts_{};
};

struct WorkshopOptions {
  bool store = true;
  std::uint32_t batch_size = 64;
  Bytes arena{4 << 20};
  std::uint32_t segments_laid = arena::most_segments;  // that have pages at the start
  std::vector<std::string> drop = {};
  Bytes daily_budget{};
  OverBudget over_budget = OverBudget::sample;
};

class Workshop {
public:
  explicit Workshop(WorkshopOptions options = {}) {
    Settings settings;
    settings.store.enabled = options.store;
    settings.store.directory = directory_ / "store";
    settings.batch.size = options.batch_size;
    settings.batch.delay = milliseconds{100};
    settings.drop = options.drop;
    settings.outputs = {
        AzureMonitor{.daily_budget = options.daily_budget, .over_budget = options.over_budget}};
    process_.writable.push_back("/");
    auto finalized = process_.finalize(settings);
    if (!finalized) throw std::runtime_error(finalized.error().message());
    durable.settings = std::make_shared<const config::FinalSettings>(std::move(*finalized));
    const auto geometry = arena::Arena::geometry_for(options.arena, 2, 1).value();
    arena::RegionOptions wanted;
    wanted.size = arena::Arena::size_of(geometry);
    wanted.populated = wanted.size;
    wanted.recorder = false;
    region_.emplace(std::move(arena::Region::create(wanted).value()));
    durable.arena = arena::Arena::format(region_->memory(), geometry, {1, 2, 3}, 0x5eed,
                                         region_->generation_base());
    EXPECT_TRUE(region_->extend(durable.arena, std::min(geometry.segments, options.segments_laid)));
    durable.arena.set_tick_scale(TickCalibration::first());
    durable.region = &*region_;
    durable.bell = &bell_;
    durable.ingress = &ingress_;
    durable.diagnostics = &diagnostics_;
    durable.clock = &clock;
    durable.seed = 1;
    durable.kicks = &kicks_;
    durable.outputs.push_back(
        std::make_unique<Custody>(durable.arena, 0, durable.settings->outputs()[0]));
    auto made = std::make_unique<Wire>(durable.outputs[0]->answers, clock);
    requests = made.get();
    durable.endpoints.push_back(std::move(made));
    durable.sinks.emplace_back();
    durable.desk.state = options.store ? StoreState::opening : StoreState::none;
    lanes_ = arena::LaneWriter(durable.arena);
    ingress_.set(Ingress::open);
  }

  /// False: the arena is full.
  bool record(model::RecordType type = model::RecordType::span) {
    model::RecordBuilder builder(type);
    builder.text(model::EntryKind::name, "GET /")
        .attribute("order.id", static_cast<std::int64_t>(recorded + 1));
    builder.head().kind = type == model::RecordType::span ? 1 : 9;
    builder.head().sample_rate = 100;
    builder.head().start = builder.head().end = read_ticks(tick_source());
    const auto bytes = builder.bytes();
    const auto length = static_cast<std::uint32_t>(bytes.size());
    const arena::Reservation room = lanes_.reserve(0, length);
    if (room.bytes == nullptr) return false;
    std::memcpy(room.bytes + 8, bytes.data() + 8, length - 8);
    reinterpret_cast<model::RecordHead*>(room.bytes)->origin = room.place;
    lanes_.commit(room, length);
    ++recorded;
    return true;
  }

  /// Steps a part, which is made anew if it is dead. What it throws kills it.
  void step(Role role) {
    std::unique_ptr<Part>& part = parts_[role];
    if (!part) part = make(role);
    try {
      part->step(clock.steady());
    } catch (const std::exception&) {
      ++deaths;
      part.reset();
    }
  }
  void kill(Role role) {
    ++deaths;
    parts_[role].reset();
  }
  void step_all() {
    for (const Role role :
         {Role::sampler, Role::batcher, Role::transmitter, Role::storekeeper, Role::transmitter}) {
      step(role);
    }
  }

  Ledger ledger() const { return ledger_of(durable); }
  OutputLedger output() const { return ledger().outputs[0]; }
  Custody& custody() { return *durable.outputs[0]; }
  Ingress& ingress() { return ingress_; }
  std::uint32_t kicks(Role role) const noexcept { return kicks_.of(role); }

  ManualClock clock;
  std::vector<DiagnosticCode> diagnostics;  // that were said
  Durable durable;
  Wire* requests = nullptr;
  std::uint64_t recorded = 0;
  std::uint32_t deaths = 0;

private:
  std::unique_ptr<Part> make(Role role) {
    switch (role) {
      case Role::sampler: return std::make_unique<Sampler>(durable);
      case Role::batcher: return std::make_unique<Batcher>(durable, 0);
      case Role::storekeeper: return std::make_unique<Storekeeper>(durable);
      case Role::transmitter: return std::make_unique<Transmitter>(durable, 0, *requests);
      case Role::supervisor: return std::make_unique<Supervisor>(durable, RestartRule{});
      case Role::aggregator: return std::make_unique<Aggregator>(durable, 0);
      case Role::local_output: break;
    }
    throw std::logic_error("no such part here");
  }

  persistence::ScratchDirectory directory_;
  config::testing_support::MadeUpProcess process_;
  std::optional<arena::Region> region_;
  Bell bell_;
  Ingress ingress_;
  DiagnosticsSink diagnostics_{[this](const Diagnostic& said) { diagnostics.push_back(said.code); },
                               clock};
  CountedKicks kicks_;
  arena::LaneWriter lanes_;
  std::map<Role, std::unique_ptr<Part>> parts_;
};

}  // namespace posthaste::actors::testing_support
