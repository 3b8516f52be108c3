#include "tools/emulator/operation_table.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace posthaste::tools {
namespace {

constexpr std::string_view others = "(other)";
constexpr std::string_view nameless = "(none)";

std::uint64_t weight_of(const ItemFacts& item) noexcept {
  // Rates down to one in a million; below that a weight would say more than a sample can.
  return static_cast<std::uint64_t>(std::llround(100 / std::max(item.sample_rate, 1e-4)));
}

std::string milliseconds(std::uint64_t microseconds) {
  std::string text = std::to_string(microseconds / 1000) + '.';
  const std::string thousandths = std::to_string(microseconds % 1000);
  return text.append(3 - thousandths.size(), '0') + thousandths;
}

}  // namespace

void OperationTable::Calls::add(const ItemFacts& item, std::uint64_t weight) {
  if (!item.success) failures += weight;
  microseconds.record(
      static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(item.duration).count()),
      weight);
}

OperationTable::Operation& OperationTable::operation_of(const ItemFacts& item) {
  std::string_view name = item.operation_name;
  if (name.empty() && item.type == ItemType::request) name = item.name;
  if (name.empty()) name = nameless;
  auto found = operations_.find(name);
  if (found != operations_.end()) return found->second;
  if (operations_.size() >= most_names) name = others;
  return operations_[std::string(name)];
}

void OperationTable::add(const ItemFacts& item) {
  if (item.type == ItemType::metric) return;  // no part of an operation
  const bool request = item.type == ItemType::request;
  const bool dependency = item.type == ItemType::dependency;
  const std::uint64_t weight = weight_of(item);
  Operation& operation = operation_of(item);
  if (request || dependency) {
    std::unique_ptr<Calls>& calls = request ? operation.requests : operation.dependencies;
    if (!calls) calls = std::make_unique<Calls>();
    calls->add(item, weight);
  }
  if (item.type == ItemType::exception) operation.exceptions += weight;
  if (item.type == ItemType::trace) operation.traces += weight;
}

std::string OperationTable::to_json() const {
  using Line = std::pair<const std::string, Operation>;
  const auto requests = [](const Line* line) {
    return line->second.requests ? line->second.requests->microseconds.count() : 0;
  };
  std::vector<const Line*> lines;
  for (const Line& line : operations_) lines.push_back(&line);
  std::ranges::stable_sort(lines, std::greater<>{}, requests);

  std::string json = R"({"operations":[)";
  const auto add_calls = [&json](std::string_view key, const Calls* calls) {
    const Calls none;
    const Calls& shown = calls == nullptr ? none : *calls;
    json.append(",\"").append(key);
    json += R"(":{"count":)" + std::to_string(shown.microseconds.count());
    json += R"(,"failures":)" + std::to_string(shown.failures);
    json += R"(,"p50_ms":)" + milliseconds(shown.microseconds.quantile(0.5));
    json += R"(,"p95_ms":)" + milliseconds(shown.microseconds.quantile(0.95)) + '}';
  };
  for (const Line* line : lines) {
    if (json.back() != '[') json += ',';
    json += R"({"name":")" + line->first + '"';
    add_calls("requests", line->second.requests.get());
    add_calls("dependencies", line->second.dependencies.get());
    json += R"(,"exceptions":)" + std::to_string(line->second.exceptions);
    json += R"(,"traces":)" + std::to_string(line->second.traces) + '}';
  }
  json += "]}";
  return json;
}

}  // namespace posthaste::tools
