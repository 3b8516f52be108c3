#pragma once

/// What ingestion answered to POST /v2.1/track:
///
///   {"itemsReceived":3,"itemsAccepted":2,"errors":[{"index":1,"statusCode":429,"message":"..."}]}
///
/// Read by `actors/judge.h`. The text comes from outside: it is read within fixed bounds (as long as
/// an error for each line that was sent may make it, 32 levels), unknown members are passed over, and no number in it sizes anything.
///
/// Pure; called on actor threads.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::wire {

/// The longest reply to so many lines: 512 bytes for the error of each (the service's longest have
/// some 300), and 64 KiB; at most 4 MiB.
constexpr std::size_t track_reply_limit(std::uint32_t items_sent) noexcept {
  constexpr std::size_t least = 64 * 1024;
  constexpr std::size_t most = 4 * 1024 * 1024;
  constexpr std::size_t each = 512;
  return items_sent > (most - least) / each ? most : least + each * items_sent;
}

struct TrackError {
  std::uint32_t index = 0;  // of the line in the body that was sent
  int status = 0;           // as of HTTP; 0 if the answer has none
  std::string message;      // at most 256 bytes
};

struct TrackReply {
  std::optional<std::uint64_t> items_received;
  std::optional<std::uint64_t> items_accepted;
  std::vector<TrackError> errors;  // by rising index, each index once (the first that was listed)
  std::uint32_t ignored = 0;       // errors left out: no index, one outside the body, one twice
};

/// Empty if `body` is no JSON object, is too long or too deep, or one of its members that we read
/// has another type than it should. `items_sent` is the number of lines in the body that was sent.
std::optional<TrackReply> parse_track_reply(std::string_view body, std::uint32_t items_sent);

}  // namespace posthaste::wire
