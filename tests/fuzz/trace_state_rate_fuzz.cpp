// Any bytes as a tracestate: the rate is always one that an item may have; and with a rate of ours
// put in, it is within its limits and says that rate.

#include "runtime/model/trace_state_rate.h"
#include "runtime/model/trace_state_threshold.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace posthaste::model;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view state(reinterpret_cast<const char*>(data), size);
  const double rate = rate_in_trace_state(state);
  require(rate > 0 && rate <= 100);

  std::array<char, most_trace_state_bytes> buffer;
  const double percent = 1 + static_cast<double>(size % 100);
  const std::string_view kept = with_rate(state, {.percent = percent, .randomness = size}, buffer);
  require(kept.data() == state.data() || kept.size() <= buffer.size());
  require(std::abs(rate_in_trace_state(kept) - percent) < percent * 1e-8);
  const std::string_view left = with_rate(state, {.sampled = false}, buffer);
  require(left.data() == state.data() || left.size() <= buffer.size());
  return 0;
}
