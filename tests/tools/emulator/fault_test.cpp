#include "tools/emulator/fault.h"

#include "tools/emulator/fault_plan.h"

#include "tests/support/manual_clock.h"

#include <gtest/gtest.h>
#include <boost/json.hpp>

namespace posthaste::tools {
namespace {

using namespace std::chrono_literals;

Fault parsed(std::string_view spec) {
  auto fault = parse_fault(spec);
  EXPECT_TRUE(fault.has_value()) << spec << ": " << (fault ? "" : fault.error().message());
  return fault ? *fault : Fault{};
}

TEST(Fault, ReadsEveryPartOfTheGrammar) {
  EXPECT_EQ(parsed("status=503,retry-after=2").effect.status, 503u);
  EXPECT_EQ(parsed(R"(status=429,retry-after="Sun, 06 Nov 1994 08:49:37 GMT")").effect.retry_after,
            "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parsed("delay=100ms").effect.delay, 100ms);
  EXPECT_EQ(parsed("delay=1.5s").effect.delay, 1500ms);
  EXPECT_EQ(parsed("delay=1m").effect.delay, 60s);
  EXPECT_EQ(parsed("cut=mid-request").effect.cut, CutPoint::mid_request);
  EXPECT_TRUE(parsed("cut=rst").effect.reset);
  EXPECT_TRUE(parsed("blackhole").effect.blackhole);
  EXPECT_TRUE(parsed("refuse,for=6s").effect.refuse);
  EXPECT_TRUE(parsed("stall-handshake").at_connection());
  EXPECT_EQ(parsed("tls=expired").effect.tls, TlsFault::expired);
  EXPECT_DOUBLE_EQ(parsed("items=10%:503").effect.items_share, 0.1);
  EXPECT_EQ(parsed("item=3:400").effect.item_index, 3u);
  EXPECT_EQ(parsed("redirect=https://evil.test/").effect.redirect, "https://evil.test/");
  EXPECT_EQ(parsed("drip").effect.drip, 1000ms);
  EXPECT_EQ(parsed("drip=5ms").effect.drip, 5ms);
  EXPECT_EQ(parsed("tarpit=100").effect.tarpit, 100u);
  EXPECT_EQ(parsed("max-items=100").effect.most_items, 100u);
  EXPECT_EQ(parsed("answer=gzip-bomb").effect.bad_answer, BadAnswer::gzip_bomb);
  EXPECT_EQ(parsed("status=500,taken=yes").effect.take, true);
  EXPECT_EQ(parsed("blackhole,after=10s,for=6s").scope.after, 10s);
  EXPECT_EQ(parsed("blackhole,for=6s").scope.length, 6s);
  EXPECT_DOUBLE_EQ(parsed("blackhole,rate=10%").scope.rate, 0.1);
  EXPECT_EQ(parsed("blackhole,next=3").scope.next, 3u);
  EXPECT_EQ(parsed("blackhole,only=otlp").scope.only, IntakeKind::otlp);
  EXPECT_EQ(parsed("refuse,only=track").scope.only, IntakeKind::track);
}

TEST(Fault, NamesThePartThatIsWrong) {
  for (const std::string_view spec : {"",
                                      "for=6s",
                                      "retry-after=2",
                                      "rst",
                                      "nonsense",
                                      "status=abc",
                                      "status=99",
                                      "status=600",
                                      "delay=5",
                                      "delay=-1s",
                                      "delay=s",
                                      "cut=later",
                                      "tls=bad",
                                      "items=10%",
                                      "items=101%:503",
                                      "item=x:400",
                                      "blackhole=1",
                                      "rate=x,blackhole",
                                      "next=0,blackhole",
                                      "taken=maybe",
                                      "blackhole,only=logs",
                                      "tls=expired,only=otlp",
                                      "answer=good",
                                      "tarpit=0",
                                      "max-items=0",
                                      "redirect=",
                                      "status=503,,delay=1s",
                                      "redirect=https://a/\r\nX: y"}) {
    const auto fault = parse_fault(spec);
    ASSERT_FALSE(fault.has_value()) << spec;
    EXPECT_EQ(fault.error().code(), ErrorCode::invalid_argument);
    EXPECT_NE(fault.error().message().find("--help"), std::string::npos);
  }
}

TEST(Fault, TakesTheItemsUnlessTheServiceCannotHaveThem) {
  for (const std::string_view spec :
       {"delay=1s", "cut=after-request", "cut=mid-answer", "cut=rst", "drip", "items=10%:503",
        "status=500,taken=yes", "answer=huge", "blackhole,taken=yes", "status=206"}) {
    EXPECT_TRUE(parsed(spec).effect.takes_items()) << spec;
  }
  for (const std::string_view spec :
       {"status=503", "blackhole", "cut=mid-request", "cut=before-request",
        "redirect=https://a.test/", "cut=mid-request,taken=yes", "delay=1s,taken=no"}) {
    EXPECT_FALSE(parsed(spec).effect.takes_items()) << spec;
  }
}

struct FaultPlanTest : ::testing::Test {
  void add(std::string_view spec) { plan.add(parsed(spec), clock.steady()); }
  FaultEffect next() { return plan.at_request(clock.steady(), IntakeKind::track); }

  testing_support::ManualClock clock;
  FaultPlan plan;
};

TEST_F(FaultPlanTest, AppliesFromAfterForAsLongAsItSays) {
  add("status=503,after=10s,for=6s");
  EXPECT_EQ(next().status, 0u);
  clock.advance(10s);
  EXPECT_EQ(next().status, 503u);
  clock.advance(6s - 1ns);
  EXPECT_EQ(next().status, 503u);
  clock.advance(1ns);
  EXPECT_EQ(next().status, 0u);
}

TEST_F(FaultPlanTest, SpreadsARateEvenly) {
  add("status=503,rate=25%");
  std::string met;
  for (int i = 0; i < 12; ++i) met += next().status == 0 ? '.' : 'x';
  EXPECT_EQ(met, "...x...x...x");
}

TEST_F(FaultPlanTest, StopsAfterItsNumberOfRequests) {
  add("status=503,next=2");
  EXPECT_EQ(next().status, 503u);
  EXPECT_EQ(next().status, 503u);
  EXPECT_EQ(next().status, 0u);
}

TEST_F(FaultPlanTest, AddsFaultsUpAndLetsTheEarlierWin) {
  add("delay=100ms");
  add("status=503");
  add("status=500,delay=1s");
  const FaultEffect effect = next();
  EXPECT_EQ(effect.delay, 100ms);
  EXPECT_EQ(effect.status, 503u);
}

TEST_F(FaultPlanTest, KeepsConnectionsAndRequestsApart) {
  add("stall-handshake,next=1");
  EXPECT_FALSE(next().stall_handshake);
  EXPECT_TRUE(plan.at_connection(clock.steady()).stall_handshake);
  EXPECT_FALSE(plan.at_connection(clock.steady()).stall_handshake);
}

TEST_F(FaultPlanTest, MeetsOnlyTheRequestsThatItIsMeantFor) {
  add("status=503,only=otlp,next=1");
  EXPECT_EQ(next().status, 0u);  // and does not count
  EXPECT_EQ(plan.at_request(clock.steady(), IntakeKind::otlp).status, 503u);
  EXPECT_EQ(plan.at_request(clock.steady(), IntakeKind::otlp).status, 0u);
  add("refuse,only=track");
  EXPECT_TRUE(plan.refusing(clock.steady(), IntakeKind::track));
  EXPECT_FALSE(plan.refusing(clock.steady(), IntakeKind::otlp));
}

TEST_F(FaultPlanTest, KnowsWhenRefusingBeginsAndEnds) {
  const SteadyTime start = clock.steady();
  add("refuse,after=10s,for=6s");
  EXPECT_FALSE(plan.refusing(clock.steady(), IntakeKind::track));
  EXPECT_EQ(plan.next_change(clock.steady()), start + 10s);
  clock.advance(10s);
  EXPECT_TRUE(plan.refusing(clock.steady(), IntakeKind::track));
  EXPECT_EQ(plan.next_change(clock.steady()), start + 16s);
  clock.advance(6s);
  EXPECT_FALSE(plan.refusing(clock.steady(), IntakeKind::track));
  EXPECT_EQ(plan.next_change(clock.steady()), std::nullopt);
}

TEST_F(FaultPlanTest, ReportsWhatItMet) {
  add("status=503,next=1");
  next();
  const auto report = boost::json::parse(plan.to_json(clock.steady())).as_array();
  ASSERT_EQ(report.size(), 1u);
  EXPECT_EQ(report[0].at("spec").as_string(), "status=503,next=1");
  EXPECT_EQ(report[0].at("met").as_int64(), 1);
  EXPECT_TRUE(report[0].at("over").as_bool());
}

TEST(ReadFaults, TakesLinesAndJson) {
  const auto count = [](std::string_view text) {
    const auto faults = read_faults(text);
    return faults ? faults->size() : 0;
  };
  EXPECT_EQ(count("status=503\r\ndelay=1s\n"), 2u);
  EXPECT_EQ(count(R"("status=503")"), 1u);
  EXPECT_EQ(count(R"({"status":503,"retry-after":2,"for":"6s","taken":"yes"})"), 1u);
  EXPECT_EQ(count(R"([{"blackhole":true,"next":1},"delay=1s"])"), 2u);
  EXPECT_EQ(read_faults(R"({"status":503,"retry-after":"a, b"})")->front().effect.retry_after,
            "a, b");
  EXPECT_EQ(read_faults(R"({"status":503,"retry-after":2})")->front().effect.retry_after, "2");
}

TEST(ReadFaults, RefusesTheRest) {
  std::string many;
  for (int i = 0; i < 65; ++i) many += "status=503\n";
  for (const std::string_view text :
       {std::string_view(""), std::string_view("[]"), std::string_view("{"),
        std::string_view(R"({"status":[503]})"), std::string_view(R"({"blackhole":false})"),
        std::string_view("[7]"), std::string_view("status=503\nnonsense"),
        std::string_view(many)}) {
    EXPECT_FALSE(read_faults(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace posthaste::tools
