#include "runtime/config/resource.h"

#include "runtime/base/utf8.h"
#include "runtime/config/text.h"

#include <array>
#include <optional>
#include <utility>

namespace posthaste::config {
namespace {

Error refused(std::string message) {
  return {ErrorCode::invalid_setting, std::move(message)};
}

std::optional<std::string> rule_broken_by(std::string_view key, std::string_view value) {
  if (key.empty()) return "has an empty key; name each attribute";
  if (!is_utf8(key) || !is_utf8(value)) {
    return "attribute " + quoted(key) + " is not UTF-8; encode it as UTF-8";
  }
  return std::nullopt;
}

std::optional<std::string> bound_broken_by(const ResourceAttributes& attributes) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : attributes) bytes += key.size() + value.size();
  if (attributes.size() <= Resource::max_attributes && bytes <= Resource::max_bytes) {
    return std::nullopt;
  }
  return "hold " + std::to_string(attributes.size()) + " attributes of " + std::to_string(bytes) +
         " bytes together; at most " + std::to_string(Resource::max_attributes) +
         " attributes and " + std::to_string(Resource::max_bytes) + " bytes are allowed";
}

void add_given(ResourceAttributes& attributes, std::string key, std::string_view value) {
  if (!value.empty()) attributes.insert_or_assign(std::move(key), value);
}

ResourceAttributes of_posthaste(const HostFacts& host) {
  return {
      {"service.name", host.executable.empty() ? std::string("unknown_service")
                                               : "unknown_service:" + host.executable},
      {"telemetry.sdk.name", "posthaste"},
      {"telemetry.sdk.language", "cpp"},
      {"telemetry.sdk.version", POSTHASTE_VERSION},
  };
}

std::vector<std::string_view> detector_names(const Settings& settings,
                                             const Environment& environment) {
  std::vector<std::string_view> names{"all"};
  if (settings.resource_detectors) {
    names.assign(settings.resource_detectors->begin(), settings.resource_detectors->end());
    if (names.empty()) names.push_back("none");
  } else if (const auto given = environment.find(SettingId::resource_detectors)) {
    names = split(given->text, ',');
  }
  return names;
}

void merge(ResourceAttributes& into, const ResourceAttributes& from) {
  for (const auto& [key, value] : from) into.insert_or_assign(key, value);
}

Diagnostic ignored(const Given& given, const std::string& rule) {
  return {.severity = Severity::warn,
          .code = given.origin == Origin::file ? DiagnosticCode::file_ignored
                                               : DiagnosticCode::environment_ignored,
          .message = given.source + ' ' + rule};
}

void add_list(ResourceAttributes& attributes, const std::optional<Given>& given,
              std::vector<Diagnostic>& warnings) {
  if (!given) return;
  auto parsed = parse_resource_attributes(given->text);
  if (parsed) return merge(attributes, *parsed);
  const bool in_file = given->origin == Origin::file;
  warnings.push_back(ignored(*given, parsed.error().message() + "; the whole " +
                                         (in_file ? "table" : "variable") + " is ignored"));
}

void add_name(ResourceAttributes& attributes, const char* key, const std::optional<Given>& given,
              std::vector<Diagnostic>& warnings) {
  if (!given) return;
  if (is_utf8(given->text)) {
    attributes.insert_or_assign(key, std::string(given->text));
  } else {
    warnings.push_back(
        ignored(*given, quoted(given->text) + " is not UTF-8; it is ignored; encode it as UTF-8"));
  }
}

constexpr std::pair<const char*, SettingId> names_with_settings[] = {
    {"service.name", SettingId::service_name},
    {"service.namespace", SettingId::service_namespace},
    {"service.version", SettingId::service_version},
    {"service.instance.id", SettingId::service_instance_id},
};

