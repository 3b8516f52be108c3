#include "actors/otlp_judge.h"

#include "runtime/base/utf8.h"

#include <algorithm>

namespace posthaste::actors {
namespace {

constexpr std::size_t message_limit = 256;

bool is_retryable(int status) noexcept {
  return status == 429 || (status >= 502 && status <= 504);
}

}  // namespace

Judgement judge_otlp(const OtlpAnswerFacts& answer, std::uint32_t items) {
  Judgement judgement;
  if (answer.failure) {
    judgement.ambiguous = answer.failure->ambiguous;
    if (answer.failure->code == ErrorCode::certificate_rejected) judgement.pace = Pace::certificate;
    return judgement;
  }
  const int status = answer.status;
  judgement.status = status;
  judgement.delay_hint = answer.retry_after;
  if (answer.reply) judgement.message = printable(answer.reply->message, message_limit);
  if (status >= 200 && status < 300) {
    judgement.verdict = Verdict::delivered;
    judgement.inconsistent = !answer.reply || answer.reply->rejected > items;
    if (answer.reply) {
      judgement.refused_unnamed =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(answer.reply->rejected, items));
    }
    judgement.accepted = items - judgement.refused_unnamed;
  } else if (is_retryable(status)) {
    judgement.slow_down = status == 429 || status == 503 || answer.retry_after.has_value();
  } else if (status == 413) {
    judgement.verdict = items > 1 ? Verdict::split : Verdict::drop;
    judgement.reason = DropReason::too_large;
  } else if (status >= 400) {
    judgement.verdict = Verdict::drop;
  }
  return judgement;
}

}  // namespace posthaste::actors
