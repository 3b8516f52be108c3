#include "actors/rate_meter.h"
#include "tests/actors/workshop.h"
#include "tests/support/dice.h"

namespace posthaste::actors::testing_support {
namespace {

constexpr milliseconds patience{150};  // after which an answer that nobody judged is judged

RequestStatistics statistics_of(const Workshop& shop) {
  return health_of(shop.durable).at(0).requests;
}

/// Until a request is under way; records something if nothing is left to send.
void have_a_request(Workshop& shop) {
  for (int i = 0; shop.requests->under_way.empty(); ++i) {
    ASSERT_LT(i, 500);
    if (i % 50 == 20) {
      ASSERT_TRUE(shop.record());
      ASSERT_TRUE(shop.record(model::RecordType::log));
    }
    shop.step_all();
    shop.clock.advance(seconds{2});
  }
}

std::uint64_t of(const std::vector<StatusCount>& counts, int status) {
  for (const StatusCount& each : counts) {
    if (each.status == status) return each.requests;
  }
  return 0;
}

std::uint64_t of(const std::vector<ExceptionCount>& counts, const std::string& kind) {
  for (const ExceptionCount& each : counts) {
    if (each.kind == kind) return each.requests;
  }
  return 0;
}

TEST(RequestStatistics, CountEachAnswerOnceWhoeverDiesMeanwhile) {
  posthaste::testing_support::Dice dice(11);
  Workshop shop;
  std::map<int, std::uint64_t> given;  // by status; 0: no answer
  constexpr int statuses[] = {200, 503, 429, 400, 404, 439, 500, 0};
  for (int round = 0; round < 300; ++round) {
    have_a_request(shop);
    const int status = statuses[dice() % 8];
    if (status == 0) {
      shop.requests->fail(0, ErrorCode::connect_failed, false);
    } else {
      shop.requests->answer(0, status, "{}");
    }
    ++given[status];
    shop.clock.advance(patience);
    if (dice() % 3 == 0) shop.kill(Role::transmitter);
    if (dice() % 5 == 0) shop.kill(Role::storekeeper);
    shop.step_all();
  }
  const RequestStatistics seen = statistics_of(shop);
  EXPECT_EQ(seen.succeeded, given[200]);
  for (const int status : {400, 404}) EXPECT_EQ(of(seen.failed, status), given[status]) << status;
  for (const int status : {503, 500}) EXPECT_EQ(of(seen.retried, status), given[status]) << status;
  for (const int status : {429, 439}) EXPECT_EQ(of(seen.throttled, status), given[status]);
  EXPECT_EQ(of(seen.exceptions, "connect_failed"), given[0]);
  EXPECT_EQ(seen.of_self_metrics, 0u);
}

TEST(RequestStatistics, CallAnAnswerASuccessThatTookSomeItems) {
  Workshop shop;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(shop.record());
  have_a_request(shop);
  shop.clock.advance(milliseconds{40});
  shop.requests->answer(0, 206,
                        R"({"itemsReceived":3,"itemsAccepted":2,"errors":[{"index":1,)"
                        R"("statusCode":400,"message":"no"}]})");
  shop.clock.advance(patience);
  shop.step_all();
  const RequestStatistics seen = statistics_of(shop);
  EXPECT_EQ(seen.succeeded, 1u);
  EXPECT_TRUE(seen.failed.empty());
  EXPECT_GE(seen.average_duration, milliseconds{40});
  EXPECT_EQ(shop.output().dropped[DropReason::rejected], 1u);
}

TEST(RequestStatistics, CountAnswersThatDoNotAddUp) {
  Workshop shop;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(shop.record());
  have_a_request(shop);
  shop.requests->answer(0, 200, R"({"itemsReceived":3,"itemsAccepted":1,"errors":[]})");
  shop.clock.advance(patience);
  shop.step_all();
  const RequestStatistics seen = statistics_of(shop);
  EXPECT_EQ(seen.succeeded, 1u);
  EXPECT_EQ(seen.inconsistent, 1u);
}

TEST(RequestStatistics, GiveStatusesBeyondTheirPlacesTogether) {
  RequestTally tally;
  for (int status = 400; status < 450; ++status) {
    Judgement judgement;
    judgement.verdict = Verdict::drop;
    judgement.status = status;
    tally.count(judgement, ErrorCode::internal, milliseconds{10});
  }
  const RequestStatistics seen = tally.read();
  EXPECT_EQ(seen.failed.size(), 24u);
  EXPECT_EQ(of(seen.failed, 0), 50u - 23u);
  EXPECT_EQ(of(seen.failed, 405), 1u);
  EXPECT_EQ(seen.average_duration, milliseconds{10});
}

/// The account by signal is the ledger's, record for record, wherever somebody dies.
TEST(SignalAccount, CountsWhatTheLedgerCounts) {
  posthaste::testing_support::Dice dice(5);
  Workshop shop({.batch_size = 16, .drop = {"order.id=*7", "log:order.id=*3"}});
  std::uint64_t spans = 0, logs = 0;
  for (int round = 0; round < 200; ++round) {
    for (unsigned i = dice() % 20; i > 0; --i) {
      const bool log = dice() % 3 == 0;
      ASSERT_TRUE(shop.record(log ? model::RecordType::log : model::RecordType::span));
      ++(log ? logs : spans);
    }
    have_a_request(shop);
    switch (dice() % 5) {
      case 0: shop.requests->answer(0, 400, "{}"); break;
      case 1: shop.requests->fail(0, ErrorCode::connection_lost, true); break;
      default: shop.requests->answer(0, 200, "{}");
    }
    shop.clock.advance(patience);
    for (const Role role : {Role::sampler, Role::batcher, Role::transmitter, Role::storekeeper}) {
      if (dice() % 4 == 0) shop.kill(role);
    }
    shop.step_all();
  }
  for (int i = 0; i < 400 && (shop.output().resident > 0 || shop.output().in_store > 0); ++i) {
    while (!shop.requests->under_way.empty()) shop.requests->answer(0, 200, "{}");
    shop.clock.advance(seconds{1});
    shop.step_all();
  }
  const OutputLedger output = shop.output();
  const SignalAccount& account = shop.custody().signals;
  EXPECT_EQ(output.resident + output.in_store, 0u);
  EXPECT_EQ(account.in_memory.read().total(), 0u);
  EXPECT_EQ(account.delivered.read().total(), output.delivered);
  model::SignalCounts ended = account.delivered.read();
  for (const SignalRow& row : account.dropped) ended += row.read();
  const model::SignalCounts collected = shop.durable.collected.read();
  EXPECT_EQ(ended, collected);
  EXPECT_EQ(account.encoded.read(), collected);
  const Counts<RefusalReason> refused = shop.durable.arena.refused();
  const Counts<RefusalReason> refused_logs = shop.durable.arena.refused_logs();
  EXPECT_EQ(collected.total() + refused.total(), shop.recorded);
  EXPECT_GT(refused_logs.total(), 0u);
  EXPECT_GE(collected[model::Signal::log] + refused_logs.total(), logs);
  EXPECT_GE(collected[model::Signal::span] + refused.total() - refused_logs.total(), spans);
}

TEST(RateMeter, TellsTheRateOfTheLastMinuteAndOfQuiet) {
  posthaste::testing_support::ManualClock clock;
  RateMeter meter;
  EXPECT_EQ(meter.per_second(clock.steady(), 0), 0);
  for (std::uint64_t second = 0; second <= 100; ++second) {
    meter.note(clock.steady(), second * 50);
    clock.advance(seconds{1});
  }
  EXPECT_NEAR(meter.per_second(clock.steady(), 101 * 50), 50, 1);
  clock.advance(seconds{120});
  EXPECT_EQ(meter.per_second(clock.steady(), 101 * 50), 0);
}

}  // namespace
}  // namespace posthaste::actors::testing_support
