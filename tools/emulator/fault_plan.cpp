#include "tools/emulator/fault_plan.h"

#include <boost/json.hpp>

#include <algorithm>

namespace posthaste::tools {
namespace {

namespace json = boost::json;

Error wrong(std::string_view what) {
  return Error(ErrorCode::invalid_argument, "faults: " + std::string(what));
}

Result<std::string> part_of(const json::key_value_pair& member) {
  const std::string key(member.key());
  const json::value& value = member.value();
  if (value.is_bool() && !value.get_bool()) return wrong("\"" + key + "\" is false; leave it out");
  if (value.is_bool() || value.is_null()) return key;
  if (value.is_string()) return key + "=\"" + std::string(value.get_string()) + '"';
  if (value.is_number()) return key + '=' + json::serialize(value);
  return wrong("\"" + key + "\" must be a text, a number or true");
}

Result<std::string> spec_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (!value.is_object()) return wrong("each must be a text or an object");
  std::string spec;
  for (const json::key_value_pair& member : value.get_object()) {
    auto part = part_of(member);
    if (!part) return part;
    if (!spec.empty()) spec += ',';
    spec += *part;
  }
  return spec;
}

Result<std::vector<std::string>> specs_of(std::string_view text) {
  json::error_code error;
  const json::value document = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return wrong("not JSON: " + error.message());
  std::vector<std::string> specs;
  const auto add = [&specs](const json::value& value) -> Result<void> {
    auto spec = spec_of(value);
    if (!spec) return std::move(spec).error();
    specs.push_back(std::move(*spec));
    return {};
  };
  if (!document.is_array()) {
    if (auto added = add(document); !added) return std::move(added).error();
    return specs;
  }
  for (const json::value& value : document.get_array()) {
    if (auto added = add(value); !added) return std::move(added).error();
  }
  return specs;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

bool FaultPlan::in_time(const Active& active, SteadyTime now) {
  const FaultScope& scope = active.fault.scope;
  const SteadyTime start = active.set + scope.after;
  return now >= start && (!scope.length || now < start + *scope.length);
}

bool FaultPlan::is_meant(const Active& active, IntakeKind kind) {
  return !active.fault.scope.only || *active.fault.scope.only == kind;
}

bool FaultPlan::used_up(const Active& active) {
  const auto& next = active.fault.scope.next;
  return next && active.met >= *next;
}

bool FaultPlan::meets(Active& active, SteadyTime now) {
  if (!in_time(active, now) || used_up(active)) return false;
  active.credit += active.fault.scope.rate;
  if (active.credit < 1 - 1e-9) return false;
  active.credit -= 1;
  ++active.met;
  return true;
}

FaultEffect FaultPlan::at_request(SteadyTime now, IntakeKind kind) {
  FaultEffect effect;
  for (Active& active : active_) {
    const bool meant = !active.fault.at_connection() && is_meant(active, kind);
    if (meant && meets(active, now)) effect.merge(active.fault.effect);
  }
  return effect;
}

FaultEffect FaultPlan::at_connection(SteadyTime now) {
  FaultEffect effect;
  for (Active& active : active_) {
    if (active.fault.at_connection() && meets(active, now)) effect.merge(active.fault.effect);
  }
  return effect;
}

bool FaultPlan::refusing(SteadyTime now, IntakeKind kind) const {
  return std::ranges::any_of(active_, [=](const Active& active) {
    return active.fault.effect.refuse && is_meant(active, kind) && in_time(active, now);
  });
}

std::optional<SteadyTime> FaultPlan::next_change(SteadyTime now) const {
  std::optional<SteadyTime> soonest;
  const auto consider = [&](SteadyTime when) {
    if (when > now && (!soonest || when < *soonest)) soonest = when;
  };
  for (const Active& active : active_) {
    if (!active.fault.effect.refuse) continue;
    const SteadyTime start = active.set + active.fault.scope.after;
    consider(start);
    if (active.fault.scope.length) consider(start + *active.fault.scope.length);
  }
  return soonest;
}

std::string FaultPlan::to_json(SteadyTime now) const {
  json::array faults;
  for (const Active& active : active_) {
    const FaultScope& scope = active.fault.scope;
    const bool late = scope.length && now >= active.set + scope.after + *scope.length;
    faults.push_back(
        {{"spec", active.fault.spec}, {"met", active.met}, {"over", late || used_up(active)}});
  }
  return json::serialize(faults);
}

Result<std::vector<Fault>> read_faults(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  const bool as_json =
      start != std::string_view::npos && std::string_view("[{\"").find(text[start]) != text.npos;
  std::vector<std::string> specs;
  if (as_json) {
    auto read = specs_of(text);
    if (!read) return std::move(read).error();
    specs = std::move(*read);
  } else {
    specs = lines_of(text);
  }
  if (specs.empty() || specs.size() > FaultPlan::most_faults) {
    return wrong("expected 1 to " + std::to_string(FaultPlan::most_faults));
  }
  std::vector<Fault> faults;
  for (const std::string& spec : specs) {
    auto fault = parse_fault(spec);
    if (!fault) return std::move(fault).error();
    faults.push_back(std::move(*fault));
  }
  return faults;
}

}  // namespace posthaste::tools
