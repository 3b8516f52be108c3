// Any bytes as the environment, a line for each variable, `NAME=value`: settings are made or
// refused, and every message is one clean line. Variables that the settings table does not know
// are left out, and so is the settings file's, which has a fuzz target of its own.

#include "runtime/base/utf8.h"
#include "runtime/config/final_settings.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
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

bool is_known(std::string_view name) {
  static const std::set<std::string, std::less<>> names = [] {
    std::set<std::string, std::less<>> known;
    for (const SettingRow& row : settings_table()) {
      for (const std::string_view variable : environment_names(row)) known.emplace(variable);
    }
    known.erase("POSTHASTE_CONFIG_FILE");
    return known;
  }();
  return names.contains(name);
}

Environment environment_of(std::string_view text) {
  Environment::Variables variables;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || !is_known(line.substr(0, equals))) continue;
    variables.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return Environment(std::move(variables));
}

void check_output(const FinalOutput& output) {
  require(!output.name.empty());
  if (output.kind == OutputKind::azure_monitor) require(!output.track_url.empty());
  if (output.kind == OutputKind::otlp) require(!output.otlp.url.empty());
}

void check_bounds(const FinalSettings& settings) {
  require(settings.sampling().rate.valid());
  require(config::valid_traces_per_second(settings.sampling().traces_per_second));
  require(!settings.resource().get("service.name").empty());
  require(!settings.outputs().empty() && settings.outputs().size() <= FinalOutput::max_outputs);
  for (const FinalOutput& output : settings.outputs()) check_output(output);
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
