// OTLP/JSON, as a client or a file may send it, through reader, record maker and encoder.

#include "tests/fuzz/otlp_conversion.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using posthaste::tools::otlp::RequestFormat;
  using posthaste::tools::otlp::Signal;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (!posthaste::fuzz::check_conversion(input, RequestFormat::json)) return 0;
  for (const Signal signal : {Signal::traces, Signal::metrics, Signal::logs}) {
    posthaste::fuzz::check_way_back(input, RequestFormat::json, signal);
  }
  return 0;
}
