#include "runtime/config/final_settings.h"

#include "runtime/base/utf8.h"
#include "runtime/config/final_fit.h"
#include "runtime/config/final_sampling.h"
#include "runtime/config/propagators.h"
#include "runtime/config/resource_names.h"
#include "runtime/config/text.h"
#include "runtime/config/unread_variables.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

namespace posthaste::config {
namespace {

constexpr Bytes least_store_per_output{1024 * 1024};
constexpr std::string_view known_levels = "trace, debug, info, warn, error, fatal";

constexpr std::string_view directory_rule = "is not an absolute path of at most 4000 bytes";

std::optional<std::uint64_t> count_of(std::optional<Bytes> bytes) {
  return bytes ? std::optional(bytes->count) : std::nullopt;
}

/// The settings file that code or environment names.
std::optional<Given> named_file(const Settings& settings, const Environment& environment) {
  if (!settings.file.empty()) return Given{settings.file, Origin::code, {}};
  constexpr std::string_view variable = "POSTHASTE_CONFIG_FILE";
  const auto text = environment.get(variable);
  if (!text) return std::nullopt;
  return Given{*text, Origin::environment, std::string(variable)};
}

std::optional<SettingsFile> load(const Given& named, const HostFacts& host,
                                 std::vector<Diagnostic>& warnings) {
  std::string path(named.text);
  auto text = host.read_whole_file && path.find('\0') == std::string::npos
                  ? host.read_whole_file(path, SettingsFile::most_bytes)
                  : Result<std::string>(Error(ErrorCode::invalid_setting, "it is no path"));
  if (text) return SettingsFile::parse(std::move(path), *text, warnings);
  warnings.push_back(
      {.severity = Severity::warn,
       .code = DiagnosticCode::file_ignored,
       .message = (named.origin == Origin::code ? "file (set in code)" : named.source) + '=' +
                  quoted(path) + " cannot be read, " + text.error().message() +
                  "; the program goes on without it; mend the path"});
  return std::nullopt;
}

}  // namespace

// Reads the settings group by group; each group is one function, checks between groups follow.
class Finalizer {
public:
  Finalizer(const Settings& settings, const Environment& environment,
            std::vector<Diagnostic>& warnings, const HostFacts& host)
      : settings_(settings),
        environment_(environment),
        warnings_(warnings),
        host_(host),
        resolver_(environment_, warnings) {}

  Result<FinalSettings> finalize() {
    read_file();
    values_.diagnostics = read_diagnostics(settings_, resolver_);
    if (resolver_.flag(SettingId::disabled, settings_.disabled)) return disabled();
    warn_of_unread_variables(environment_, warnings_);
    auto resource = make_resource(settings_, environment_, host_, warnings_);
    if (!resource) return std::move(resource).error();
    values_.resource = std::move(*resource);
    auto outputs = make_outputs(settings_, environment_, resolver_);
    if (!outputs) return std::move(outputs).error();
    values_.outputs = std::move(*outputs);

    values_.sampling = read_sampling(settings_, environment_, resolver_);
    for (FinalOutput& output : values_.outputs) output.otlp.sampling_hash = values_.sampling.hash;
    values_.propagators = read_propagators(settings_.propagators, environment_, resolver_);
    read_limits();
    read_logs();
    values_.metrics = read_metrics(settings_.metrics, environment_, resolver_);
    values_.metrics.standard_metrics &= has_azure_monitor();
    values_.metrics.performance_counters &= has_azure_monitor();
    read_callbacks();
    read_drop_rules();
    read_batch();
    read_arena();
    read_store();
    fit_batch_into_queue(values_.batch, resolver_);
    fit_export_timeout_into_age(values_.batch, values_.store, resolver_);
    fit_flight_into_arena(values_.max_in_flight, values_.outputs.size(), values_.arena, resolver_);
    if (resolver_.error()) return *resolver_.error();

    remember_names(settings_, environment_, values_.resource, resolver_);
    values_.resolved = std::move(resolver_).take();
    return FinalSettings(std::move(values_));
  }

private:
  Error disabled() const;
  void read_file();
  void read_limits();
  void read_logs();
  void read_callbacks();
  void read_drop_rules();
  void read_drop_rules_outside();
  void take_drop_rules(DropRules read, const Given& from);
  void read_batch();
  void read_arena();
  void read_store();
  void find_store_directory();
  bool has_azure_monitor() const;
  bool check_directory(SettingId id, std::string_view directory);
  Given chosen_directory(SettingId id, const std::string& in_code);
  void remember_directory(SettingId id, const Given& chosen, const DirectoryCandidate& used);

