// An OTLP request as the store or the arena may give it back, cut by items: the parts have together what
// the whole has, and are requests themselves.

#include "runtime/wire/otlp_cut.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

namespace wire = posthaste::wire;

/// The first byte says which format and signal.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto format = (data[0] & 1) != 0 ? wire::OtlpFormat::json : wire::OtlpFormat::protobuf;
  const auto signal = static_cast<posthaste::OtlpSignal>((data[0] >> 1) % 3);
  const std::string_view request(reinterpret_cast<const char*>(data + 1), size - 1);
  wire::ByteBuffer none;
  const auto items = wire::cut_otlp(request, format, signal, {}, none);
  if (!items) return 0;
  std::vector<std::uint32_t> halves[2];
  for (std::uint32_t i = 0; i < *items; ++i) halves[i % 2].push_back(i);
  for (const auto& half : halves) {
    wire::ByteBuffer cut;
    if (wire::cut_otlp(request, format, signal, half, cut) != items) std::abort();
    wire::ByteBuffer ignored;
    if (wire::cut_otlp(cut.view(), format, signal, {}, ignored) != half.size()) std::abort();
  }
  return 0;
}
