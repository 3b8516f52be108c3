#include "runtime/config/drop_rules.h"

#include "runtime/config/text.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace posthaste::config {
namespace {

constexpr std::size_t most_rules = 64;
constexpr std::size_t most_conditions = 8;
constexpr std::size_t longest_rule = 1024;
constexpr std::string_view special = "\\*&=;!:";

/// Where `sought` first stands without a backslash before it; npos if nowhere.
std::size_t find_plain(std::string_view text, char sought) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == sought) {
      return i;
    }
  }
  return std::string_view::npos;
}

/// The pieces between separators that no backslash precedes, empty ones too.
std::vector<std::string_view> split_plain(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const std::size_t at = find_plain(text, separator);
    pieces.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

bool is_escaped_right(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') continue;
    if (++i == text.size() || special.find(text[i]) == std::string_view::npos) return false;
  }
  return true;
}

/// Without its backslashes.
std::string plain(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') ++i;
    out += text[i];
  }
  return out;
}

TextPattern pattern_of(std::string_view text) {
  std::vector<std::string> pieces;
  for (const std::string_view piece : split_plain(text, '*')) pieces.push_back(plain(piece));
  return TextPattern(std::move(pieces));
}

void set_key(DropCondition& condition, std::string_view key) {
  using Field = DropCondition::Field;
  constexpr std::pair<std::string_view, Field> fields[] = {{"name", Field::name},
                                                           {"kind", Field::kind},
                                                           {"scope", Field::scope},
                                                           {"severity", Field::severity},
                                                           {"body", Field::body}};
  const auto* const found = std::find_if(std::begin(fields), std::end(fields),
                                         [&](const auto& field) { return field.first == key; });
  if (found != std::end(fields)) {
    condition.field = found->second;
    return;
  }
  constexpr std::string_view explicit_attribute = "attribute:";
  if (key.starts_with(explicit_attribute)) key.remove_prefix(explicit_attribute.size());
  condition.field = Field::attribute;
  condition.key = plain(key);
}

/// Empty: a key is missing.
std::optional<DropCondition> condition_of(std::string_view text) {
  const std::size_t equals = find_plain(text, '=');
  if (equals == std::string_view::npos) return DropCondition{.pattern = pattern_of(text)};
  std::string_view key = text.substr(0, equals);
  // An escaped '!' belongs to the key: without it the key would end in half an escape.
  const bool equal = !key.ends_with('!') || !is_escaped_right(key.substr(0, key.size() - 1));
  if (!equal) key.remove_suffix(1);
  DropCondition condition{.pattern = pattern_of(trimmed(text.substr(equals + 1))), .equal = equal};
  set_key(condition, trimmed(key));
  if (condition.field == DropCondition::Field::attribute && condition.key.empty()) {
    return std::nullopt;
  }
  return condition;
}

/// What is wrong with it; empty if nothing is, and then the rule is added.
std::string_view add_rule(std::string_view text, std::vector<DropRule>& rules) {
  if (rules.size() == most_rules) return "is one too many, at most 64 are allowed";
  if (text.size() > longest_rule) return "is longer than 1024 bytes";
  if (!is_escaped_right(text)) return "has a '\\' before something that needs none";
  constexpr std::string_view logs = "log:";
  DropRule rule{.of_logs = text.starts_with(logs)};
  if (rule.of_logs) text.remove_prefix(logs.size());
  for (std::string_view piece : split_plain(text, '&')) {
    piece = trimmed(piece);
    if (piece.empty()) return "has an empty condition";
    if (rule.conditions.size() == most_conditions) return "has more than 8 conditions";
    auto condition = condition_of(piece);
    if (!condition) return "has a condition without a key before its '='";
    rule.conditions.push_back(std::move(*condition));
  }
  rules.push_back(std::move(rule));
  return {};
}

constexpr std::string_view mend =
    "write it as \"GET /healthz\" or \"url.path=/live*\", with '\\' before each of \\ * & = ; ! : "
    "that is meant as it is";

}  // namespace

DropRules parse_drop_rules(std::span<const std::string> texts) {
  DropRules all;
  for (const std::string& text : texts) {
    const std::string_view fault = add_rule(trimmed(text), all.rules);
    if (!fault.empty()) return {.wrong = text, .fault = fault, .mend = mend};
  }
  return all;
}

DropRules parse_drop_rules(std::string_view text) {
  std::vector<std::string> texts;
  for (const std::string_view piece : split_plain(text, ';')) {
    if (!trimmed(piece).empty()) texts.emplace_back(piece);
    if (texts.size() > most_rules) break;
  }
  return parse_drop_rules(texts);
}

}  // namespace posthaste::config
