#include "actors/retry_policy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace posthaste::actors {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

Judgement retry_later() {
  return {};
}

Judgement with_pace(Pace pace) {
  Judgement judgement;
  judgement.pace = pace;
  return judgement;
}

Attempts attempts(std::uint32_t failures) {
  Attempts attempts;
  attempts.failures = failures;
  return attempts;
}

template <class Step>
const Step& as(const NextStep& next) {
  return std::get<Step>(next);
}

TEST(RetryPolicy, ItsFirstEightDelaysAreThoseOfTheHeader) {
  const RetryPolicy policy({}, 1);
  std::vector<double> seconds;
  for (std::uint32_t n = 1; n <= 8; ++n) {
    const double delay = std::chrono::duration<double>(policy.delay(retry_later(), n, 1)).count();
    seconds.push_back(std::floor(delay * 1000) / 1000);
  }
  EXPECT_EQ(seconds,
            (std::vector<double>{0.876, 1.846, 2.901, 7.046, 3.709, 7.657, 1.534, 46.219}));
}

TEST(RetryPolicy, EachDelayIsSpreadBetweenNothingAndItsCeiling) {
  const std::vector<nanoseconds> ceilings{1s, 2s, 4s, 8s, 16s, 32s, 64s, 120s, 120s};
  const RetryPolicy policy({}, 42);
  for (std::uint32_t n = 1; n <= ceilings.size(); ++n) {
    nanoseconds least = nanoseconds::max();
    nanoseconds most{0};
    for (std::uint64_t body = 0; body < 2'000; ++body) {
      const nanoseconds delay = policy.delay(retry_later(), n, body);
      least = std::min(least, delay);
      most = std::max(most, delay);
    }
    EXPECT_GE(least, 0s);
    EXPECT_LT(least, ceilings[n - 1] / 50);
    EXPECT_LE(most, ceilings[n - 1]);
    EXPECT_GT(most, ceilings[n - 1] * 49 / 50);
  }
}

TEST(RetryPolicy, IsPureAndTellsProcessesAndBodiesApart) {
  std::set<nanoseconds> delays;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (std::uint64_t body = 0; body < 50; ++body) {
      const RetryPolicy policy({}, seed);
      const nanoseconds delay = policy.delay(retry_later(), 5, body);
      EXPECT_EQ(delay, policy.delay(retry_later(), 5, body));
      delays.insert(delay);
    }
  }
  EXPECT_GT(delays.size(), 2'490u);
}

TEST(RetryPolicy, RetryAfterWinsWithinAnHour) {
  const RetryPolicy policy({}, 1);
  Judgement judgement = with_pace(Pace::quota);
  judgement.delay_hint = 7s;
  EXPECT_EQ(policy.delay(judgement, 8, 1), 7s);
  judgement.delay_hint = 0s;
  EXPECT_EQ(policy.delay(judgement, 8, 1), 0s);
  judgement.delay_hint = 100'000s;
  EXPECT_EQ(policy.delay(judgement, 8, 1), 1h);
}

TEST(RetryPolicy, CertificatesAndQuotasWaitMinutes) {
  const RetryPolicy policy({}, 3);
  for (std::uint32_t n = 1; n <= 20; ++n) {
    for (std::uint64_t body = 0; body < 50; ++body) {
      const nanoseconds certificate = policy.delay(with_pace(Pace::certificate), n, body);
      EXPECT_GE(certificate, 1min);
      EXPECT_LE(certificate, 15min);
      const nanoseconds quota = policy.delay(with_pace(Pace::quota), n, body);
      EXPECT_GE(quota, 5min);
      EXPECT_LE(quota, 15min);
    }
  }
}

TEST(RetryPolicy, SendsAgainWhileTheBodyMayStayInMemory) {
  const RetryPolicy policy({}, 1);
  const NextStep next = policy.next(retry_later(), attempts(1), 1);
  EXPECT_EQ(as<SendAgain>(next).delay, policy.delay(retry_later(), 1, 1));
}

TEST(RetryPolicy, PutsABodyAwayThatWouldWaitTooLong) {
  const RetryPolicy policy({}, 1);
  Attempts late = attempts(1);
  late.in_memory = 29'900ms;
  EXPECT_EQ(as<PutAway>(policy.next(retry_later(), late, 1)).delay,
            policy.delay(retry_later(), 1, 1));
  Judgement judgement;
  judgement.delay_hint = 60s;
  EXPECT_EQ(as<PutAway>(policy.next(judgement, attempts(1), 1)).delay, 60s);
}

TEST(RetryPolicy, GivesUpAfterTenFailuresThatMayBeTheBodysOwn) {
  const RetryPolicy policy({}, 1);
  Attempts many = attempts(9);
  many.blamed = 9;
  EXPECT_FALSE(std::holds_alternative<GiveUp>(policy.next(retry_later(), many, 1)));
  many.blamed = 10;
  EXPECT_EQ(as<GiveUp>(policy.next(retry_later(), many, 1)).reason, DropReason::poison);
}

TEST(RetryPolicy, NeverGivesUpBecauseTheNetworkIsAway) {
  const RetryPolicy policy({}, 1);
  EXPECT_FALSE(std::holds_alternative<GiveUp>(policy.next(retry_later(), attempts(100'000), 1)));
}

TEST(RetryPolicy, GivesUpWhenTheServiceWouldRefuseTheAge) {
  const RetryPolicy policy({}, 1);
  Attempts old = attempts(1);
  old.age = 47h - 1s;
  EXPECT_FALSE(std::holds_alternative<GiveUp>(policy.next(retry_later(), old, 1)));
  old.age = 47h;
  EXPECT_EQ(as<GiveUp>(policy.next(retry_later(), old, 1)).reason, DropReason::expired);
}

}  // namespace
}  // namespace posthaste::actors
