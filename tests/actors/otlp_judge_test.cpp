#include "actors/otlp_judge.h"

#include <gtest/gtest.h>

namespace posthaste::actors {
namespace {

Judgement judged(int status, std::optional<wire::OtlpReply> reply = wire::OtlpReply{}) {
  OtlpAnswerFacts facts;
  facts.status = status;
  facts.reply = std::move(reply);
  return judge_otlp(facts, 5);
}

TEST(OtlpJudge, SendsAgainOnlyWhatTheSpecificationAllows) {
  for (const int status : {429, 502, 503, 504}) {
    EXPECT_EQ(judged(status).verdict, Verdict::retry_later) << status;
  }
  for (const int status : {400, 401, 403, 404, 405, 408, 415, 500, 501, 505}) {
    EXPECT_EQ(judged(status).verdict, Verdict::drop) << status;
    EXPECT_EQ(judged(status).reason, DropReason::rejected) << status;
  }
  EXPECT_EQ(judged(304).verdict, Verdict::retry_later);
}

TEST(OtlpJudge, SplitsWhatIsTooLargeAndDropsASingleItemThatIs) {
  EXPECT_EQ(judged(413).verdict, Verdict::split);
  OtlpAnswerFacts facts;
  facts.status = 413;
  EXPECT_EQ(judge_otlp(facts, 1).verdict, Verdict::drop);
  EXPECT_EQ(judge_otlp(facts, 1).reason, DropReason::too_large);
}

TEST(OtlpJudge, CountsWhatAPartialSuccessRejects) {
  EXPECT_EQ(judged(200).refused_unnamed, 0u);
  const Judgement some = judged(200, wire::OtlpReply{2, "too old\nor so"});
  EXPECT_EQ(some.verdict, Verdict::delivered);
  EXPECT_EQ(some.refused_unnamed, 2u);
  EXPECT_EQ(some.accepted, 3u);
  EXPECT_EQ(some.message.find('\n'), std::string::npos);
  const Judgement more = judged(200, wire::OtlpReply{9, ""});
  EXPECT_EQ(more.refused_unnamed, 5u);
  EXPECT_TRUE(more.inconsistent);
}

TEST(OtlpJudge, TakesAnUnreadableSuccessForOne) {
  const Judgement judgement = judged(200, std::nullopt);
  EXPECT_EQ(judgement.verdict, Verdict::delivered);
  EXPECT_TRUE(judgement.inconsistent);
}

TEST(OtlpJudge, HonoursRetryAfterAndSlowsDown) {
  OtlpAnswerFacts facts;
  facts.status = 429;
  facts.retry_after = std::chrono::seconds(7);
  const Judgement judgement = judge_otlp(facts, 5);
  EXPECT_EQ(judgement.delay_hint, std::chrono::seconds(7));
  EXPECT_TRUE(judgement.slow_down);
  EXPECT_FALSE(judged(502).slow_down);
}

TEST(OtlpJudge, KeepsWhatHadNoAnswer) {
  OtlpAnswerFacts facts;
  facts.failure = TransportFailure{ErrorCode::connection_lost, true};
  EXPECT_EQ(judge_otlp(facts, 5).verdict, Verdict::retry_later);
  EXPECT_TRUE(judge_otlp(facts, 5).ambiguous);
  facts.failure = TransportFailure{ErrorCode::certificate_rejected, false};
  EXPECT_EQ(judge_otlp(facts, 5).pace, Pace::certificate);
}

}  // namespace
}  // namespace posthaste::actors
