#include "actors/judge.h"

#include "runtime/base/utf8.h"

#include <algorithm>

namespace posthaste::actors {
namespace {

constexpr std::size_t message_limit = 256;

bool is_any_of(int status, std::initializer_list<int> statuses) noexcept {
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

bool is_success(int status) noexcept {
  return status >= 200 && status < 300;
}

Judgement judge_failure(const TransportFailure& failure) {
  Judgement judgement;
  judgement.ambiguous = failure.ambiguous;
  if (failure.code == ErrorCode::certificate_rejected) judgement.pace = Pace::certificate;
  return judgement;
}

/// The lines that the reply lists, each by its own status; `unlisted` is that of all others.
void judge_items(const wire::TrackReply& reply, std::uint32_t items, int unlisted,
                 Judgement& judgement) {
  auto error = reply.errors.begin();
  for (std::uint32_t index = 0; index < items; ++index) {
    int status = unlisted;
    if (error != reply.errors.end() && error->index == index) status = (error++)->status;
    if (is_success(status)) {
      ++judgement.accepted;
    } else if (is_retryable_item(status)) {
      judgement.retry.push_back(index);
      judgement.slow_down |= is_any_of(status, {429, 439, 503});
      judgement.blames_body |= status == 500;
      if (status == 439) judgement.pace = Pace::quota;
    } else {
      judgement.rejected.push_back({index, status});
    }
  }
  const bool all = judgement.accepted == items;
  judgement.verdict = all ? Verdict::delivered : Verdict::partial;
}

bool adds_up(const wire::TrackReply& reply, const Judgement& judgement, std::uint32_t items) {
  const auto is = [](const auto& count, std::uint64_t expected) {
    return !count.has_value() || *count == expected;
  };
  return is(reply.items_received, items) && is(reply.items_accepted, judgement.accepted) &&
         reply.ignored == 0;
}

void judge_success(const AnswerFacts& answer, std::uint32_t items, Judgement& judgement) {
  if (!answer.reply) {
    judgement.verdict = Verdict::delivered;
    judgement.accepted = items;
    judgement.inconsistent = true;
    return;
  }
  judge_items(*answer.reply, items, 200, judgement);
  judgement.inconsistent = !adds_up(*answer.reply, judgement, items);
}

/// A refusal of the whole may be that of its first line only: where nothing was accepted, the
/// service answers with the first line's status and lists them all.
void judge_refusal(const AnswerFacts& answer, std::uint32_t items, Judgement& judgement) {
  if (!answer.reply || answer.reply->errors.empty()) {
    judgement.verdict = Verdict::drop;
    return;
  }
  const bool some_accepted = answer.reply->items_accepted.value_or(0) > 0;
  judge_items(*answer.reply, items, some_accepted ? 200 : answer.status, judgement);
}

bool is_final(int status) noexcept {
  if (is_any_of(status, {501, 505})) return true;
  return status >= 400 && status < 500 &&
         !is_any_of(status, {401, 402, 403, 407, 408, 421, 425, 429, 439});
}

/// What the service says of the first line that it did not take.
std::string words_of(const AnswerFacts& answer) {
  if (!answer.reply || answer.reply->errors.empty()) return {};
  return printable(answer.reply->errors.front().message, message_limit);
}

}  // namespace

Judgement judge(const AnswerFacts& answer, std::uint32_t items) {
  if (answer.failure) return judge_failure(*answer.failure);
  Judgement judgement;
  judgement.status = answer.status;
  judgement.delay_hint = answer.retry_after;
  const int status = answer.status;
  if (is_success(status)) {
    judge_success(answer, items, judgement);
  } else if (status == 413) {
    judgement.verdict = items > 1 ? Verdict::split : Verdict::drop;
    judgement.reason = DropReason::too_large;
  } else if (is_final(status)) {
    judge_refusal(answer, items, judgement);
  } else {
    if (is_any_of(status, {402, 439})) judgement.pace = Pace::quota;
    judgement.slow_down = is_any_of(status, {402, 429, 439, 503}) || answer.retry_after.has_value();
    judgement.blames_body = status >= 500 && !is_any_of(status, {502, 503, 504});
  }
  if (judgement.verdict != Verdict::delivered) judgement.message = words_of(answer);
  return judgement;
}

bool is_retryable_item(int status) noexcept {
  return is_any_of(status, {401, 403, 408, 429, 439, 500, 502, 503, 504});
}

}  // namespace posthaste::actors
