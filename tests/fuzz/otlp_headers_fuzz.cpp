// OTEL_EXPORTER_OTLP_HEADERS: whatever it holds, what is taken can end no line of a request.

#include "runtime/config/otlp_output.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto headers = posthaste::config::parse_otlp_headers(
      std::string_view(reinterpret_cast<const char*>(data), size));
  if (!headers) return 0;
  const auto ends_line = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
  for (const auto& [name, value] : *headers) {
    if (name.empty() || std::ranges::any_of(name, ends_line)) std::abort();
    if (std::ranges::any_of(value.reveal(), ends_line)) std::abort();
  }
  return 0;
}
