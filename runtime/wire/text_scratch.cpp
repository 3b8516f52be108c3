#include "runtime/wire/text_scratch.h"

#include "runtime/wire/json_number.h"
#include "runtime/wire/text_limits.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace posthaste::wire {

std::string_view TextScratch::join(std::initializer_list<std::string_view> parts) noexcept {
  const std::size_t begin = used_;
  for (const std::string_view part : parts) {
    const std::string_view fitting = cut_bytes(part, capacity - used_);
    if (!fitting.empty()) std::memcpy(block_.get() + used_, fitting.data(), fitting.size());
    used_ += fitting.size();
    if (fitting.size() < part.size()) break;
  }
  return {block_.get() + begin, used_ - begin};
}

std::string_view TextScratch::integer(std::int64_t value) noexcept {
  char* const at = block_.get() + used_;
  const auto [end, error] = std::to_chars(at, block_.get() + capacity, value);
  if (error != std::errc{}) return {};
  used_ += static_cast<std::size_t>(end - at);
  return {at, static_cast<std::size_t>(end - at)};
}

std::string_view TextScratch::number(double value) noexcept {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char text[32];
  const char* const end = put_number(text, value);
  return join({{text, static_cast<std::size_t>(end - text)}});
}

}  // namespace posthaste::wire
