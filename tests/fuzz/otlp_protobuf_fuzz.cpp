// OTLP protobuf requests of all three signals through reader, record maker and encoder. The first
// byte says which signal; without it the fuzzer would have to guess what tells them apart.

#include "tests/fuzz/otlp_conversion.h"

#include <array>
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using posthaste::tools::otlp::RequestFormat;
  using posthaste::tools::otlp::Signal;
  if (size == 0) return 0;
  constexpr std::array signals{Signal::traces, Signal::metrics, Signal::logs};
  constexpr std::array formats{RequestFormat::protobuf_traces, RequestFormat::protobuf_metrics,
                               RequestFormat::protobuf_logs};
  const std::size_t chosen = data[0] % signals.size();
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  static_cast<void>(posthaste::tools::otlp::recognise_format(input));
  if (posthaste::fuzz::check_conversion(input, formats[chosen])) {
    posthaste::fuzz::check_way_back(input, formats[chosen], signals[chosen]);
  }
  return 0;
}