/// The environment over the file, and of each the name's own setting over the list.
ResourceAttributes of_outside(const Environment& environment, std::vector<Diagnostic>& warnings) {
  ResourceAttributes attributes;
  add_list(attributes, environment.in_file(SettingId::resource_attributes), warnings);
  for (const auto& [key, id] : names_with_settings) {
    add_name(attributes, key, environment.in_file(id), warnings);
  }
  const auto list = environment.find(SettingId::resource_attributes);
  if (list && list->origin == Origin::environment) add_list(attributes, list, warnings);
  for (const auto& [key, id] : names_with_settings) {
    // The highest last, so that it stays; one that is wrong leaves the next in line.
    const auto given = environment.all(id);
    for (auto name = given.rbegin(); name != given.rend(); ++name) {
      if (name->origin == Origin::environment) add_name(attributes, key, *name, warnings);
    }
  }
  return attributes;
}

Result<ResourceAttributes> of_code(const Settings& settings) {
  ResourceAttributes attributes;
  for (const auto& [key, value] : settings.resource_attributes) {
    if (const auto rule = rule_broken_by(key, value)) {
      return refused("resource_attributes (set in code) " + *rule);
    }
    attributes.insert_or_assign(key, value);
  }
  const std::array<std::pair<const char*, const std::string*>, 4> named{{
      {"service.name", &settings.service_name},
      {"service.namespace", &settings.service_namespace},
      {"service.version", &settings.service_version},
      {"service.instance.id", &settings.service_instance_id},
  }};
  for (const auto& [key, value] : named) {
    if (!is_utf8(*value)) {
      return refused(std::string(key) + " = " + quoted(*value) +
                     " (set in code) is not UTF-8; encode it as UTF-8");
    }
    add_given(attributes, key, *value);
  }
  return attributes;
}

}  // namespace

std::string_view Resource::get(std::string_view key) const {
  const auto found = attributes.find(key);
  return found == attributes.end() ? std::string_view() : std::string_view(found->second);
}

Result<ResourceAttributes> parse_resource_attributes(std::string_view text) {
  ResourceAttributes attributes;
  for (const std::string_view piece : split(text, ',')) {
    // A '=' in the value should have been written as %3D, but its meaning is plain.
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) {
      return refused("has a piece without '=', " + quoted(piece) +
                     "; write key=value,key=value and %2C for a ',' inside");
    }
    auto key = percent_decoded(trimmed(piece.substr(0, equals)));
    auto value = percent_decoded(trimmed(piece.substr(equals + 1)));
    if (!key || !value) {
      return refused("has a '%' without two hexadecimal digits in " + quoted(piece) +
                     "; write %25 for a '%'");
    }
    if (const auto rule = rule_broken_by(*key, *value)) return refused(*rule);
    attributes.insert_or_assign(std::move(*key), std::move(*value));
  }
  if (const auto bound = bound_broken_by(attributes)) return refused("would " + *bound);
  return attributes;
}

Result<Resource> make_resource(const Settings& settings, const Environment& environment,
                               const HostFacts& host, std::vector<Diagnostic>& warnings) {
  const auto code = of_code(settings);
  if (!code) return code.error();
  const std::vector<std::string_view> names = detector_names(settings, environment);
  Resource resource{.attributes = of_posthaste(host),
                    .asks_azure_vm = chooses_azure_vm(names),
                    .cloud_role = {},
                    .cloud_role_instance = {}};
  merge(resource.attributes, detect(names, environment, host, warnings));
  merge(resource.attributes, of_outside(environment, warnings));
  merge(resource.attributes, *code);
  if (const auto bound = bound_broken_by(resource.attributes)) {
    return refused("resource_attributes (set in code, with those of the environment) " + *bound);
  }
  const std::string_view space = resource.get("service.namespace");
  resource.cloud_role = resource.get("service.name");
  if (!space.empty()) resource.cloud_role = std::string(space) + '.' + resource.cloud_role;
  const std::string_view instance = resource.get("service.instance.id");
  resource.cloud_role_instance = instance.empty() ? resource.get("host.name") : instance;
  return resource;
}

}  // namespace posthaste::config
