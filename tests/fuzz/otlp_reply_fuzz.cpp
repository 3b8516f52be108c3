// What an OTLP endpoint answered, in protobuf and in JSON, to what it took and to what it refused.

#include "runtime/wire/otlp_reply.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace wire = posthaste::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool json : {false, true}) {
    for (const auto& reply :
         {wire::parse_otlp_success(text, json), wire::parse_otlp_refusal(text, json)}) {
      if (!reply) continue;
      if (reply->message.size() > 256 || reply->rejected > INT64_MAX) std::abort();
    }
  }
  return 0;
}
