#include "runtime/config/settings_table.h"

#include <cstddef>

namespace posthaste::config {
namespace {

constexpr SettingRow rows[] = {
#define POSTHASTE_SETTING(id, name, ruler, kind, environment, combine, default_number,           \
                          default_text, minimum, maximum, unit, scope, zero, meaning, cost)      \
  {SettingId::id,  name,         Ruler::ruler, SettingKind::kind, environment, Combine::combine, \
   default_number, default_text, minimum,      maximum,           unit,        #scope,           \
   zero,           meaning,      cost},
#include "runtime/config/settings.def"
#undef POSTHASTE_SETTING
};

/// Whether a text, path, list, choice or ratio can be written in the settings file. Numbers all can.
bool has_form_in_file(SettingId id) noexcept {
  switch (id) {
    case SettingId::service_name:
    case SettingId::service_namespace:
    case SettingId::service_version:
    case SettingId::service_instance_id:
    case SettingId::resource_attributes:
    case SettingId::resource_detectors:
    case SettingId::connection_string:
    case SettingId::traces_exporter:
    case SettingId::metrics_exporter:
    case SettingId::logs_exporter:
    case SettingId::otlp_endpoint:
    case SettingId::otlp_traces_endpoint:
    case SettingId::otlp_metrics_endpoint:
    case SettingId::otlp_logs_endpoint:
    case SettingId::otlp_headers:
    case SettingId::otlp_protocol:
    case SettingId::otlp_compression:
    case SettingId::otlp_timeout:
    case SettingId::otlp_ca_file:
    case SettingId::otlp_client_certificate:
    case SettingId::otlp_client_key:
    case SettingId::otlp_temporality:
    case SettingId::otlp_histograms:
    case SettingId::ca_file:
    case SettingId::proxy:
    case SettingId::over_budget:
    case SettingId::sampling:
    case SettingId::traces_per_second:
    case SettingId::sampling_parents:
    case SettingId::sampling_hash:
    case SettingId::propagators:
    case SettingId::log_minimum_severity:
    case SettingId::metric_exemplars:
    case SettingId::drop:
    case SettingId::diagnostics_level:
    case SettingId::diagnostics_log_file:
    case SettingId::store_directory:
    case SettingId::arena_dir: return true;
    default: return false;
  }
}

std::string with_unit(std::string text, std::string_view unit) {
  if (!unit.empty()) text.append(" ").append(unit);
  return text;
}

}  // namespace

std::span<const SettingRow> settings_table() noexcept {
  return rows;
}

const SettingRow& row_of(SettingId id) noexcept {
  return rows[static_cast<std::size_t>(id)];
}

std::vector<std::string_view> environment_names(const SettingRow& row) {
  std::vector<std::string_view> names;
  std::string_view rest = row.environment;
  while (!rest.empty()) {
    const std::size_t blank = rest.find(' ');
    names.push_back(rest.substr(0, blank));
    rest = blank == std::string_view::npos ? std::string_view() : rest.substr(blank + 1);
  }
  return names;
}

std::string file_key(const SettingRow& row) {
  if (!row.is_number() && !has_form_in_file(row.id)) return {};
  std::string key;
  for (std::size_t i = 0; i < row.name.size(); ++i) {
    const char c = row.name[i];
    const bool capital = c >= 'A' && c <= 'Z';
    if (capital && i > 0) key += '_';
    if (c == ':' && row.name[i - 1] == ':') continue;
    key += c == ':' ? '.' : capital ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return key;
}

std::string range_text(const SettingRow& row) {
  if (row.kind == SettingKind::boolean) return "true or false";
  return with_unit(std::to_string(row.minimum) + " to " + std::to_string(row.maximum), row.unit);
}

std::string default_of(const SettingRow& row) {
  if (!row.default_text.empty() || !row.is_number()) return std::string(row.default_text);
  return with_unit(std::to_string(row.default_number), row.unit);
}

}  // namespace posthaste::config
