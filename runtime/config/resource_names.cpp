#include "runtime/config/resource_names.h"

#include "runtime/base/utf8.h"
#include "runtime/config/text.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace posthaste::config {
namespace {

/// A list with one mistake is ignored whole, and the next in line counts.
std::optional<Given> list_that_counts(const Environment& environment) {
  for (Given& given : environment.all(SettingId::resource_attributes)) {
    if (parse_resource_attributes(given.text)) return std::move(given);
  }
  return std::nullopt;
}

class NameOrigins {
public:
  NameOrigins(const Settings& settings, const Environment& environment, const Resource& resource,
              SettingResolver& resolver)
      : settings_(settings), environment_(environment), resource_(resource), resolver_(resolver) {}

  void remember(SettingId id, std::string_view key, const std::string& field) const;

private:
  const Settings& settings_;
  const Environment& environment_;
  const Resource& resource_;
  SettingResolver& resolver_;
};

void NameOrigins::remember(SettingId id, std::string_view key, const std::string& field) const {
  const auto in_list =
      std::any_of(settings_.resource_attributes.begin(), settings_.resource_attributes.end(),
                  [&](const auto& pair) { return pair.first == key; });
  const std::string_view value = resource_.get(key);
  const std::string text = printable(value, 256);
  std::optional<Given> outside;
  for (Given& given : environment_.all(id)) {
    if (!outside && given.text == value) outside = std::move(given);
  }
  const auto list = list_that_counts(environment_);
  const bool in_variable = list && list->origin == Origin::environment;
  // What is not as the setting says came from a list, or from a detector.
  if (!outside || (in_variable && outside->origin == Origin::file)) outside = list;
  if (!field.empty() || in_list) {
    resolver_.remember(id, text, Origin::code);
  } else if (value.empty() || value.starts_with("unknown_service")) {
    resolver_.remember(id, text, Origin::default_value);
  } else if (outside) {
    resolver_.remember(id, text, *outside);
  } else {
    resolver_.remember(id, text, Origin::environment, "resource detectors");
  }
}

void remember_detectors(const Settings& settings, const Environment& environment,
                        SettingResolver& resolver) {
  const auto& in_code = settings.resource_detectors;
  if (!in_code) {
    if (const auto outside = environment.find(SettingId::resource_detectors)) {
      resolver.remember(SettingId::resource_detectors, quoted(outside->text), *outside);
    }
    return;
  }
  std::string names;
  for (const std::string& name : *in_code) names += (names.empty() ? "" : ",") + name;
  resolver.remember(SettingId::resource_detectors, quoted(names.empty() ? "none" : names),
                    Origin::code);
}

}  // namespace

void remember_names(const Settings& settings, const Environment& environment,
                    const Resource& resource, SettingResolver& resolver) {
  const NameOrigins origins(settings, environment, resource, resolver);
  origins.remember(SettingId::service_name, "service.name", settings.service_name);
  origins.remember(SettingId::service_namespace, "service.namespace", settings.service_namespace);
  origins.remember(SettingId::service_version, "service.version", settings.service_version);
  origins.remember(SettingId::service_instance_id, "service.instance.id",
                   settings.service_instance_id);
  remember_detectors(settings, environment, resolver);
  const std::string count = std::to_string(resource.attributes.size()) + " attributes";
  if (!settings.resource_attributes.empty()) {
    resolver.remember(SettingId::resource_attributes, count, Origin::code);
  } else if (const auto outside = list_that_counts(environment)) {
    resolver.remember(SettingId::resource_attributes, count, *outside);
  } else {
    resolver.remember(SettingId::resource_attributes, count, Origin::default_value);
  }
}

}  // namespace posthaste::config
