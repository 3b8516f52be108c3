#include "tests/actors/pipeline_fixture.h"

#include <gmock/gmock.h>

namespace posthaste::actors::testing_support {
namespace {

Settings quick() {
  Settings settings;
  settings.batch.delay = milliseconds{50};
  return settings;
}

TEST(Pipeline, DeliversEveryRecordOnce) {
  ScriptedIngestion server;
  Rig rig({server.connection_string()}, {.settings = quick()});
  rig.record(5'000);
  EXPECT_TRUE(rig.flush());
  EXPECT_EQ(server.distinct(), 5'000u);
  EXPECT_EQ(server.copies(), 5'000u);
  rig.expect_sums_to_close();
  EXPECT_EQ(rig->ledger().outputs[0].delivered, 5'000u);
}

TEST(Pipeline, ClosesABatchByAgeWithoutAFlush) {
  ScriptedIngestion server;
  Rig rig({server.connection_string()}, {.settings = quick()});
  rig.record(3);
  EXPECT_TRUE(eventually([&] { return server.distinct() == 3; }));
}

TEST(Pipeline, SumsCloseBeyondTheDailyBudgetAlsoWhenABatcherDies) {
  for (const OverBudget then : {OverBudget::refuse, OverBudget::sample}) {
    ScriptedIngestion server;
    Rig rig({server.connection_string()},
            {.settings = quick(), .daily_budget = {200'000}, .over_budget = then});
    for (int i = 0; i < 10; ++i) {
      rig.record(500);
      EXPECT_TRUE(rig.flush());
      if (i % 4 == 0) rig->kill(ActorName::batcher);
    }
    rig.expect_sums_to_close();
    const OutputLedger output = rig->ledger().outputs[0];
    EXPECT_EQ(output.dropped[DropReason::over_budget], 5'000 - output.delivered);
    EXPECT_GT(output.dropped[DropReason::over_budget], 1'000u);
    EXPECT_EQ(server.distinct(), output.delivered);
    EXPECT_GE(rig->health().outputs[0].encoded_today.count, 200'000u);
  }
}

TEST(Pipeline, StoresDuringAnOutageAndReplaysAfterIt) {
  ScriptedIngestion server;
  Rig rig({server.connection_string()}, {.settings = quick()});
  rig.record(500);
  ASSERT_TRUE(rig.flush());
  server.close_door();
  for (int i = 0; i < 20; ++i) {
    rig.record(500);
    EXPECT_TRUE(rig.flush());
  }
  EXPECT_GT(rig->ledger().outputs[0].in_store, 0u);
  server.open_door();
  EXPECT_TRUE(eventually([&] { return server.distinct() == rig.recorded(); }, seconds{30}));
  EXPECT_EQ(server.copies(), rig.recorded());
  EXPECT_TRUE(eventually([&] { return rig->ledger().outputs[0].in_store == 0; }));
  rig.expect_sums_to_close();
  EXPECT_GT(rig->ledger().outputs[0].replayed, 0u);
  EXPECT_EQ(rig->ledger().outputs[0].ambiguous, 0u);
}

TEST(Pipeline, SendsOnlyTheItemsAgainThatAPartialAnswerNames) {
  std::atomic<int> answers{0};
  ScriptedIngestion server([&](const Ids& ids) {
    if (++answers > 4) return accept_all(ids);
    return accept_some(ids, 500, [](std::size_t i) { return i % 3 == 0; });
  });
  Rig rig({server.connection_string()}, {.settings = quick()});
  rig.record(1'000);
  EXPECT_TRUE(rig.flush());
  EXPECT_TRUE(eventually([&] { return server.distinct() == 1'000; }));
  EXPECT_EQ(server.copies(), 1'000u);
  EXPECT_TRUE(eventually([&] { return rig->ledger().outputs[0].in_store == 0; }));
  rig.expect_sums_to_close();
}

TEST(Pipeline, CountsItemsThatTheServiceRefusesForGood) {
  ScriptedIngestion server([](const Ids& ids) {
    return accept_some(ids, 400, [](std::size_t i) { return i % 10 == 0; });
  });
  Rig rig({server.connection_string()}, {.settings = quick()});
  rig.record(512);
  EXPECT_TRUE(rig.flush());
  const Ledger ledger = rig->ledger();
  EXPECT_EQ(ledger.outputs[0].dropped[DropReason::rejected], 512u - server.distinct());
  EXPECT_GT(ledger.outputs[0].dropped[DropReason::rejected], 0u);
  rig.expect_sums_to_close();
}

TEST(Pipeline, SlicesABodyThatIsTooLarge) {
  ScriptedIngestion server(
      [](const Ids& ids) { return ids.size() > 100 ? Reply{.status = 413} : accept_all(ids); });
  Rig rig({server.connection_string()}, {.settings = quick()});
  rig.record(512);
  EXPECT_TRUE(rig.flush());
  EXPECT_EQ(server.distinct(), 512u);
  EXPECT_EQ(server.copies(), 512u);
  rig.expect_sums_to_close();
}

TEST(Pipeline, KeepsTwoOutputsApart) {
  ScriptedIngestion alive;
  ScriptedIngestion dead;
  dead.close_door();
  Rig rig({alive.connection_string(), dead.connection_string()}, {.settings = quick()});
  rig.record(4'000);
  EXPECT_TRUE(rig.flush());
  EXPECT_EQ(alive.distinct(), 4'000u);
  EXPECT_EQ(alive.copies(), 4'000u);
  rig.expect_sums_to_close();
  EXPECT_EQ(rig->ledger().outputs[1].in_store, 4'000u);
}

TEST(Pipeline, NeverSendsATokenWithoutTls) {
  class OneToken final : public Credential {
  public:
    Result<Secret> token() override { return Secret("a-token-of-somebody"); }
    void refused(const Secret&) override {}
  };
  ScriptedIngestion server;
  Rig rig({server.connection_string()},
          {.settings = quick(), .credential = std::make_shared<OneToken>()});
  rig.record(10);
  rig.stop();
  EXPECT_EQ(server.requests(), 0u);
  const OutputLedger output = rig->ledger().outputs[0];
  EXPECT_EQ(output.in_store, 10u);
  EXPECT_THAT(output.last_error, testing::HasSubstr("over https only"));
  EXPECT_THAT(output.last_error, testing::Not(testing::HasSubstr("of-somebody")));
}

TEST(Pipeline, WithoutAStoreHoldsOnUntilTheEndpointIsBack) {
  ScriptedIngestion server;
  server.close_door();
  Rig rig({server.connection_string()}, {.settings = quick(), .store = false});
  rig.record(1'000);
  EXPECT_FALSE(rig.flush(milliseconds{300}));
  server.open_door();
  EXPECT_TRUE(rig.flush(seconds{20}));
  EXPECT_EQ(server.distinct(), 1'000u);
  EXPECT_EQ(server.copies(), 1'000u);
  rig.expect_sums_to_close();
}

TEST(Pipeline, WithoutAStoreDropsTheOldestWhenAnOutputHoldsMoreThanItsShare) {
  ScriptedIngestion server;
  server.close_door();
  Rig rig({server.connection_string()}, {.settings = quick(), .store = false, .arena = {4 << 20}});
  rig.record(40'000);
  EXPECT_FALSE(rig.flush(milliseconds{200}));
  EXPECT_TRUE(eventually([&] { return rig->ledger().outputs[0].dropped[DropReason::lag] > 0; },
                         seconds{30}));
  EXPECT_TRUE(eventually([&] { return rig.said(DiagnosticCode::records_dropped); }));
  server.open_door();
  EXPECT_TRUE(rig.flush(seconds{30}));
  rig.expect_sums_to_close();
  EXPECT_EQ(server.copies(), server.distinct());
}

TEST(Pipeline, StopsInTimeInFrontOfABlackHoleAndStoresWhatIsLeft) {
  ScriptedIngestion server([](const Ids&) { return Reply{.never = true}; });
  Rig rig({server.connection_string()}, {.settings = quick()});
  rig.record(3'000);
  ASSERT_TRUE(eventually([&] { return server.requests() > 0; }));
  const SteadyTime begin = system_clock().steady();
  EXPECT_TRUE(rig.stop(milliseconds{1'500}));
  EXPECT_LT(system_clock().steady() - begin, milliseconds{1'700});
  const Ledger ledger = rig->ledger();
  EXPECT_EQ(ledger.outputs[0].in_store, 3'000u);
  EXPECT_GT(ledger.outputs[0].ambiguous, 0u);
  rig.expect_sums_to_close();
  EXPECT_TRUE(rig->end(milliseconds{500}));
}

TEST(Pipeline, StoresAtOnceWhenThereIsNoTimeToSend) {
  ScriptedIngestion server([](const Ids&) { return Reply{.never = true}; });
  Rig rig({server.connection_string()});
  rig.record(2'000);
  EXPECT_TRUE(rig.stop(milliseconds{900}));
  EXPECT_EQ(rig->ledger().outputs[0].in_store, 2'000u);
  rig.expect_sums_to_close();
}

TEST(Pipeline, FindsInTheStoreWhatAnEarlierOneLeft) {
  ScriptedIngestion server;
  persistence::ScratchDirectory directory;
  server.close_door();
  {
    Rig rig({server.connection_string()},
            {.settings = quick(), .store_directory = directory / "s"});
    rig.record(1'500);
    EXPECT_TRUE(rig.stop());
    EXPECT_EQ(rig->ledger().outputs[0].in_store, 1'500u);
  }
  server.open_door();
  Rig rig({server.connection_string()}, {.settings = quick(), .store_directory = directory / "s"});
  EXPECT_TRUE(eventually([&] { return server.distinct() == 1'500; }));
  EXPECT_TRUE(eventually([&] { return rig->ledger().outputs[0].in_store == 0; }));
  EXPECT_EQ(server.copies(), 1'500u);
  EXPECT_EQ(rig->ledger().outputs[0].recovered, 1'500u);
  rig.expect_sums_to_close();
}

}  // namespace
}  // namespace posthaste::actors::testing_support
