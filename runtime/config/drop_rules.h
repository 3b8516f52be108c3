#pragma once

/// Which spans and logs are left out, by name or attribute: `Settings::drop` and POSTHASTE_DROP.
/// Parsed once at start; actors/record_filter.h applies them. Pure; any thread.
///
///   rule       [log:] condition { & condition }       all of them hold
///   condition  [key] = pattern | [key] != pattern | pattern       without a key: the name
///   key        name, kind, scope, severity, body, or an attribute's; attribute:<key> for any
///   pattern    text with * for anything; \ makes the next character an ordinary one
///
/// Without `log:` a rule is about spans. Blanks around conditions, keys and patterns do not count.
/// What a record has not is never equal to a pattern. In the environment ; stands between rules.
/// Limits: 64 rules, 8 conditions in each, 1,024 bytes each.

#include "runtime/base/text_pattern.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::config {

struct DropCondition {
  enum class Field : std::uint8_t { name, kind, scope, severity, body, attribute };
  Field field = Field::name;
  std::string key = {};  // of an attribute
  TextPattern pattern;
  bool equal = true;
};

struct DropRule {
  bool of_logs = false;  // else of spans
  std::vector<DropCondition> conditions = {};
};

struct DropRules {
  std::vector<DropRule> rules = {};
  // Of the first that is wrong; empty if all are right.
  std::string wrong = {};
  std::string_view fault = {};
  std::string_view mend = {};
};

DropRules parse_drop_rules(std::span<const std::string> rules);
/// With ';' between them.
DropRules parse_drop_rules(std::string_view text);

}  // namespace posthaste::config
