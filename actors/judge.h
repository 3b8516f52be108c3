#pragma once

/// What an answer of ingestion means for the body that was sent: one pure function, by this table.
///
///   answer                                   verdict
///   200, 206                                 by item, as the reply lists them; nothing listed =
///                                            delivered
///   2xx that cannot be read                  delivered, and counted as inconsistent
///   400 and the like, items listed           by item
///   400, 404, 405, 501, 505 ..., unlisted    drop: it would be refused for ever
///   413                                      split; a single line is dropped (too_large)
///   401, 403                                 retry later: whoever runs the resource can mend it
///   402, 439                                 retry later, slowly: the day's quota is used up
///   3xx, 408, 421, 425, 429, 5xx, others     retry later
///   no answer                                retry later; ambiguous if the request had been sent
///
/// An item is taken again for 401, 403, 408, 429, 439, 500, 502, 503 and 504, is accepted for 2xx
/// (206: sampled out by ingestion), and is refused for good for anything else. Data is dropped only
/// where waiting cannot help.
///
/// Called by a delivery's owner on an actor thread. No CAF, no I/O.

#include <posthaste/ledger.h>
#include <posthaste/result.h>

#include "runtime/wire/track_reply.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace posthaste::actors {

/// The request had no answer.
struct TransportFailure {
  ErrorCode code = ErrorCode::connection_lost;
  bool ambiguous = false;  // the whole request may have been sent
};

/// What is known of an answer. Either `failure` or `status` is set.
struct AnswerFacts {
  std::optional<TransportFailure> failure;
  int status = 0;
  std::optional<std::chrono::seconds> retry_after;  // clamped already: wire/reply_headers.h
  std::optional<wire::TrackReply> reply;            // empty: the body could not be read
};

enum class Verdict : std::uint8_t {
  delivered,    // every line was accepted
  partial,      // see accepted, retry, rejected; they make up all lines
  retry_later,  // the body as it is
  split,        // too large: send its halves
  drop,         // refused for good as a whole; `status` says why
};

/// How long to wait before asking again; RetryPolicy turns it into a delay.
enum class Pace : std::uint8_t {
  normal,       // it may be back in a second
  certificate,  // nobody mends a certificate within a second: 1 to 15 min
  quota,        // nothing changes before the quota does
};

struct RejectedItem {
  std::uint32_t index;
  int status;
};

struct Judgement {
  Verdict verdict = Verdict::retry_later;
  int status = 0;                      // the answer's; 0 when there was none
  std::uint32_t accepted = 0;          // lines
  std::vector<std::uint32_t> retry;    // lines to send again, rising; of `partial` only
  std::vector<RejectedItem> rejected;  // lines refused for good, rising; of `partial` only
  std::optional<std::chrono::seconds> delay_hint;  // the server's Retry-After
  Pace pace = Pace::normal;
  DropReason reason = DropReason::rejected;  // of `drop`: rejected, or too_large
  bool ambiguous = false;     // the lines may have been accepted although nobody said so
  bool inconsistent = false;  // delivered, but the reply does not add up; counted, nothing more
  bool slow_down = false;     // the service itself asks for less: 429, 503, 402, 439, Retry-After
  std::uint32_t refused_unnamed =
      0;                     // of `delivered`: so many were refused for good, nobody says which
  std::string message;       // the service's own words, fit for one line; may be empty
  bool blames_body = false;  // the failure may be this body's own: counts towards poison
};

/// `items` is the number of lines in the body that was sent, at least 1.
Judgement judge(const AnswerFacts& answer, std::uint32_t items);

/// Whether an item with this status is worth sending again.
bool is_retryable_item(int status) noexcept;

}  // namespace posthaste::actors
