#pragma once

/// What an answer of an OTLP/HTTP endpoint means for the request that was sent: one pure function,
/// by the table of the specification.
///
///   answer                      verdict
///   2xx                         delivered, but for as many as a partial success names
///   2xx that cannot be read     delivered, and counted as inconsistent
///   429, 502, 503, 504          retry later; after Retry-After where there is one
///   413                         split; a single item is dropped (too_large)
///   other 4xx and 5xx           drop: the specification forbids to send it again
///   1xx, 3xx                    retry later: nobody has taken or refused it
///   no answer                   retry later; ambiguous if the request had been sent
///
/// Called by a delivery's owner on an actor thread. No CAF, no I/O.

#include "actors/judge.h"
#include "runtime/wire/otlp_reply.h"

namespace posthaste::actors {

struct OtlpAnswerFacts {
  std::optional<TransportFailure> failure;
  int status = 0;
  std::optional<std::chrono::seconds> retry_after;
  std::optional<wire::OtlpReply> reply;  // success or refusal, by the status; empty: not readable
};

/// `items` is how many spans, log records or data points were sent.
Judgement judge_otlp(const OtlpAnswerFacts& answer, std::uint32_t items);

}  // namespace posthaste::actors
