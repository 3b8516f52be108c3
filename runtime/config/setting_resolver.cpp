#include "runtime/config/setting_resolver.h"

#include "runtime/config/text.h"

#include <algorithm>
#include <cstddef>

namespace posthaste::config {
namespace {

std::string shown(const SettingRow& row, std::uint64_t value) {
  if (row.kind == SettingKind::boolean) return value != 0 ? "true" : "false";
  if (value == row.default_number) return default_of(row);
  std::string text = std::to_string(value);
  if (!row.unit.empty()) text.append(" ").append(row.unit);
  return text;
}

bool in_range(const SettingRow& row, std::uint64_t value) noexcept {
  return value >= row.minimum && value <= row.maximum;
}

std::string rule_of(const SettingRow& row) {
  if (row.kind == SettingKind::boolean) return "is neither true nor false";
  return "is not a whole number of " + std::string(row.unit) + " in the range of " +
         std::to_string(row.minimum) + " to " + std::to_string(row.maximum);
}

std::string mend_of(const SettingRow& row) {
  if (row.kind == SettingKind::boolean) return "write true or false";
  return "write digits alone, such as " +
         std::to_string(std::max(row.default_number, row.minimum)) + ", or unset it";
}

}  // namespace

std::string_view to_string(Origin origin) noexcept {
  switch (origin) {
    case Origin::default_value: return "default";
    case Origin::file: return "file";
    case Origin::environment: return "environment";
    case Origin::code: return "code";
  }
  return "unknown";
}

SettingResolver::SettingResolver(const Environment& environment, std::vector<Diagnostic>& warnings)
    : environment_(environment), warnings_(warnings) {
  for (const SettingRow& row : settings_table()) {
    resolved_.push_back({row.id, default_of(row), Origin::default_value});
  }
}

void SettingResolver::remember(SettingId id, std::string value, Origin origin, std::string source) {
  resolved_[static_cast<std::size_t>(id)] = {id, std::move(value), origin, std::move(source)};
}

void SettingResolver::refuse(SettingId id, std::string_view given, std::string_view rule) {
  if (error_) return;
  std::string message(row_of(id).name);
  message.append(" = ").append(given).append(" (set in code) ").append(rule);
  error_.emplace(ErrorCode::invalid_setting, std::move(message));
}

void SettingResolver::ignore(std::string_view variable, std::string_view given,
                             std::string_view rule, std::string_view mend) {
  ignore_as(DiagnosticCode::environment_ignored, std::string(variable) + '=', given, rule, mend);
}

void SettingResolver::ignore(const Given& given, std::string_view rule, std::string_view mend) {
  ignore_shown(given, quoted(given.text), rule, mend);
}

void SettingResolver::ignore_hidden(const Given& given, std::string_view rule,
                                    std::string_view mend) {
  ignore_shown(given, "(value hidden)", rule, mend);
}

void SettingResolver::ignore_shown(const Given& given, std::string_view shown_value,
                                   std::string_view rule, std::string_view mend) {
  if (given.origin == Origin::file) {
    ignore_as(DiagnosticCode::file_ignored, given.source + " = ", shown_value, rule, mend);
  } else {
    ignore(given.source, shown_value, rule, mend);
  }
}

void SettingResolver::ignore_as(DiagnosticCode code, std::string message, std::string_view given,
                                std::string_view rule, std::string_view mend) {
  message.append(given).append(" ").append(rule);
  message.append("; it is ignored; ").append(mend);
  // One variable may stand in several rows; it is wrong only once.
  const bool said = std::any_of(warnings_.begin(), warnings_.end(),
                                [&](const Diagnostic& w) { return w.message == message; });
  if (said) return;
  warnings_.push_back({.severity = Severity::warn, .code = code, .message = std::move(message)});
}

void SettingResolver::adapt(SettingId id, std::uint64_t to, std::string_view rule) {
  const SettingRow& row = row_of(id);
  ResolvedSetting& setting = resolved_[static_cast<std::size_t>(id)];
  // A default has no author who would have to know.
  if (setting.origin != Origin::default_value) {
    std::string message(row.name);
    message.append(" = ").append(setting.value).append(" (");
    message.append(to_string(setting.origin)).append(") ").append(rule);
    message.append("; ").append(shown(row, to)).append(" is used instead");
    warnings_.push_back({.severity = Severity::warn,
                         .code = DiagnosticCode::setting_adapted,
                         .message = std::move(message)});
  }
  setting.value = shown(row, to);
}

std::uint64_t SettingResolver::number(SettingId id, std::optional<std::uint64_t> code) {
  const SettingRow& row = row_of(id);
  if (code && in_range(row, *code)) {
    remember(id, shown(row, *code), Origin::code);
    return *code;
  }
  if (code) {
    refuse(
        id, std::to_string(*code),
        "is out of its range of " + range_text(row) + "; choose a value within, or leave it unset");
    return row.default_number;
  }
  Found found = row.combine == Combine::first ? from_environment(row) : smallest(row);
  if (found.origin == Origin::default_value) found = from_file_or_default(row);
  remember(id, shown(row, found.value), found.origin, std::move(found.source));
  return found.value;
}

std::uint32_t SettingResolver::count(SettingId id, std::optional<std::uint32_t> code) {
  return static_cast<std::uint32_t>(number(id, code));  // no count's row goes beyond 32 bits
}

std::chrono::milliseconds SettingResolver::duration(SettingId id,
                                                    std::optional<std::chrono::milliseconds> code) {
  if (code && code->count() < 0) {
    refuse(id, std::to_string(code->count()) + " ms",
           "is negative; its range is " + range_text(row_of(id)));
    code.reset();
  }
  std::optional<std::uint64_t> milliseconds;
  if (code) milliseconds = static_cast<std::uint64_t>(code->count());
  return std::chrono::milliseconds(static_cast<std::int64_t>(number(id, milliseconds)));
}

bool SettingResolver::flag(SettingId id, std::optional<bool> code) {
  std::optional<std::uint64_t> number_in_code;
  if (code) number_in_code = *code ? 1 : 0;
  return number(id, number_in_code) != 0;
}

bool SettingResolver::flag_in_file(SettingId id) {
  const SettingRow& row = row_of(id);
  Found found = from_file_or_default(row);
  remember(id, shown(row, found.value), found.origin, std::move(found.source));
  return found.value != 0;
}

std::optional<std::uint64_t> SettingResolver::read(const SettingRow& row, const Given& given) {
  std::optional<std::uint64_t> value;
  if (row.kind == SettingKind::boolean) {
    if (const auto flag = parse_boolean(given.text)) value = *flag ? 1 : 0;
  } else {
    value = parse_number(given.text);
  }
  if (value && in_range(row, *value)) return value;
  ignore(given, rule_of(row), mend_of(row));
  return std::nullopt;
}

std::optional<std::uint64_t> SettingResolver::read_variable(const SettingRow& row,
                                                            std::string_view variable) {
  const auto text = environment_.get(variable);
  if (!text) return std::nullopt;
  return read(row, Given{*text, Origin::environment, std::string(variable)});
}

SettingResolver::Found SettingResolver::from_file_or_default(const SettingRow& row) {
  if (const auto given = environment_.in_file(row.id)) {
    if (const auto value = read(row, *given)) return {*value, Origin::file, given->source};
  }
  return {row.default_number, Origin::default_value};
}

SettingResolver::Found SettingResolver::from_environment(const SettingRow& row) {
  for (const std::string_view variable : environment_names(row)) {
    if (const auto value = read_variable(row, variable)) {
      return {*value, Origin::environment, std::string(variable)};
    }
  }
  return {row.default_number, Origin::default_value};
}

SettingResolver::Found SettingResolver::smallest(const SettingRow& row) {
  Found found{row.default_number, Origin::default_value};
  bool first = true;
  for (const std::string_view variable : environment_names(row)) {
    const auto value = read_variable(row, variable);
    const bool none = found.value == 0 && row.combine == Combine::smaller_nonzero;
    const bool counts = value && (*value > 0 || row.combine == Combine::smaller);
    if (value && (first || (counts && (none || *value < found.value)))) {
      found = {*value, Origin::environment, std::string(variable)};
    }
    first = false;
  }
  return found;
}

}  // namespace posthaste::config
