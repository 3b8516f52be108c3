// An answer's body and its two headers that say when to come again.

#include "runtime/wire/reply_headers.h"
#include "runtime/wire/track_reply.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace wire = posthaste::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::uint32_t items = 100;
  if (const auto reply = wire::parse_track_reply(text, items)) {
    std::int64_t last = -1;
    for (const wire::TrackError& error : reply->errors) {
      if (error.index >= items || error.index <= last || error.message.size() > 256) std::abort();
      last = error.index;
    }
  }
  const posthaste::WallTime now{std::chrono::seconds{1'700'000'000}};
  if (const auto wait = wire::parse_retry_after(text, now)) {
    if (wait->count() < 0 || *wait > wire::retry_after_limit) std::abort();
  }
  if (const auto age = wire::parse_max_age(text)) {
    if (age->count() < 0 || *age > wire::max_age_limit) std::abort();
  }
  return 0;
}
