#pragma once

/// How long texts may be in an item of Application Insights, in UTF-16 units unless said otherwise.
/// What is longer is cut between characters.
///
/// A line as a whole has a limit too. An item within it is left alone, whatever the service makes of
/// it; of a longer one the long texts (messages, stacks, data, property values) are cut, all to the
/// same size: three quarters of that limit, and by a quarter again until the line fits.

#include <algorithm>
#include <cstddef>

namespace posthaste::wire {

namespace limit {
inline constexpr std::size_t id = 512;
inline constexpr std::size_t name = 1'024;  // of requests, dependencies, operations, exceptions
inline constexpr std::size_t code = 1'024;
inline constexpr std::size_t type = 1'024;
inline constexpr std::size_t target = 1'024;  // and source
inline constexpr std::size_t url = 2'048;
inline constexpr std::size_t event_name = 512;
inline constexpr std::size_t page_name = 512;
inline constexpr std::size_t duration = 64;  // where it comes as text
inline constexpr std::size_t metric_namespace = 256;
inline constexpr std::size_t property_key = 150;
inline constexpr std::size_t conversation = 262'144;  // bytes of gen_ai.input.messages and the like
inline constexpr std::size_t role = 256;
inline constexpr std::size_t ip = 46;
inline constexpr std::size_t user_id = 128;
inline constexpr std::size_t session_id = 64;
inline constexpr std::size_t sdk_version = 64;
inline constexpr std::size_t device_type = 64;
inline constexpr std::size_t device = 256;        // model, system version
inline constexpr std::size_t user_agent = 8'192;  // no limit is known
inline constexpr std::size_t tag = 1'024;         // all others
inline constexpr std::size_t links = 100;         // 80 characters each: below a property's limit
}  // namespace limit

/// The texts that make an item large. Capped together when a line comes out too long.
struct TextLimits {
  std::size_t message = 32'768;
  std::size_t stack = 32'768;
  std::size_t data = 8'192;
  std::size_t property = 8'192;  // UTF-8 bytes
  std::size_t conversation = limit::conversation;

  TextLimits capped(std::size_t most) const noexcept {
    return {std::min(message, most), std::min(stack, most), std::min(data, most),
            std::min(property, most), std::min(conversation, most)};
  }
};

/// No line is longer, its line feed included.
inline constexpr std::size_t item_size_limit = 262'144;

}  // namespace posthaste::wire