  const Settings& settings_;
  Environment environment_;  // with the file
  std::vector<Diagnostic>& warnings_;
  const HostFacts& host_;
  SettingResolver resolver_;
  FinalSettings::Values values_{};
};

Error Finalizer::disabled() const {
  const ResolvedSetting& setting = resolver_.resolved(SettingId::disabled);
  const bool code = setting.origin == Origin::code;
  return {ErrorCode::disabled,
          "telemetry is switched off by " +
              (code ? std::string("disabled = true (set in code)") : setting.source) +
              "; unset it to switch telemetry on"};
}

void Finalizer::read_file() {
  const auto named = named_file(settings_, environment_);
  if (!named) return;
  auto file = load(*named, host_, warnings_);
  if (!file) return;
  environment_.add_file(std::move(*file));
  resolver_.remember(SettingId::file, printable(named->text, longest_path), *named);
}

void Finalizer::read_limits() {
  const SpanLimits& given = settings_.span_limits;
  values_.span_limits = {
      .attributes = resolver_.count(SettingId::span_attributes, given.attributes),
      .events = resolver_.count(SettingId::span_events, given.events),
      .links = resolver_.count(SettingId::span_links, given.links),
      .event_attributes = resolver_.count(SettingId::event_attributes, given.event_attributes),
      .link_attributes = resolver_.count(SettingId::link_attributes, given.link_attributes),
      .value_length = resolver_.count(SettingId::span_value_length, given.value_length)};
}

void Finalizer::read_logs() {
  const LogSettings& given = settings_.logs;
  Severity severity = given.minimum_severity.value_or(Severity::trace);
  if (to_string(severity) == "unspecified") {
    resolver_.refuse(SettingId::log_minimum_severity,
                     std::to_string(static_cast<unsigned>(severity)),
                     "is out of its range of 1 to 24; choose a value of Severity");
  } else if (given.minimum_severity) {
    resolver_.remember(SettingId::log_minimum_severity, std::string(to_string(severity)),
                       Origin::code);
  } else {
    severity = resolver_
                   .choose(
                       SettingId::log_minimum_severity, parse_severity,
                       [](Severity read) { return to_string(read); }, "is no severity",
                       "choose " + std::string(known_levels))
                   .value_or(Severity::trace);
  }
  values_.logs = {.minimum_severity = severity,
                  .rate_limit = resolver_.count(SettingId::log_rate_limit, given.rate_limit),
                  .attributes = resolver_.count(SettingId::log_attributes, given.attributes),
                  .value_length = resolver_.count(SettingId::log_value_length, given.value_length),
                  .sampled_with_trace =
                      resolver_.flag(SettingId::log_sampled_with_trace, given.sampled_with_trace)};
}

void Finalizer::read_callbacks() {
  values_.span_processors = settings_.span_processors;
  values_.log_processors = settings_.log_processors;
  const auto remember_count = [&](SettingId id, std::size_t count) {
    if (count > 0) resolver_.remember(id, std::to_string(count), Origin::code);
  };
  remember_count(SettingId::span_processors, settings_.span_processors.size());
  remember_count(SettingId::log_processors, settings_.log_processors.size());
  if (settings_.diagnostics) resolver_.remember(SettingId::diagnostics, "set", Origin::code);
  values_.exception_stacks =
      resolver_.flag(SettingId::exception_stacks, settings_.exception_stacks);
  values_.shutdown_deadline =
      resolver_.duration(SettingId::shutdown_deadline, settings_.shutdown_deadline);
}

void Finalizer::read_drop_rules() {
  DropRules read;
  if (settings_.drop.empty()) return read_drop_rules_outside();
  read = parse_drop_rules(settings_.drop);
  if (!read.wrong.empty()) {
    resolver_.refuse(SettingId::drop, quoted(read.wrong),
                     std::string(read.fault).append("; ").append(read.mend));
  }
  take_drop_rules(std::move(read), {{}, Origin::code, {}});
}

void Finalizer::read_drop_rules_outside() {
  for (Given& given : environment_.all(SettingId::drop)) {
    DropRules read = parse_drop_rules(given.text);
    if (read.wrong.empty()) return take_drop_rules(std::move(read), given);
    given.text = read.wrong;
    resolver_.ignore(given, read.fault, read.mend);
  }
}

void Finalizer::take_drop_rules(DropRules read, const Given& from) {
  if (read.rules.empty()) return;
  resolver_.remember(SettingId::drop, std::to_string(read.rules.size()) + " rules", from);
  values_.drop_rules = std::move(read.rules);
}

void Finalizer::read_batch() {
  const BatchSettings& given = settings_.batch;
  values_.batch = {
      .size = resolver_.count(SettingId::batch_size, given.size),
      .delay = resolver_.duration(SettingId::batch_delay, given.delay),
      .export_timeout = resolver_.duration(SettingId::batch_export_timeout, given.export_timeout),
      .max_waiting = resolver_.count(SettingId::batch_max_waiting, given.max_waiting)};
  values_.max_in_flight = resolver_.count(SettingId::max_in_flight, settings_.max_in_flight);
}

bool Finalizer::check_directory(SettingId id, std::string_view directory) {
  if (is_absolute_path(directory)) return true;
  resolver_.refuse(id, quoted(directory), std::string(directory_rule) + "; begin it with '/'");
  return false;
}

/// Of code, else of the file. The directories of login and service manager ($HOME, ...) are said to
/// every program, so that these stand below what is said to Posthaste.
Given Finalizer::chosen_directory(SettingId id, const std::string& in_code) {
  if (!in_code.empty()) return {in_code, Origin::code, {}};
  const auto given = environment_.in_file(id);
  if (!given) return {{}, Origin::default_value, {}};
  if (is_absolute_path(given->text)) return *given;
  resolver_.ignore(*given, directory_rule, "begin it with '/'");
  return {{}, Origin::default_value, {}};
}

void Finalizer::remember_directory(SettingId id, const Given& chosen,
                                   const DirectoryCandidate& used) {
  const std::string path = printable(used.path, longest_path);
  if (!chosen.text.empty()) {
    resolver_.remember(id, path, chosen);
  } else if (used.source.starts_with('$')) {
    resolver_.remember(id, path, Origin::environment, used.source.substr(1));
  } else {
    resolver_.remember(id, path, Origin::default_value);
  }
}

void Finalizer::read_arena() {
  const std::uint64_t size =
      resolver_.number(SettingId::arena_size, count_of(settings_.arena_size));
  values_.arena.size = {size - size % FinalArena::segment.count};
  const std::string& in_code = settings_.arena_dir;
  if (!in_code.empty() && !check_directory(SettingId::arena_dir, in_code)) return;
  const Given chosen = chosen_directory(SettingId::arena_dir, in_code);
  values_.arena.directories = arena_candidates(chosen.text, environment_, warnings_);
  remember_directory(SettingId::arena_dir, chosen, values_.arena.directories.front());
}

bool Finalizer::has_azure_monitor() const {
  return std::any_of(values_.outputs.begin(), values_.outputs.end(), [](const FinalOutput& output) {
    return output.kind == OutputKind::azure_monitor;
  });
}

void Finalizer::read_store() {
  const StoreSettings& given = settings_.store;
  values_.store = {.enabled = resolver_.flag(SettingId::store_enabled, given.enabled),
                   .directory = {},
                   .cap = {resolver_.number(SettingId::store_cap, count_of(given.cap))},
                   .max_age = resolver_.duration(SettingId::store_max_age, given.max_age)};
  const bool needed = std::any_of(values_.outputs.begin(), values_.outputs.end(),
                                  [](const FinalOutput& output) { return output.is_remote(); });
  // A body is at most 1 MiB, and each queue must be able to hold one.
  const Bytes least{values_.outputs.size() * least_store_per_output.count};
  if (values_.store.cap < least) {
    resolver_.refuse(SettingId::store_cap, std::to_string(values_.store.cap.count) + " bytes",
                     "is below 1 MiB for each output; " + std::to_string(least.count) +
                         " bytes are the least for these outputs");
  }
  if (!given.directory.empty() && !check_directory(SettingId::store_directory, given.directory)) {
    return;
  }
  values_.store.enabled = values_.store.enabled && needed;
  if (values_.store.enabled) find_store_directory();
}

void Finalizer::find_store_directory() {
  const Given chosen = chosen_directory(SettingId::store_directory, settings_.store.directory);
  const auto candidates =
      store_candidates(chosen.text, values_.resource.get("service.name"), environment_, warnings_);
  if (const DirectoryCandidate* const usable = first_usable(candidates, host_)) {
    values_.store.directory = usable->path;
    remember_directory(SettingId::store_directory, chosen, *usable);
    if (host_.lies_in_shared_volume && host_.lies_in_shared_volume(usable->path)) {
      warnings_.push_back({.severity = Severity::warn,
                           .code = DiagnosticCode::directory_shared,
                           .message = "the store's directory " + printable(usable->path, 200) +
                                      " lies in a volume that everybody can write to; it is used; "
                                      "chmod 1777 the volume's root if others share it"});
    }
    return;
  }
  values_.store.enabled = false;
  std::string message =
      "no directory for the store can be written without others being able to replace it, tried";
  for (const auto& [path, source] : candidates) {
    message += ' ' + printable(path, 200) + " (" + source + ')';
  }
  message +=
      "; telemetry that cannot be delivered in time is dropped; set store.directory, or "
      "store.enabled = false";
  warnings_.push_back({.severity = Severity::warn,
                       .code = DiagnosticCode::no_store_directory,
                       .message = std::move(message)});
}

Result<FinalSettings> finalize(const Settings& settings, const Environment& environment,
                               std::vector<Diagnostic>& warnings, const HostFacts& host) {
  return Finalizer(settings, environment, warnings, host).finalize();
}

SettingsWithoutStart settings_without_start(const Settings& settings,
                                            const Environment& environment, const HostFacts& host) {
  std::vector<Diagnostic> said_already;
  Environment with_file = environment;
  if (const auto named = named_file(settings, environment)) {
    if (auto file = load(*named, host, said_already)) with_file.add_file(std::move(*file));
  }
  SettingResolver resolver(with_file, said_already);
  return {.propagators = read_propagators(settings.propagators, with_file, resolver),
          .diagnostics = read_diagnostics(settings, resolver)};
}

Diagnostic diagnostic_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::disabled:
      return {Severity::info, DiagnosticCode::telemetry_disabled, error.message()};
    case ErrorCode::no_output: return {Severity::error, DiagnosticCode::no_output, error.message()};
    case ErrorCode::invalid_connection_string:
      return {Severity::error, DiagnosticCode::connection_string_refused, error.message()};
    default: return {Severity::error, DiagnosticCode::setting_refused, error.message()};
  }
}

}  // namespace posthaste::config
