#include "runtime/produce/head_sampling.h"

#include <cstdint>
#include <limits>

namespace posthaste::produce {

double sampling_score(const TraceId& trace) noexcept {
  std::uint32_t hash = 5381;
  for (const char digit : trace.hex())
    hash = (hash << 5) + hash + static_cast<unsigned char>(digit);
  const auto number = static_cast<std::int32_t>(hash);
  constexpr auto most = std::numeric_limits<std::int32_t>::max();
  const std::int32_t score = number == std::numeric_limits<std::int32_t>::min() ? most
                             : number < 0                                       ? -number
                                                                                : number;
  return static_cast<double>(score) / static_cast<double>(most) * 100;
}

}  // namespace posthaste::produce
