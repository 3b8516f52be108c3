#include "runtime/config/final_settings.h"

#include "runtime/base/utf8.h"
#include "runtime/config/sampling.h"
#include "runtime/config/text.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

namespace posthaste::config {
namespace {

constexpr Bytes least_store_per_output{1024 * 1024};
constexpr std::size_t longest_path = 4000;  // below PATH_MAX, with room for file names

std::optional<std::uint64_t> count_of(std::optional<Bytes> bytes) {
  return bytes ? std::optional(bytes->count) : std::nullopt;
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
        resolver_(environment, warnings) {}

  Result<FinalSettings> finalize() {
    if (resolver_.flag(SettingId::disabled, settings_.disabled)) return disabled();
    auto resource = make_resource(settings_, environment_, host_, warnings_);
    if (!resource) return std::move(resource).error();
    values_.resource = std::move(*resource);
    auto outputs = make_outputs(settings_, environment_, resolver_);
    if (!outputs) return std::move(outputs).error();
    values_.outputs = std::move(*outputs);

    read_sampling();
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
    fit_batch_into_queue();
    fit_export_timeout_into_age();
    fit_flight_into_arena();
    if (resolver_.error()) return *resolver_.error();

    remember_names();
    values_.resolved = std::move(resolver_).take();
    return FinalSettings(std::move(values_));
  }

private:
  Error disabled() const;
  void read_sampling();
  void read_sampler_in_code();
  void read_sampler_variables();
  void read_limits();
  void read_logs();
  void read_callbacks();
  void read_drop_rules();
  void read_batch();
  void read_arena();
  void read_store();
  void find_store_directory();
  bool has_azure_monitor() const;
  bool check_directory(SettingId id, std::string_view directory);
  void fit_batch_into_queue();
  void fit_export_timeout_into_age();
  void fit_flight_into_arena();
  void remember_names();
  void remember_detectors();

  const Settings& settings_;
  const Environment& environment_;
  std::vector<Diagnostic>& warnings_;
  const HostFacts& host_;
  SettingResolver resolver_;
  FinalSettings::Values values_{};
};

Error Finalizer::disabled() const {
  const bool code = resolver_.origin(SettingId::disabled) == Origin::code;
  return {ErrorCode::disabled, std::string("telemetry is switched off by ") +
                                   (code ? "disabled = true (set in code)" : "OTEL_SDK_DISABLED") +
                                   "; unset it to switch telemetry on"};
}

/// Sampler of code over that of the environment, as a whole: half of each would make a third one.
void Finalizer::read_sampling() {
  FinalSampling& sampling = values_.sampling;
  const bool in_code = settings_.sampling || settings_.traces_per_second || settings_.sampler;
  if (!in_code) read_sampler_variables();
  if (in_code) read_sampler_in_code();
  if (settings_.sampling_parents) {
    sampling.parents = *settings_.sampling_parents;
    resolver_.remember(SettingId::sampling_parents, text_of(sampling.parents), Origin::code);
  }
  if (settings_.sampling_hash) {
    sampling.hash = *settings_.sampling_hash;
    resolver_.remember(SettingId::sampling_hash, std::string(text_of(sampling.hash)), Origin::code);
  }
}

void Finalizer::read_sampler_in_code() {
  FinalSampling& sampling = values_.sampling;
  if (const auto& rate = settings_.sampling) {
    sampling.rate = *rate;
    if (!rate->valid()) {
      resolver_.refuse(SettingId::sampling, text_of(sampling),
                       "is out of its range of 0 to 100 %; choose a rate within");
    }
    resolver_.remember(SettingId::sampling, text_of(sampling), Origin::code);
  }
  if (const auto& number = settings_.traces_per_second) {
    sampling.kind = SamplerKind::rate_limited;
    sampling.traces_per_second = *number;
    if (!valid_traces_per_second(*number)) {
      resolver_.refuse(SettingId::traces_per_second, text_of(sampling),
                       "is out of its range of 0 to 1000000; choose a number within");
    }
    resolver_.remember(SettingId::traces_per_second, text_of(sampling), Origin::code);
  }
  if (settings_.sampler) {
    sampling.kind = SamplerKind::callback;
    sampling.callback = settings_.sampler;
    resolver_.remember(SettingId::sampler, "set", Origin::code);
  }
  const int given = (settings_.sampling ? 1 : 0) + (settings_.traces_per_second ? 1 : 0) +
                    (settings_.sampler ? 1 : 0);
  if (given > 1) {
    resolver_.refuse(settings_.sampler ? SettingId::sampler : SettingId::traces_per_second,
                     text_of(sampling),
                     "is one of several samplers; set one of sampling, traces_per_second and "
                     "sampler");
  }
}

void Finalizer::read_sampler_variables() {
  const auto name = environment_.get("OTEL_TRACES_SAMPLER");
  const auto argument = environment_.get("OTEL_TRACES_SAMPLER_ARG");
  if (!name) {
    if (argument) {
      resolver_.ignore("OTEL_TRACES_SAMPLER_ARG", quoted(*argument),
                       "stands without OTEL_TRACES_SAMPLER",
                       "set OTEL_TRACES_SAMPLER=parentbased_traceidratio too");
    }
    return;
  }
  SamplerChoice choice = choose_sampler(*name, argument.value_or(""));
  if (!choice.known) {
    resolver_.ignore("OTEL_TRACES_SAMPLER", quoted(*name), "is not a sampler that is supported",
                     "choose one of " + std::string(known_samplers));
    return;
  }
  if (!choice.argument_valid) {
    resolver_.ignore("OTEL_TRACES_SAMPLER_ARG", quoted(*argument), choice.rule,
                     "until it is mended, the sampler is used with " + text_of(choice.sampling));
  }
  values_.sampling = std::move(choice.sampling);
  const FinalSampling& sampling = values_.sampling;
  resolver_.remember(sampling.kind == SamplerKind::rate_limited ? SettingId::traces_per_second
                                                                : SettingId::sampling,
                     text_of(sampling), Origin::environment);
  resolver_.remember(SettingId::sampling_parents, text_of(sampling.parents), Origin::environment);
  resolver_.remember(SettingId::sampling_hash, std::string(text_of(sampling.hash)),
                     Origin::environment);
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
  const Severity severity = given.minimum_severity.value_or(Severity::trace);
  if (to_string(severity) == "unspecified") {
    resolver_.refuse(SettingId::log_minimum_severity,
                     std::to_string(static_cast<unsigned>(severity)),
                     "is out of its range of 1 to 24; choose a value of Severity");
  } else if (given.minimum_severity) {
    resolver_.remember(SettingId::log_minimum_severity, std::string(to_string(severity)),
                       Origin::code);
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
  Origin origin = Origin::code;
  DropRules read;
  if (!settings_.drop.empty()) {
    read = parse_drop_rules(settings_.drop);
    if (!read.wrong.empty()) {
      resolver_.refuse(SettingId::drop, quoted(read.wrong),
                       std::string(read.fault).append("; ").append(read.mend));
    }
  } else if (const auto text = environment_.get("POSTHASTE_DROP")) {
    origin = Origin::environment;
    read = parse_drop_rules(*text);
    if (!read.wrong.empty()) {
      resolver_.ignore("POSTHASTE_DROP", quoted(read.wrong), read.fault, read.mend);
    }
  }
  if (read.rules.empty()) return;
  resolver_.remember(SettingId::drop, std::to_string(read.rules.size()) + " rules", origin);
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
  const bool absolute = directory.starts_with('/');
  const bool plain = directory.find('\0') == std::string_view::npos;
  if (absolute && plain && directory.size() <= longest_path) return true;
  resolver_.refuse(id, quoted(directory),
                   "is not an absolute path of at most 4000 bytes; begin it with '/'");
  return false;
}

void Finalizer::read_arena() {
  const std::uint64_t size =
      resolver_.number(SettingId::arena_size, count_of(settings_.arena_size));
  values_.arena.size = {size - size % FinalArena::segment.count};
  const std::string& directory = settings_.arena_dir;
  if (!directory.empty() && !check_directory(SettingId::arena_dir, directory)) return;
  values_.arena.directories = arena_candidates(directory, environment_, warnings_);
  const DirectoryCandidate& first = values_.arena.directories.front();
  const bool from_environment = first.source.starts_with('$');
  resolver_.remember(SettingId::arena_dir, printable(first.path, longest_path),
                     !directory.empty() ? Origin::code
                     : from_environment ? Origin::environment
                                        : Origin::default_value);
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
  const std::string& given = settings_.store.directory;
  const auto candidates =
      store_candidates(given, values_.resource.get("service.name"), environment_, warnings_);
  if (const DirectoryCandidate* const usable = first_usable(candidates, host_)) {
    values_.store.directory = usable->path;
    resolver_.remember(SettingId::store_directory, printable(usable->path, longest_path),
                       !given.empty()                    ? Origin::code
                       : usable->source.starts_with('$') ? Origin::environment
                                                         : Origin::default_value);
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

// A batch never fills if fewer items than it holds may wait. The lower precedence gives way; on
// equal terms in code it is a mistake that only its author can mend.
void Finalizer::fit_batch_into_queue() {
  FinalBatch& batch = values_.batch;
  if (batch.max_waiting == 0 || batch.size <= batch.max_waiting) return;
  const Origin size = resolver_.origin(SettingId::batch_size);
  const Origin waiting = resolver_.origin(SettingId::batch_max_waiting);
  if (size == Origin::code && waiting == Origin::code) {
    resolver_.refuse(SettingId::batch_size, std::to_string(batch.size),
                     "is above batch.max_waiting = " + std::to_string(batch.max_waiting) +
                         "; lower it, or raise batch.max_waiting");
  } else if (size == Origin::code) {
    resolver_.adapt(SettingId::batch_max_waiting, batch.size, "is below batch.size");
    batch.max_waiting = batch.size;
  } else {
    resolver_.adapt(SettingId::batch_size, batch.max_waiting, "is above batch.max_waiting");
    batch.size = batch.max_waiting;
  }
}

// What waits in memory longer than max_age would be too old for the store the moment it gets there.
void Finalizer::fit_export_timeout_into_age() {
  auto& timeout = values_.batch.export_timeout;
  const auto age = values_.store.max_age;
  if (timeout <= age) return;
  if (resolver_.origin(SettingId::batch_export_timeout) == Origin::code) {
    resolver_.refuse(SettingId::batch_export_timeout, std::to_string(timeout.count()) + " ms",
                     "is above store.max_age = " + std::to_string(age.count()) +
                         " ms; lower it, or raise store.max_age");
    return;
  }
  resolver_.adapt(SettingId::batch_export_timeout, static_cast<std::uint64_t>(age.count()),
                  "is above store.max_age");
  timeout = age;
}

// All outputs together may hold half of the arena, the rest is for what is being recorded; a batch
// on its way takes a segment at least. So: outputs * max_in_flight * 64 KiB <= arena_size / 2.
void Finalizer::fit_flight_into_arena() {
  const std::uint64_t segments = values_.arena.size.count / 2 / FinalArena::segment.count;
  const std::uint64_t most = std::max<std::uint64_t>(1, segments / values_.outputs.size());
  if (values_.max_in_flight <= most) return;
  if (resolver_.origin(SettingId::max_in_flight) == Origin::code) {
    resolver_.refuse(
        SettingId::max_in_flight, std::to_string(values_.max_in_flight),
        "needs more than half of arena_size = " + std::to_string(values_.arena.size.count) +
            " bytes for these outputs; at most " + std::to_string(most) +
            " fit, or raise arena_size");
    return;
  }
  resolver_.adapt(SettingId::max_in_flight, most, "needs more than half of arena_size");
  values_.max_in_flight = static_cast<std::uint32_t>(most);
}

void Finalizer::remember_detectors() {
  const auto& in_code = settings_.resource_detectors;
  const auto in_environment = environment_.get("OTEL_RESOURCE_DETECTORS");
  std::string names;
  if (in_code) {
    for (const std::string& name : *in_code) names += (names.empty() ? "" : ",") + name;
    if (names.empty()) names = "none";
  } else {
    names = in_environment.value_or("all");
  }
  resolver_.remember(SettingId::resource_detectors, quoted(names),
                     in_code          ? Origin::code
                     : in_environment ? Origin::environment
                                      : Origin::default_value);
}

void Finalizer::remember_names() {
  const Resource& resource = values_.resource;
  const auto remember = [&](SettingId id, std::string_view key, const std::string& field) {
    const auto in_list =
        std::any_of(settings_.resource_attributes.begin(), settings_.resource_attributes.end(),
                    [&](const auto& pair) { return pair.first == key; });
    const std::string_view value = resource.get(key);
    const bool made_up = value.empty() || value.starts_with("unknown_service");
    resolver_.remember(id, printable(value, 256),
                       !field.empty() || in_list ? Origin::code
                       : made_up                 ? Origin::default_value
                                                 : Origin::environment);
  };
  remember(SettingId::service_name, "service.name", settings_.service_name);
  remember(SettingId::service_namespace, "service.namespace", settings_.service_namespace);
  remember(SettingId::service_version, "service.version", settings_.service_version);
  remember(SettingId::service_instance_id, "service.instance.id", settings_.service_instance_id);
  remember_detectors();
  const bool in_code = !settings_.resource_attributes.empty();
  const bool in_environment = environment_.get("OTEL_RESOURCE_ATTRIBUTES").has_value();
  resolver_.remember(SettingId::resource_attributes,
                     std::to_string(resource.attributes.size()) + " attributes",
                     in_code          ? Origin::code
                     : in_environment ? Origin::environment
                                      : Origin::default_value);
}

Result<FinalSettings> finalize(const Settings& settings, const Environment& environment,
                               std::vector<Diagnostic>& warnings, const HostFacts& host) {
  return Finalizer(settings, environment, warnings, host).finalize();
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
