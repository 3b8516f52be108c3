#include "tests/actors/workshop.h"

namespace posthaste::actors::testing_support {
namespace {

void record(Workshop& shop, int count, model::RecordType type = model::RecordType::span) {
  for (int i = 0; i < count; ++i) ASSERT_TRUE(shop.record(type));
}

/// Long enough for a transmitter to judge an answer that no delivery has judged.
constexpr milliseconds patience{150};

void accept_all(Workshop& shop) {
  while (!shop.requests->under_way.empty()) shop.requests->answer(0, 200, "{}");
  shop.clock.advance(patience);
}

void step_all(Workshop& shop, int times) {
  for (int i = 0; i < times; ++i) shop.step_all();
}

TEST(Sampler, CopiesAgainWhatADeadOneHadNotPublished) {
  Workshop shop;
  record(shop, 50);
  {
    arena::LaneReader lanes(shop.durable.arena);
    arena::LogWriter log(shop.durable.arena);
    arena::LaneReader::Batch batch;
    ASSERT_TRUE(lanes.next_batch(batch, 20));
    log.begin_step();
    for (const model::RecordHead* copied : batch.records) ASSERT_TRUE(log.append(*copied));
  }
  shop.step(Role::sampler);
  EXPECT_EQ(shop.ledger().accepted, 50u);
  arena::LogCursor cursor = arena::LogCursor::unencoded(shop.durable.arena, 0);
  int found = 0;
  while (cursor.next() != nullptr) ++found;
  EXPECT_EQ(found, 50);
}

TEST(Sampler, LeavesOutWhatTheDropRulesNameAndCountsIt) {
  Workshop shop({.drop = {"order.id=*7", "log:order.id=*1*"}});
  record(shop, 300);
  record(shop, 300, model::RecordType::log);
  std::uint64_t expected = 0;  // of 1 to 300 those that end in 7, of 301 to 600 those with a 1
  for (int i = 1; i <= 300; ++i) expected += i % 10 == 7 ? 1 : 0;
  for (int i = 301; i <= 600; ++i) {
    expected += std::to_string(i).find('1') != std::string::npos ? 1 : 0;
  }
  for (int i = 0; i < 20; ++i) {
    shop.step(Role::sampler);
    if (i % 3 == 0) shop.kill(Role::sampler);
  }
  const Ledger ledger = shop.ledger();
  EXPECT_EQ(ledger.refused[RefusalReason::filtered], expected);
  EXPECT_EQ(ledger.offered(), shop.recorded);
  for (int i = 0; i < 30; ++i) {
    shop.step_all();
    shop.clock.advance(milliseconds{100});
    accept_all(shop);
  }
  EXPECT_EQ(shop.output().delivered, shop.recorded - expected);
}

/// Steps until everything that was recorded is delivered or dropped.
void deliver_all(Workshop& shop) {
  for (int i = 0; i < 200 && (i < 3 || shop.output().resident > 0); ++i) {
    shop.step_all();
    shop.clock.advance(milliseconds{100});
    accept_all(shop);
  }
  const OutputLedger output = shop.output();
  EXPECT_EQ(output.resident, 0u);
  EXPECT_EQ(shop.ledger().accepted, output.delivered + output.in_store + output.dropped.total());
}

TEST(Batcher, RefusesBeyondTheDailyBudgetUntilTheNextDay) {
  Workshop shop({.batch_size = 10, .daily_budget = {5000}, .over_budget = OverBudget::refuse});
  const auto times_said = [&] {
    return std::count(shop.diagnostics.begin(), shop.diagnostics.end(),
                      DiagnosticCode::budget_reached);
  };
  record(shop, 200);
  deliver_all(shop);
  const std::uint64_t first_day = shop.output().delivered;
  EXPECT_GT(first_day, 0u);
  EXPECT_LT(first_day, 30u) << "about 500 bytes each";
  EXPECT_EQ(shop.output().dropped[DropReason::over_budget], 200 - first_day);
  EXPECT_EQ(times_said(), 1);

  shop.kill(Role::batcher);  // the next one knows what was used
  record(shop, 50);
  deliver_all(shop);
  EXPECT_EQ(shop.output().delivered, first_day);
  EXPECT_EQ(times_said(), 1);

  shop.clock.advance(std::chrono::hours{24});
  record(shop, 200);
  deliver_all(shop);
  EXPECT_EQ(shop.output().delivered, 2 * first_day);
  EXPECT_EQ(times_said(), 2);
  EXPECT_EQ(health_of(shop.durable)[0].encoded_today.count, shop.custody().budget_meter.used());
}

TEST(Batcher, KeepsLessAndLessBeyondTheDailyBudget) {
  Workshop shop({.batch_size = 10, .daily_budget = {50'000}});
  for (int i = 0; i < 40; ++i) {
    record(shop, 100);
    deliver_all(shop);
  }
  const OutputLedger output = shop.output();
  EXPECT_EQ(output.delivered + output.dropped[DropReason::over_budget], shop.recorded);
  EXPECT_GT(output.delivered, 100u) << "the budget";
  EXPECT_GT(shop.custody().budget_meter.used(), 60'000u);
  EXPECT_LT(shop.custody().budget_meter.used(), 100'000u);
  EXPECT_EQ(
      std::count(shop.diagnostics.begin(), shop.diagnostics.end(), DiagnosticCode::budget_reached),
      1);
}

TEST(Sampler, RefusesLogsWhileTheyHoldHalfOfTheArena) {
  Workshop shop({.arena = {2 << 20}});
  while ((shop.ingress().flags() & Ingress::logs_refused) == 0) {
    ASSERT_TRUE(shop.record(model::RecordType::log)) << "the arena was full first";
    shop.step(Role::sampler);
  }
  while ((shop.ingress().flags() & Ingress::logs_refused) != 0) {
    shop.clock.advance(milliseconds{100});
    shop.step_all();
    accept_all(shop);
    ASSERT_GT(shop.output().resident, 0u);
  }
}

TEST(Sampler, SaysThatRecordsAreRefusedAndSaysItAgainOnlyForMore) {
  Workshop shop({.store = false, .arena = {2 << 20}});
  const auto times_said = [&] {
    return std::count(shop.diagnostics.begin(), shop.diagnostics.end(),
                      DiagnosticCode::records_refused);
  };
  shop.step(Role::sampler);
  EXPECT_EQ(times_said(), 0);
  for (int i = 0; i < 2; ++i) {
    shop.durable.arena.lane(0)
        .refused[static_cast<std::size_t>(RefusalReason::arena_full)]
        .fetch_add(1);
    for (int step = 0; step < 3; ++step) {
      shop.clock.advance(seconds{40});
      shop.step(Role::sampler);
    }
    EXPECT_EQ(times_said(), i + 1);
  }
}

TEST(Transmitter, CallsARefusedRedirectByItsName) {
  Workshop shop({.batch_size = 10});
  record(shop, 10);
  shop.step_all();
  ASSERT_EQ(shop.requests->under_way.size(), 1u);
  shop.requests->fail(0, ErrorCode::redirect_refused, false);
  shop.clock.advance(patience);
  shop.step_all();
  EXPECT_EQ(shop.diagnostics, std::vector{DiagnosticCode::redirect_refused});
}

TEST(Transmitter, CallsACertificateThatDoesNotVerifyByItsName) {
  Workshop shop({.batch_size = 10});
  record(shop, 10);
  shop.step_all();
  ASSERT_EQ(shop.requests->under_way.size(), 1u);
  shop.requests->fail(0, ErrorCode::certificate_rejected, false);
  shop.clock.advance(patience);
  shop.step_all();
  EXPECT_EQ(shop.diagnostics, std::vector{DiagnosticCode::certificate_rejected});
}

TEST(Sampler, TicksFastWhileRecordsComeAndSlowlyWhenNothingDoes) {
  Workshop shop;
  Sampler sampler(shop.durable);
  record(shop, 1);
  const SteadyTime busy = shop.clock.steady();
  EXPECT_EQ(sampler.step(busy), busy + milliseconds{20});
  shop.clock.advance(seconds{1});
  const SteadyTime quiet = shop.clock.steady();
  EXPECT_EQ(sampler.step(quiet), quiet + milliseconds{100});
  shop.clock.advance(seconds{5});
  const SteadyTime idle = shop.clock.steady();
  EXPECT_EQ(sampler.step(idle), idle + seconds{1});
}

TEST(Sampler, LaysPagesAheadOfABurst) {
  Workshop shop({.arena = {32 << 20}, .segments_laid = 4});
  const arena::Arena& arena = shop.durable.arena;
  Sampler sampler(shop.durable);
  EXPECT_TRUE(arena.is_short());
  for (int burst = 0; burst < 5; ++burst) {
    sampler.step(shop.clock.steady());
    EXPECT_EQ(arena.missing_ahead(), 0u);
    const std::uint32_t ahead = arena.free_segments() - arena.floor(arena::Claim::ordinary);
    EXPECT_LT(ahead, 2 * arena::segments_ahead);
    while (arena.take_segment(arena::SegmentUse::lane, arena::Claim::ordinary)) {
    }
    EXPECT_TRUE(arena.is_short());
  }
  EXPECT_FALSE(shop.durable.arena_exhausted);
}

TEST(Batcher, MakesNoMoreBodiesThanItsWindowUntilASecondHasPassed) {
  Workshop shop({.batch_size = 10});
  record(shop, 100);
  shop.step(Role::sampler);
  for (int i = 0; i < 10; ++i) shop.step(Role::batcher);
  EXPECT_EQ(shop.custody().live_bodies(), 2u);
  EXPECT_TRUE(shop.custody().starved);
  shop.clock.advance(seconds{1});
  for (int i = 0; i < 10; ++i) shop.step(Role::batcher);
  EXPECT_EQ(shop.custody().live_bodies(), 10u);
}

TEST(Transmitter, StoresABodyThatWaitsForItsTurnForMoreThanASecond) {
  Workshop shop({.batch_size = 10});
  record(shop, 30);
  step_all(shop, 4);
  EXPECT_EQ(shop.requests->under_way.size(), 2u);
  shop.clock.advance(seconds{1});  // then the batcher makes the third although it has no credit
  step_all(shop, 4);
  EXPECT_EQ(shop.output().in_store, 0u);
  shop.clock.advance(milliseconds{1'100});
  step_all(shop, 4);
  EXPECT_EQ(shop.requests->under_way.size(), 2u);
  EXPECT_EQ(shop.output().in_store, 10u);
}

TEST(Transmitter, KeepsWhatAHangingDiskIsToTakeAndDropsTheOldestOnceTheArenaRunsShort) {
  Workshop shop;
  shop.durable.desk.state = StoreState::open;
  shop.durable.desk.busy_since = shop.clock.steady();  // and its storekeeper never steps
  const auto times_said = [&shop] {
    return std::count(shop.diagnostics.begin(), shop.diagnostics.end(),
                      DiagnosticCode::store_unavailable);
  };
  const auto intake = [&shop](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      record(shop, 64);
      for (const Role role : {Role::sampler, Role::batcher, Role::batcher, Role::transmitter}) {
        shop.step(role);
      }
      while (!shop.requests->under_way.empty()) {
        shop.requests->fail(0, ErrorCode::connect_failed, false);
      }
      shop.clock.advance(milliseconds{20});
    }
  };
  intake(50);
  EXPECT_EQ(shop.output().dropped.total(), 0u) << "the arena has room";
  EXPECT_EQ(times_said(), 0);
  intake(2'000);
  EXPECT_GT(shop.output().dropped[DropReason::store_io], 0u);
  EXPECT_EQ(shop.output().dropped[DropReason::store_io], shop.output().dropped.total());
  EXPECT_GE(times_said(), 1);
  EXPECT_EQ(shop.recorded, 2'050u * 64) << "something was refused";
  shop.durable.mode = Mode::storing;  // the disk answers again
  for (int i = 0; i < 1'000 && shop.output().resident > 0; ++i) shop.step_all();
  const OutputLedger output = shop.output();
  EXPECT_EQ(output.resident, 0u);
  EXPECT_EQ(output.in_store + output.dropped.total(), shop.recorded);
}

TEST(Transmitter, TakesALostRequestForAmbiguous) {
  Workshop shop({.batch_size = 10});
  record(shop, 10);
  shop.step_all();
  ASSERT_EQ(shop.requests->under_way.size(), 1u);
  shop.requests->under_way.clear();  // its delivery died, and with it the request
  shop.clock.advance(milliseconds{1'100});
  shop.step(Role::transmitter);
  EXPECT_EQ(shop.output().ambiguous, 10u);
  shop.clock.advance(seconds{2});
  step_all(shop, 3);
  accept_all(shop);
  shop.step_all();
  EXPECT_EQ(shop.output().delivered, 10u);
}

TEST(Transmitter, GoesOnBesideRequestsThatHang) {
  Workshop shop({.batch_size = 10});
  record(shop, 20);
  step_all(shop, 4);
  ASSERT_EQ(shop.requests->under_way.size(), 2u);  // the whole window, and it hangs
  shop.clock.advance(seconds{5});
  record(shop, 10);
  step_all(shop, 4);
  shop.clock.advance(seconds{1});
  step_all(shop, 4);
  ASSERT_EQ(shop.requests->under_way.size(), 3u);  // one tries
  shop.requests->answer(2, 200, R"({"itemsReceived":10,"itemsAccepted":10,"errors":[]})");
  record(shop, 20);
  shop.clock.advance(seconds{1});
  step_all(shop, 4);
  EXPECT_EQ(shop.requests->under_way.size(), 4u);  // and the hanging ones are in nobody's way
}

TEST(Transmitter, DuringAnOutageSendsOneProbeAndStoresTheRest) {
  Workshop shop({.batch_size = 10});
  for (int i = 0; i < 3; ++i) {
    record(shop, 10);
    step_all(shop, 3);
    while (!shop.requests->under_way.empty()) {
      shop.requests->fail(0, ErrorCode::connect_failed, false);
    }
    shop.clock.advance(seconds{1});
    shop.step_all();
  }
  record(shop, 200);
  for (int i = 0; i < 40; ++i) {
    shop.clock.advance(milliseconds{50});
    shop.step_all();
    EXPECT_LE(shop.requests->under_way.size(), 1u);
    if (i % 10 == 9 && !shop.requests->under_way.empty()) {
      shop.requests->fail(0, ErrorCode::connect_failed, false);
    }
  }
  EXPECT_GE(shop.output().in_store, 200u);
  EXPECT_EQ(shop.output().ambiguous, 0u);
}

TEST(Transmitter, IsNotMovedByAChangeOfDate) {
  Workshop shop({.batch_size = 10});
  const WallTime today = shop.clock.wall();
  for (int i = 0; i < 40; ++i) {
    if (i < 5) record(shop, 10);
    step_all(shop, 3);
    shop.clock.set_wall(today + std::chrono::hours{i % 2 == 0 ? 72 : -72});
    while (!shop.requests->under_way.empty()) {  // of bodies, and later of leases
      shop.requests->fail(0, ErrorCode::connect_failed, false);
    }
    shop.clock.advance(seconds{1});
    shop.step_all();
  }
  EXPECT_EQ(shop.output().dropped.total(), 0u);
  EXPECT_EQ(shop.output().in_store, 50u);
}

TEST(Transmitter, KicksTheStorekeeperForALeaseThatIsSettledDuringTheShutdown) {
  Workshop shop({.batch_size = 10});
  const auto fail_all = [&shop] {
    while (!shop.requests->under_way.empty()) {
      shop.requests->fail(0, ErrorCode::connect_failed, false);
    }
  };
  for (int i = 0; i < 40 && shop.output().in_store < 20; ++i) {
    record(shop, 10);
    step_all(shop, 3);
    fail_all();
    shop.clock.advance(seconds{1});
    shop.step_all();
  }
  ASSERT_GE(shop.output().in_store, 20u);
  const auto lease_is_under_way = [&shop] {
    const auto& leases = shop.custody().leases;
    return std::ranges::any_of(leases, [](const Lease& lease) { return lease.in_flight; });
  };
  for (int i = 0; i < 2'000 && !lease_is_under_way(); ++i) {
    accept_all(shop);
    shop.clock.advance(milliseconds{100});
    shop.step_all();
  }
  ASSERT_TRUE(lease_is_under_way());
  shop.durable.mode = Mode::storing;
  accept_all(shop);
  shop.clock.advance(patience);
  const std::uint64_t replayed = shop.output().replayed;
  const std::uint32_t kicks = shop.kicks(Role::storekeeper);
  shop.step(Role::transmitter);
  EXPECT_GT(shop.output().replayed, replayed);
  EXPECT_GT(shop.kicks(Role::storekeeper), kicks);
}

/// What was delivered and is still in the store is sent again by whoever comes after a kill.
TEST(Transmitter, SendsNoMoreOfTheStoreThanMayBeSentAgainAfterAKill) {
  Workshop shop({.batch_size = 10});
  for (int i = 0; i < 400 && shop.output().in_store < 600; ++i) {
    record(shop, 10);
    step_all(shop, 3);
    while (!shop.requests->under_way.empty()) {
      shop.requests->fail(0, ErrorCode::connect_failed, false);
    }
    shop.clock.advance(seconds{1});
    shop.step_all();
  }
  ASSERT_GE(shop.output().in_store, 600u);
  const std::size_t most = shop.durable.settings->max_in_flight();
  for (int i = 0; i < 2'000 && shop.requests->under_way.size() < most; ++i) {
    accept_all(shop);
    shop.step_all();
  }
  ASSERT_EQ(shop.requests->under_way.size(), most);
  const auto unforgotten = [&shop] {
    return shop.durable.desk.orders.count_if(
        [](const StoreOrder& order) { return order.kind == StoreOrder::Kind::settle; });
  };
  for (int i = 0; i < 5; ++i) {  // the storekeeper's disk is slow
    accept_all(shop);
    shop.step(Role::transmitter);
    EXPECT_LE(unforgotten() + shop.requests->under_way.size(), most);
  }
  const std::uint64_t replayed = shop.output().replayed;
  for (int i = 0; i < 10; ++i) {
    accept_all(shop);
    shop.step_all();
  }
  EXPECT_GT(shop.output().replayed, replayed);
}

TEST(Transmitter, GoesOnWhereMostOfABatchIsTaken) {
  Workshop shop({.batch_size = 10});
  for (int batch = 0; batch < 20; ++batch) {
    record(shop, 10);
    step_all(shop, 3);
    shop.clock.advance(milliseconds{10});
    step_all(shop, 3);
    while (!shop.requests->under_way.empty()) {
      const bool whole = shop.requests->under_way[0].items == 10;
      shop.requests->answer(0, whole ? 206 : 200,
                            whole ? R"({"itemsReceived":10,"itemsAccepted":9,"errors":[)"
                                    R"({"index":3,"statusCode":503,"message":"busy"}]})"
                                  : "{}");
    }
    shop.clock.advance(patience);
    step_all(shop, 3);
  }
  EXPECT_GE(shop.output().delivered, 180u) << "a busy line held up whole batches";
}

TEST(Storekeeper, MayCarryOutEveryOrderTwice) {
  Workshop shop({.batch_size = 10});
  shop.durable.mode = Mode::storing;  // all bodies go to the store
  record(shop, 100);
  const auto again = [&] {  // as if it had died before the orders left the desk
    std::vector<StoreOrder> orders;
    for (const StoreOrder* order : shop.durable.desk.orders.first(1'000)) orders.push_back(*order);
    shop.step(Role::storekeeper);
    for (StoreOrder& order : orders) shop.durable.desk.orders.push(std::move(order));
    shop.kill(Role::storekeeper);
    shop.step(Role::storekeeper);
    shop.step(Role::transmitter);
  };
  for (int i = 0; i < 30; ++i) {
    shop.step(Role::sampler);
    shop.step(Role::batcher);
    shop.step(Role::transmitter);
    again();
  }
  EXPECT_EQ(shop.output().in_store, 100u);
  EXPECT_EQ(shop.output().resident, 0u);
  shop.durable.mode = Mode::running;
  for (int i = 0; i < 100 && shop.output().in_store > 0; ++i) {
    shop.clock.advance(milliseconds{300});
    shop.step(Role::transmitter);
    again();
    accept_all(shop);
  }
  EXPECT_EQ(shop.output().delivered, 100u);
  EXPECT_EQ(shop.output().in_store, 0u);
}

TEST(Supervisor, SendsForHalfOfTheTimeAndStoresTheRest) {
  Workshop shop({.batch_size = 10});
  record(shop, 20);
  shop.step_all();
  bool told = false;
  bool complete = false;
  shop.durable.endings.ask(shop.clock.steady() + seconds{4}, [&](bool whole) {
    told = true;
    complete = whole;
  });
  shop.step(Role::supervisor);
  EXPECT_EQ(shop.durable.mode.load(), Mode::draining);
  EXPECT_EQ(shop.ingress().flags(), 0u);
  EXPECT_FALSE(shop.record()) << "the lanes are closed";
  shop.clock.advance(milliseconds{1'900});
  shop.step(Role::supervisor);
  EXPECT_EQ(shop.durable.mode.load(), Mode::draining);
  shop.clock.advance(milliseconds{200});
  shop.step(Role::supervisor);
  EXPECT_EQ(shop.durable.mode.load(), Mode::storing);
  step_all(shop, 4);
  EXPECT_FALSE(told);
  shop.clock.advance(patience);  // the cancelled requests' answers
  step_all(shop, 4);
  shop.step(Role::supervisor);
  EXPECT_TRUE(told);
  EXPECT_TRUE(complete);
  EXPECT_EQ(shop.output().in_store, 20u);
}

TEST(Supervisor, EndsAtTheDeadlineAndCountsWhatIsLost) {
  Workshop shop({.store = false, .batch_size = 10});
  record(shop, 20);
  shop.step_all();
  bool complete = true;
  shop.durable.endings.ask(shop.clock.steady() + seconds{2}, [&](bool whole) { complete = whole; });
  shop.step(Role::supervisor);
  shop.clock.advance(seconds{2});
  shop.step(Role::supervisor);
  EXPECT_FALSE(complete);
  EXPECT_EQ(shop.durable.mode.load(), Mode::ended);
  EXPECT_EQ(shop.output().dropped[DropReason::shutdown_deadline], 20u);
  EXPECT_EQ(shop.diagnostics.back(), DiagnosticCode::shutdown_incomplete);
  EXPECT_EQ(shop.output().resident, 0u);
}

TEST(Supervisor, BeyondTheLimitRestartsOnlyToEndInOrder) {
  Workshop shop;
  Supervisor supervisor(shop.durable, {.most = 2, .within = seconds{60}});
  const SteadyTime now = shop.clock.steady();
  const auto dies = [&] { return supervisor.may_restart(Role::batcher, 0, "the batcher", now); };
  EXPECT_TRUE(dies());
  EXPECT_TRUE(dies());
  EXPECT_FALSE(shop.durable.endings.deadline());
  EXPECT_TRUE(dies());
  EXPECT_TRUE(shop.durable.endings.deadline());
  EXPECT_TRUE(dies());
  EXPECT_TRUE(dies());
  EXPECT_FALSE(dies());
}

}  // namespace
}  // namespace posthaste::actors::testing_support
