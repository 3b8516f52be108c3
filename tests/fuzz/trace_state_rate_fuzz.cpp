// Any bytes as a tracestate: the rate is always one that an item may have.

#include "runtime/produce/trace_state_rate.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const double rate = posthaste::produce::rate_in_trace_state(
      std::string_view(reinterpret_cast<const char*>(data), size));
  if (!(rate > 0 && rate <= 100)) std::abort();
  return 0;
}
