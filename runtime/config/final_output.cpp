#include "runtime/config/final_output.h"

#include "runtime/base/utf8.h"
#include "runtime/config/connection_string.h"
#include "runtime/config/exporters.h"
#include "runtime/config/otlp_output.h"
#include "runtime/config/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace posthaste::config {
namespace {

constexpr std::string_view connection_variable = "APPLICATIONINSIGHTS_CONNECTION_STRING";

std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = 0xcbf29ce484222325) noexcept {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

/// Of a header set, in whatever order it was given. The values go in by a hash alone: an identity
/// lies in store and arena.
std::uint64_t hash_of(const std::vector<std::pair<std::string, Secret>>& headers) {
  std::vector<std::pair<std::string, std::uint64_t>> sorted;
  for (const auto& [name, value] : headers) {
    sorted.emplace_back(lower_case(name), fnv1a(value.reveal()));
  }
  std::sort(sorted.begin(), sorted.end());
  std::uint64_t hash = fnv1a("headers");
  for (const auto& [name, value] : sorted) {
    hash = fnv1a("=" + std::to_string(value) + "\n", fnv1a(name, hash));
  }
  return hash;
}

Error refused(std::string message) {
  return {ErrorCode::invalid_setting, std::move(message)};
}

bool can_be_proxy(std::string_view text) {
  return is_utf8(text) && std::none_of(text.begin(), text.end(),
                                       [](char c) { return static_cast<unsigned char>(c) <= ' '; });
}

std::string_view text_of(OverBudget then) noexcept {
  return then == OverBudget::refuse ? "refuse" : "sample";
}

OverBudget read_over_budget(std::optional<OverBudget> code, SettingResolver& resolver) {
  if (code) {
    resolver.remember(SettingId::over_budget, std::string(text_of(*code)), Origin::code);
    return *code;
  }
  const auto parse = [](std::string_view text) -> std::optional<OverBudget> {
    for (const OverBudget then : {OverBudget::sample, OverBudget::refuse}) {
      if (equal_ignoring_case(text, text_of(then))) return then;
    }
    return std::nullopt;
  };
  return resolver
      .choose(SettingId::over_budget, parse, text_of, "is neither sample nor refuse",
              "choose one of these")
      .value_or(OverBudget::sample);
}

class OutputMaker {
public:
  OutputMaker(const Environment& environment, SettingResolver& resolver)
      : environment_(environment),
        resolver_(resolver),
        exporters_(read_exporters(environment, resolver)) {}

  Result<void> add(const AzureMonitor& output, std::string_view setting);
  Result<void> add(const Otlp& output, std::string_view setting);
  Result<void> add(const Console& output, std::string_view setting);
  Result<void> add(const LocalOutput& output, std::string_view setting);

  /// Where code names none.
  Result<void> add_those_of_environment();
  /// Where the environment names one and there is none yet.
  Result<void> add_console();
  const ExporterChoices& exporters() const noexcept { return exporters_; }

  std::vector<FinalOutput> take() && { return std::move(outputs_); }

private:
  std::array<bool, 3> let_through(bool (ExporterChoice::*lets)() const noexcept) const {
    return {(exporters_[OtlpSignal::traces].*lets)(), (exporters_[OtlpSignal::metrics].*lets)(),
            (exporters_[OtlpSignal::logs].*lets)()};
  }
  bool names_otlp_endpoint() const;
  Result<ConnectionString> read_connection_string(const AzureMonitor& output,
                                                  std::string_view setting);
  Result<void> set_proxy(FinalOutput& output, const std::string& proxy, std::string_view setting);
  void take_from_file(FinalOutput& output, const AzureMonitor& given);
  void remember_azure(const FinalOutput& output, const AzureMonitor& given);
  void tell_apart(FinalOutput& output);
  Result<void> take_in(FinalOutput output, std::string_view kind, std::string_view setting);

  const Environment& environment_;
  SettingResolver& resolver_;
  ExporterChoices exporters_;
  std::vector<FinalOutput> outputs_;
};

Result<ConnectionString> OutputMaker::read_connection_string(const AzureMonitor& output,
                                                             std::string_view setting) {
  std::string source = std::string(setting) + ".connection_string (set in code)";
  if (setting == "connection_string") source = "connection_string (set in code)";
  std::string_view text = trimmed(output.connection_string);
  if (text.empty()) {
    const auto outside = environment_.find(SettingId::connection_string);
    if (!outside) {
      return Error(ErrorCode::no_output,
                   std::string(setting) +
                       " has no connection string; set its connection_string, "
                       "or " +
                       std::string(connection_variable));
    }
    source = outside->source;
    text = outside->text;
  }
  auto parsed = parse_connection_string(text);
  if (!parsed) return std::move(parsed).error().with_context(source);
  return parsed;
}

// Proxies are looked into where they are used; what a header or a log could not carry stops here.
Result<void> OutputMaker::set_proxy(FinalOutput& output, const std::string& proxy,
                                    std::string_view setting) {
  if (!can_be_proxy(proxy)) {
    return refused(std::string(setting) +
                   ".proxy (set in code, value hidden) holds a blank or a "
                   "control character; write http://[user:password@]host[:port]");
  }
  if (equal_ignoring_case(proxy, "none")) return {};
  if (!proxy.empty()) {
    output.https_proxy = Secret(proxy);
    return {};
  }
  for (const char* const name : {"HTTPS_PROXY", "https_proxy"}) {
    if (!output.https_proxy.empty()) break;
    const auto value = environment_.get(name);
    if (!value) continue;
    output.https_proxy = Secret(std::string(*value));
    resolver_.remember(SettingId::proxy, "set, value hidden", Origin::environment, name);
  }
  for (const char* const name : {"NO_PROXY", "no_proxy"}) {
    if (!output.no_proxy.empty()) break;
    if (const auto value = environment_.get(name)) output.no_proxy = *value;
  }
  return {};
}

void OutputMaker::remember_azure(const FinalOutput& output, const AzureMonitor& given) {
  const std::string connection =
      "InstrumentationKey=" + output.instrumentation_key.masked() + " at " + output.track_url;
  if (!trimmed(given.connection_string).empty()) {
    resolver_.remember(SettingId::connection_string, connection, Origin::code);
  } else if (const auto outside = environment_.find(SettingId::connection_string)) {
    resolver_.remember(SettingId::connection_string, connection, *outside);
  }
  if (!given.ca_file.empty()) {
    resolver_.remember(SettingId::ca_file, printable(given.ca_file, 200), Origin::code);
  }
  if (!given.proxy.empty()) {
    resolver_.remember(SettingId::proxy, output.https_proxy.empty() ? "none" : "set, value hidden",
                       Origin::code);
  }
}

/// What neither code nor the environment says.
void OutputMaker::take_from_file(FinalOutput& output, const AzureMonitor& given) {
  const auto ca_file = environment_.in_file(SettingId::ca_file);
  if (ca_file && given.ca_file.empty()) {
    if (ca_file->text.find('\0') != std::string_view::npos) {
      resolver_.ignore(*ca_file, "holds a NUL", "give a file's path");
    } else {
      output.ca_file = ca_file->text;
      resolver_.remember(SettingId::ca_file, printable(ca_file->text, 200), *ca_file);
    }
  }
  const auto proxy = environment_.in_file(SettingId::proxy);
  if (!proxy || !given.proxy.empty() || !output.https_proxy.empty()) return;
  if (!can_be_proxy(proxy->text)) {
    resolver_.ignore_hidden(*proxy, "holds a blank or a control character",
                            "write http://[user:password@]host[:port]");
    return;
  }
  const bool none = equal_ignoring_case(proxy->text, "none");
  if (!none) output.https_proxy = Secret(std::string(proxy->text));
  resolver_.remember(SettingId::proxy, none ? "none" : "set, value hidden", *proxy);
}

Result<void> OutputMaker::add(const AzureMonitor& given, std::string_view setting) {
  auto connection = read_connection_string(given, setting);
  if (!connection) return std::move(connection).error();
  if (given.ca_file.find('\0') != std::string::npos) {
    return refused(std::string(setting) + ".ca_file (set in code) holds a NUL; give a file's path");
  }
  FinalOutput output;
  output.kind = OutputKind::azure_monitor;
  output.signals = let_through(&ExporterChoice::lets_azure_monitor);
  output.track_url = track_url(*connection);
  output.identity = output_identity(output.track_url, connection->instrumentation_key.reveal());
  output.instrumentation_key = std::move(connection->instrumentation_key);
  output.application_id = std::move(connection->application_id);
  output.ca_file = given.ca_file;
  if (auto proxy = set_proxy(output, given.proxy, setting); !proxy) return proxy;
  remember_azure(output, given);
  take_from_file(output, given);
  std::optional<std::uint64_t> budget;
  if (given.daily_budget) budget = given.daily_budget->count;
  output.daily_budget = {resolver_.number(SettingId::daily_budget, budget)};
  output.over_budget = read_over_budget(given.over_budget, resolver_);
  return take_in(std::move(output), "azure_monitor", setting);
}

Result<void> OutputMaker::add(const Otlp& given, std::string_view setting) {
  Otlp let_through = given;
  let_through.send_traces &= exporters_[OtlpSignal::traces].lets_otlp();
  let_through.send_metrics &= exporters_[OtlpSignal::metrics].lets_otlp();
  let_through.send_logs &= exporters_[OtlpSignal::logs].lets_otlp();
  const bool any = let_through.send_traces || let_through.send_metrics || let_through.send_logs;
  // One that sends nothing by its own settings is a mistake in code; the environment's word is none.
  const bool by_code = !given.send_traces && !given.send_metrics && !given.send_logs;
  if (!any && !by_code) return {};
  auto made = make_otlp_outputs(let_through, setting, environment_, resolver_);
  if (!made) return std::move(made).error();
  for (FinalOutput& output : *made) {
    if (auto proxy = set_proxy(output, given.proxy, setting); !proxy) return proxy;
    const std::string kind = "otlp." + std::string(to_string(output.otlp.signal));
    if (auto taken = take_in(std::move(output), kind, setting); !taken) return taken;
  }
  return {};
}

Result<void> OutputMaker::add(const Console& given, std::string_view setting) {
  FinalOutput output;
  output.kind = OutputKind::console;
  output.signals = let_through(&ExporterChoice::lets_console);
  output.stream = given.stream;
  output.identity =
      fnv1a(given.stream == Console::Stream::standard_output ? "console:stdout" : "console:stderr");
  return take_in(std::move(output), "console", setting);
}

Result<void> OutputMaker::add(const LocalOutput& given, std::string_view setting) {
  if (!given.sink) {
    return refused(std::string(setting) + ".sink (set in code) is null; give it a sink");
  }
  FinalOutput output;
  output.kind = OutputKind::local;
  output.sink = given.sink;
  output.metrics = given.metrics;
  // No process will look for its queue again, so its place in the list is name enough.
  output.identity = fnv1a("local:" + std::to_string(outputs_.size()));
  return take_in(std::move(output), "local", setting);
}

bool OutputMaker::names_otlp_endpoint() const {
  constexpr std::array endpoints = {SettingId::otlp_endpoint, SettingId::otlp_traces_endpoint,
                                    SettingId::otlp_metrics_endpoint,
                                    SettingId::otlp_logs_endpoint};
  return std::any_of(endpoints.begin(), endpoints.end(),
                     [&](SettingId id) { return environment_.find(id).has_value(); });
}

Result<void> OutputMaker::add_those_of_environment() {
  if (environment_.find(SettingId::connection_string)) {
    if (auto added = add(AzureMonitor{}, "connection_string"); !added) return added;
  }
  if (exporters_.name_otlp() || names_otlp_endpoint()) return add(Otlp{}, "otlp");
  return {};
}

Result<void> OutputMaker::add_console() {
  const bool has_one = std::any_of(outputs_.begin(), outputs_.end(), [](const FinalOutput& output) {
    return output.kind == OutputKind::console;
  });
  return has_one || !exporters_.name_console() ? Result<void>() : add(Console{}, "console");
}

/// Outputs to one URL are told apart by their headers, as tenants of one gateway are. A sole one is
/// found by its URL alone, so that a new token finds what the old one left in the store.
void OutputMaker::tell_apart(FinalOutput& output) {
  const auto told_apart = [](const FinalOutput& of) {
    return output_identity(of.otlp.url, "otlp " + std::to_string(hash_of(of.otlp.headers)));
  };
  bool alone = true;
  for (FinalOutput& other : outputs_) {
    if (other.kind != OutputKind::otlp || other.otlp.url != output.otlp.url) continue;
    other.identity = told_apart(other);
    alone = false;
  }
  if (!alone) output.identity = told_apart(output);
}

Result<void> OutputMaker::take_in(FinalOutput output, std::string_view kind,
                                  std::string_view setting) {
  if (output.kind == OutputKind::otlp) tell_apart(output);
  const auto same = [&](const FinalOutput& other) {
    return other.kind == output.kind &&
           (output.kind == OutputKind::local ? other.sink == output.sink
                                             : other.identity == output.identity);
  };
  if (std::any_of(outputs_.begin(), outputs_.end(), same)) {
    return refused(
        std::string(setting) + " (set in code) goes where another output goes already" +
        (output.kind == OutputKind::azure_monitor
             ? ", to the key " + output.instrumentation_key.masked() + " at " + output.track_url
         : output.kind == OutputKind::otlp ? ", to " + output.otlp.url + " with the same headers"
                                           : std::string()) +
        "; leave one of them out");
  }
  const auto of_kind =
      std::count_if(outputs_.begin(), outputs_.end(), [&](const FinalOutput& other) {
        return other.name == kind || other.name.starts_with(std::string(kind) + '-');
      });
  output.name = kind;
  if (of_kind > 0) output.name += '-' + std::to_string(of_kind + 1);
  outputs_.push_back(std::move(output));
  return {};
}

}  // namespace

