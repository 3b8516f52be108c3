// Any bytes as the settings file: settings are made or refused, and every message is one clean line.

#include "runtime/base/utf8.h"
#include "runtime/config/final_settings.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace posthaste;
using namespace posthaste::config;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_line(std::string_view message) {
  require(is_utf8(message) && message.find('\n') == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const HostFacts host{
      .host_name = "host",
      .executable = "program",
      .read_whole_file = [&](const std::string&, std::size_t) -> Result<std::string> {
        return text;
      },
      .can_hold_directory = [](const std::string& path) { return path.size() % 2 == 0; }};
  const Settings settings{
      .file = "f",
      .connection_string =
          size % 2 == 0 ? "InstrumentationKey=00000000-0000-0000-0000-000000000000" : ""};
  std::vector<Diagnostic> warnings;
  const auto result = finalize(settings, Environment(), warnings, host);
  for (const Diagnostic& warning : warnings) check_line(warning.message);
  if (!result) {
    check_line(result.error().message());
    return 0;
  }
  for (const ResolvedSetting& setting : result->resolved()) {
    check_line(setting.value);
    check_line(setting.source);
  }
  return 0;
}
