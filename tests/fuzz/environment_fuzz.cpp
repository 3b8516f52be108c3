// Any bytes as the environment, a line for each variable of the settings table in its order:
// settings are made or refused, and every message is one clean line.

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

Environment environment_of(std::string_view text) {
  Environment::Variables variables;
  for (const SettingRow& row : settings_table()) {
    for (const std::string_view name : environment_names(row)) {
      const std::size_t end = text.find('\n');
      if (const auto value = text.substr(0, end); !value.empty()) {
        variables.emplace(std::string(name), std::string(value));
      }
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
  }
  return Environment(std::move(variables));
}

void check_bounds(const FinalSettings& settings) {
  require(settings.sampling().rate.valid());
  require(config::valid_traces_per_second(settings.sampling().traces_per_second));
  require(!settings.resource().get("service.name").empty());
  require(!settings.outputs().empty() && !settings.outputs()[0].track_url.empty());
  const FinalBatch& batch = settings.batch();
  require(batch.size >= 1);
  require(batch.max_waiting == 0 || batch.size <= batch.max_waiting);
  require(batch.export_timeout <= settings.store().max_age);
  require(!settings.store().enabled || settings.store().directory.starts_with('/'));
  for (const auto& directory : settings.arena().directories) {
    require(directory.path.starts_with('/'));
  }
  for (const ResolvedSetting& setting : settings.resolved()) check_line(setting.value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const HostFacts host{.host_name = "host",
                       .executable = "program",
                       .process_id = 1,
                       .can_hold_directory = [](const std::string& path) {
                         return path.size() % 2 == 0;  // neither all nor none
                       }};
  // Half of the inputs need no connection string of their own.
  const Settings settings{
      .connection_string =
          size % 2 == 0 ? "InstrumentationKey=00000000-0000-0000-0000-000000000000" : ""};
  std::vector<Diagnostic> warnings;
  const auto result = finalize(settings, environment_of(text), warnings, host);
  for (const Diagnostic& warning : warnings) check_line(warning.message);
  if (result) {
    check_bounds(*result);
  } else {
    check_line(result.error().message());
  }
  return 0;
}