std::uint64_t output_identity(std::string_view track_url, std::string_view instrumentation_key) {
  return fnv1a(lower_case(instrumentation_key), fnv1a("\n", fnv1a(track_url)));
}

Result<std::vector<FinalOutput>> make_outputs(const Settings& settings,
                                              const Environment& environment,
                                              SettingResolver& resolver) {
  const bool by_string = !trimmed(settings.connection_string).empty();
  const std::size_t count = settings.outputs.size() + (by_string ? 1 : 0);
  if (count > FinalOutput::max_outputs) {
    return refused("outputs (set in code) are " + std::to_string(count) + "; at most " +
                   std::to_string(FinalOutput::max_outputs) + " are allowed");
  }
  OutputMaker maker(environment, resolver);
  if (by_string) {
    const AzureMonitor azure{.connection_string = settings.connection_string};
    if (auto added = maker.add(azure, "connection_string"); !added) return added.error();
  }
  for (std::size_t i = 0; i < settings.outputs.size(); ++i) {
    const std::string setting = "outputs[" + std::to_string(i) + ']';
    auto added = std::visit([&](const auto& output) { return maker.add(output, setting); },
                            settings.outputs[i]);
    if (!added) return added.error();
  }
  if (maker.exporters().let_nothing()) {
    return Error(ErrorCode::disabled,
                 "telemetry is switched off: OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and "
                 "OTEL_LOGS_EXPORTER (or exporters of the settings file) are all none; unset one");
  }
  if (count == 0) {
    if (auto added = maker.add_those_of_environment(); !added) return added.error();
  }
  if (auto added = maker.add_console(); !added) return added.error();
  auto outputs = std::move(maker).take();
  if (outputs.empty()) {
    return Error(ErrorCode::no_output,
                 count == 0 ? "no output is configured; set " + std::string(connection_variable) +
                                  " or OTEL_EXPORTER_OTLP_ENDPOINT, or connection_string or "
                                  "outputs in code"
                            : std::string("OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and "
                                          "OTEL_LOGS_EXPORTER let none of the outputs take "
                                          "anything; unset one"));
  }
  if (outputs.size() > FinalOutput::max_outputs) {
    return refused("outputs (set in code) are " + std::to_string(outputs.size()) +
                   ", each signal of an Otlp counted; at most " +
                   std::to_string(FinalOutput::max_outputs) + " are allowed");
  }
  const bool include_scope = resolver.flag(SettingId::include_scope, settings.include_scope);
  for (FinalOutput& output : outputs) output.include_scope = include_scope;
  std::string names;
  for (const FinalOutput& output : outputs) names += (names.empty() ? "" : ", ") + output.name;
  resolver.remember(SettingId::outputs, names,
                    count > 0 ? Origin::code
                    : resolver.origin(SettingId::connection_string) == Origin::file
                        ? Origin::file
                        : Origin::environment);
  return outputs;
}

}  // namespace posthaste::config
