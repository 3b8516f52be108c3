// Any bytes as a connection string: refused in one clean line without a key, or accepted so that
// what was understood, written down again, means the same.

#include "runtime/base/utf8.h"
#include "runtime/config/connection_string.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using posthaste::config::ConnectionString;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// 16 digits in a row are masked; the two of an escape (\xNN) may stand before 15 others.
bool shows_a_key(std::string_view text) {
  int run = 0;
  for (const char c : text) {
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (c != '-') run = hex ? run + 1 : 0;
    if (run >= 18) return true;
  }
  return false;
}

std::string written(const ConnectionString& parsed) {
  return "InstrumentationKey=" + std::string(parsed.instrumentation_key.reveal()) +
         ";IngestionEndpoint=" + parsed.ingestion.text() + ";LiveEndpoint=" + parsed.live.text() +
         ";ApplicationId=" + parsed.application_id;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = posthaste::config::parse_connection_string(text);
  if (!parsed) {
    const std::string& message = parsed.error().message();
    require(posthaste::is_utf8(message));
    require(message.find('\n') == std::string::npos);
    require(message.size() < 1024);
    require(!shows_a_key(message));
    return 0;
  }
  require(parsed->ingestion.https || posthaste::config::is_loopback(parsed->ingestion.host));
  const auto again = posthaste::config::parse_connection_string(written(*parsed));
  if (written(*parsed).size() <= ConnectionString::max_length) {
    require(again.has_value() && written(*again) == written(*parsed));
  }
  return 0;
}
