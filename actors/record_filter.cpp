#include "actors/record_filter.h"

#include "runtime/arena/scopes.h"

#include <posthaste/severity.h>
#include <posthaste/span_kind.h>

#include <algorithm>
#include <charconv>
#include <span>

namespace posthaste::actors {
namespace {

std::string_view text_of(SpanKind kind) noexcept {
  switch (kind) {
    case SpanKind::internal: return "internal";
    case SpanKind::server: return "server";
    case SpanKind::client: return "client";
    case SpanKind::producer: return "producer";
    case SpanKind::consumer: return "consumer";
  }
  return "unknown";
}

/// Texts as they are, numbers and booleans written out; other values match nothing.
bool matches(const TextPattern& pattern, const model::ValueView& value) noexcept {
  char buffer[32];
  const auto written = [&](auto number) {
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number);
    return error == std::errc{} &&
           pattern.matches({buffer, static_cast<std::size_t>(end - buffer)});
  };
  switch (value.type()) {
    case AttributeType::string: return pattern.matches(value.string());
    case AttributeType::boolean: return pattern.matches(value.boolean() ? "true" : "false");
    case AttributeType::int64: return written(value.int64());
    case AttributeType::float64: return written(value.float64());
    default: return false;
  }
}

}  // namespace

RecordFilter::RecordFilter(const std::vector<config::DropRule>& rules, const arena::Arena& arena)
    : rules_(rules), arena_(arena) {
  for (const config::DropRule& rule : rules_) {
    for (const config::DropCondition& condition : rule.conditions) {
      if (condition.field != config::DropCondition::Field::attribute) continue;
      if (std::find(keys_.begin(), keys_.end(), condition.key) == keys_.end()) {
        keys_.push_back(condition.key);
      }
    }
  }
  values_.resize(keys_.size());
}

bool RecordFilter::drops(const model::RecordHead& record) noexcept {
  const bool log = record.type == model::RecordType::log;
  if (!log && record.type != model::RecordType::span) return false;
  const auto view =
      model::RecordView::from({reinterpret_cast<const std::byte*>(&record), record.length()});
  if (!view) return false;
  read(*view);
  return std::any_of(rules_.begin(), rules_.end(), [&](const config::DropRule& rule) {
    return rule.of_logs == log && holds(rule, *view);
  });
}

void RecordFilter::read(const model::RecordView& record) noexcept {
  std::fill(values_.begin(), values_.end(), std::nullopt);
  name_ = {};
  body_.reset();
  model::EntryRange entries = record.entries();
  while (const auto entry = entries.next()) {
    switch (entry->head.kind) {
      case model::EntryKind::name:
      case model::EntryKind::event_name: name_ = entry->text(); break;
      case model::EntryKind::body: body_ = entry->value(); break;
      case model::EntryKind::attribute: {
        const auto key = std::find(keys_.begin(), keys_.end(), entry->key());
        if (key != keys_.end())
          values_[static_cast<std::size_t>(key - keys_.begin())] = entry->value();
        break;
      }
      default: break;
    }
  }
}

bool RecordFilter::holds(const config::DropRule& rule, const model::RecordView& record) noexcept {
  return std::all_of(rule.conditions.begin(), rule.conditions.end(),
                     [&](const auto& condition) { return holds(condition, record); });
}

bool RecordFilter::holds(const config::DropCondition& condition,
                         const model::RecordView& record) noexcept {
  using Field = config::DropCondition::Field;
  const bool log = record.head().type == model::RecordType::log;
  bool found = false;
  switch (condition.field) {
    case Field::name: found = condition.pattern.matches(name_); break;
    case Field::kind:
      found = !log && condition.pattern.matches(text_of(static_cast<SpanKind>(record.head().kind)));
      break;
    case Field::severity:
      found =
          log && condition.pattern.matches(to_string(static_cast<Severity>(record.head().kind)));
      break;
    case Field::scope:
      found = condition.pattern.matches(arena::scope_at(arena_, record.head().scope).name);
      break;
    case Field::body: found = body_ && matches(condition.pattern, *body_); break;
    case Field::attribute: {
      const auto at = std::find(keys_.begin(), keys_.end(), condition.key) - keys_.begin();
      const auto& value = values_[static_cast<std::size_t>(at)];
      found = value && matches(condition.pattern, *value);
      break;
    }
  }
  return found == condition.equal;
}

void count_filtered(const arena::Arena& arena, const model::SignalCounts& records) noexcept {
  const std::uint64_t logs = records[model::Signal::log];
  arena::LaneHead& lane = arena.lane(0);
  const auto reason = static_cast<std::size_t>(RefusalReason::filtered);
  if (logs != 0) lane.refused_logs[reason].fetch_add(logs, std::memory_order_relaxed);
  if (records.total() == logs) return;
  lane.refused[reason].fetch_add(records.total() - logs, std::memory_order_relaxed);
}

}  // namespace posthaste::actors
