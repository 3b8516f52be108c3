#include "actors/judge.h"

#include "actors/endpoint.h"

#include <gtest/gtest.h>

namespace posthaste::actors {
namespace {

AnswerFacts answer(int status, std::optional<wire::TrackReply> reply = std::nullopt) {
  AnswerFacts facts;
  facts.status = status;
  facts.reply = std::move(reply);
  return facts;
}

wire::TrackReply reply(std::uint64_t received, std::uint64_t accepted,
                       std::vector<wire::TrackError> errors = {}) {
  wire::TrackReply reply;
  reply.items_received = received;
  reply.items_accepted = accepted;
  reply.errors = std::move(errors);
  return reply;
}

wire::TrackError error(std::uint32_t index, int status) {
  return {index, status, ""};
}

Judgement no_answer(ErrorCode code, bool ambiguous) {
  AnswerFacts facts;
  facts.failure = TransportFailure{code, ambiguous};
  return judge(facts, 5);
}

TEST(Judge, KeepsTheServicesWordsOfWhatItDidNotTake) {
  const auto refused = [](int status, std::uint64_t accepted) {
    return judge(answer(status, reply(2, accepted, {{1, 400, "Invalid\ninstrumentation key"}})), 2);
  };
  EXPECT_EQ(refused(206, 1).message, "Invalid\\x0ainstrumentation key");  // one line
  EXPECT_EQ(refused(400, 0).message, "Invalid\\x0ainstrumentation key");
  EXPECT_EQ(judge(answer(400), 2).message, "");
  // 206 of an item that ingestion sampled out: taken, nothing to complain about.
  EXPECT_EQ(judge(answer(206, reply(2, 2, {{1, 206, "sampled out"}})), 2).message, "");
}

TEST(Judge, A200IsDelivered) {
  const Judgement judgement = judge(answer(200, reply(5, 5)), 5);
  EXPECT_EQ(judgement.verdict, Verdict::delivered);
  EXPECT_EQ(judgement.accepted, 5u);
  EXPECT_FALSE(judgement.inconsistent);
}

TEST(Judge, A2xxThatCannotBeReadIsDeliveredAndCounted) {
  for (const int status : {200, 202, 204, 206}) {
    const Judgement judgement = judge(answer(status), 5);
    EXPECT_EQ(judgement.verdict, Verdict::delivered);
    EXPECT_EQ(judgement.accepted, 5u);
    EXPECT_TRUE(judgement.inconsistent);
  }
}

TEST(Judge, AnAnswerWhoseBodyIsTooLongStillHasItsStatus) {
  const auto judged = [](ErrorCode code, int status) {
    const http::Outcome outcome{Error(code, "its body is longer than 65536 bytes"), true, status};
    return judge(facts_of(outcome, 5, WallTime{}), 5);
  };
  for (const int status : {200, 206}) {
    const Judgement taken = judged(ErrorCode::response_too_large, status);
    EXPECT_EQ(taken.verdict, Verdict::delivered) << "or it would be sent again for ever";
    EXPECT_TRUE(taken.inconsistent);
    EXPECT_FALSE(taken.ambiguous);
  }
  EXPECT_EQ(judged(ErrorCode::response_too_large, 400).verdict, Verdict::drop);
  EXPECT_EQ(judged(ErrorCode::response_too_large, 503).verdict, Verdict::retry_later);
  for (const auto& [code, status] :
       {std::pair{ErrorCode::response_too_large, 0}, std::pair{ErrorCode::bad_response, 200},
        std::pair{ErrorCode::connection_lost, 200}}) {
    const Judgement unknown = judged(code, status);
    EXPECT_EQ(unknown.verdict, Verdict::retry_later);
    EXPECT_TRUE(unknown.ambiguous);
  }
}

TEST(Judge, A200WithFewerAcceptedAndNoErrorsIsDeliveredAndCounted) {
  const Judgement judgement = judge(answer(200, reply(5, 3)), 5);
  EXPECT_EQ(judgement.verdict, Verdict::delivered);
  EXPECT_TRUE(judgement.retry.empty()) << "what may have been accepted is never sent again";
  EXPECT_TRUE(judgement.inconsistent);
}

TEST(Judge, A206IsJudgedLineByLine) {
  const Judgement judgement = judge(
      answer(206, reply(6, 2, {error(0, 429), error(2, 400), error(3, 206), error(5, 500)})), 6);
  EXPECT_EQ(judgement.verdict, Verdict::partial);
  EXPECT_EQ(judgement.retry, (std::vector<std::uint32_t>{0, 5}));
  ASSERT_EQ(judgement.rejected.size(), 1u);
  EXPECT_EQ(judgement.rejected[0].index, 2u);
  EXPECT_EQ(judgement.rejected[0].status, 400);
  EXPECT_EQ(judgement.accepted, 3u) << "one of them sampled out by ingestion, which has it";
  EXPECT_TRUE(judgement.slow_down);
}

TEST(Judge, A206WithNothingWorthSendingAgainLeavesNothing) {
  const Judgement judgement = judge(answer(206, reply(2, 1, {error(1, 400)})), 2);
  EXPECT_EQ(judgement.verdict, Verdict::partial);
  EXPECT_TRUE(judgement.retry.empty());
  EXPECT_EQ(judgement.accepted + judgement.rejected.size(), 2u);
}

TEST(Judge, EveryLineIsAccountedForWhateverIsListed) {
  for (int first = 100; first < 600; first += 7) {
    for (int second = 100; second < 600; second += 11) {
      const Judgement judgement =
          judge(answer(206, reply(4, 2, {error(1, first), error(2, second)})), 4);
      if (judgement.verdict == Verdict::delivered) {
        EXPECT_EQ(judgement.accepted, 4u);
        continue;
      }
      EXPECT_EQ(judgement.verdict, Verdict::partial);
      EXPECT_EQ(judgement.accepted + judgement.retry.size() + judgement.rejected.size(), 4u);
    }
  }
}

TEST(Judge, LinesAreSentAgainForTheseStatusesOnly) {
  for (const int status : {401, 403, 408, 429, 439, 500, 502, 503, 504}) {
    EXPECT_TRUE(is_retryable_item(status)) << status;
  }
  for (const int status : {0, 200, 206, 400, 402, 404, 405, 413, 501, 505}) {
    EXPECT_FALSE(is_retryable_item(status)) << status;
  }
}

TEST(Judge, ARefusalThatListsItsLinesIsNotThatOfAll) {
  const Judgement judgement = judge(answer(400, reply(2, 0, {error(0, 400), error(1, 500)})), 2);
  EXPECT_EQ(judgement.verdict, Verdict::partial);
  EXPECT_EQ(judgement.retry, std::vector<std::uint32_t>{1});
  ASSERT_EQ(judgement.rejected.size(), 1u);
  const Judgement some = judge(answer(400, reply(2, 1, {error(0, 400)})), 2);
  EXPECT_EQ(some.accepted, 1u);
}

TEST(Judge, WhatIsRefusedForEverIsDropped) {
  for (const int status : {400, 404, 405, 406, 410, 415, 422, 501, 505}) {
    const Judgement judgement = judge(answer(status), 5);
    EXPECT_EQ(judgement.verdict, Verdict::drop) << status;
    EXPECT_EQ(judgement.reason, DropReason::rejected);
    EXPECT_EQ(judgement.status, status);
  }
}

TEST(Judge, WhatWaitingCanMendIsKept) {
  for (const int status : {301, 302, 307, 308, 401, 402, 403, 407, 408, 421, 425,
                           429, 439, 500, 502, 503, 504, 507, 520, 100, 0,   999}) {
    EXPECT_EQ(judge(answer(status), 5).verdict, Verdict::retry_later) << status;
  }
}

TEST(Judge, AUsedUpQuotaIsAskedAboutSlowly) {
  EXPECT_EQ(judge(answer(402), 5).pace, Pace::quota);
  EXPECT_EQ(judge(answer(439), 5).pace, Pace::quota);
  EXPECT_EQ(judge(answer(206, reply(1, 0, {error(0, 439)})), 1).pace, Pace::quota);
  EXPECT_EQ(judge(answer(429), 5).pace, Pace::normal);
}

TEST(Judge, ABodyThatIsTooLargeIsSplitDownToOneLine) {
  EXPECT_EQ(judge(answer(413), 2).verdict, Verdict::split);
  const Judgement single = judge(answer(413), 1);
  EXPECT_EQ(single.verdict, Verdict::drop);
  EXPECT_EQ(single.reason, DropReason::too_large);
}

TEST(Judge, NoAnswerIsTriedAgainAndSaysWhetherItMayHaveArrived) {
  const Judgement refused = no_answer(ErrorCode::connect_failed, false);
  EXPECT_EQ(refused.verdict, Verdict::retry_later);
  EXPECT_FALSE(refused.ambiguous);
  EXPECT_FALSE(refused.blames_body);
  EXPECT_EQ(refused.status, 0);
  EXPECT_TRUE(no_answer(ErrorCode::request_timed_out, true).ambiguous);
  EXPECT_EQ(no_answer(ErrorCode::certificate_rejected, false).pace, Pace::certificate);
}

TEST(Judge, TheServersDelayIsPassedOn) {
  AnswerFacts facts = answer(500);
  facts.retry_after = std::chrono::seconds{7};
  const Judgement judgement = judge(facts, 1);
  EXPECT_EQ(judgement.delay_hint, std::chrono::seconds{7});
  EXPECT_TRUE(judgement.slow_down);
}

TEST(Judge, OnlyFailuresThatMayBeTheBodysOwnCountTowardsPoison) {
  EXPECT_TRUE(judge(answer(500), 1).blames_body);
  EXPECT_TRUE(judge(answer(206, reply(2, 1, {error(0, 500)})), 2).blames_body);
  for (const int status : {401, 403, 408, 429, 439, 502, 503, 504}) {
    EXPECT_FALSE(judge(answer(status), 1).blames_body) << status;
  }
}

}  // namespace
}  // namespace posthaste::actors
