#include "tools/emulator/track_batch.h"

#include "tools/json_cursor.h"

#include <algorithm>

namespace posthaste::tools {
namespace {

bool blank(std::string_view text) noexcept {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string_view trimmed(std::string_view line) noexcept {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  return line;
}

void take_item(std::string_view item, WallTime now, TrackBatch& batch) {
  ItemFacts facts;
  Rejection rejection = check_envelope(item, now, facts);
  if (rejection.status != 0) {
    batch.errors.push_back({static_cast<std::uint32_t>(batch.items.size()), rejection.status,
                            std::move(rejection.message)});
  }
  batch.items.push_back(facts);
}

BatchDefect read_lines(std::string_view body, WallTime now, TrackBatch& batch) {
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    const std::string_view line = trimmed(body.substr(0, end));
    body.remove_prefix(std::min(end + 1, body.size()));
    if (blank(line)) continue;
    if (batch.items.size() == most_items) return BatchDefect::too_many_items;
    take_item(line, now, batch);
  }
  return batch.items.empty() ? BatchDefect::empty : BatchDefect::none;
}

// The whole array is walked before an item is looked at: half an array is no batch.
BatchDefect read_array(std::string_view body, WallTime now, TrackBatch& batch) {
  JsonCursor cursor(body);
  std::vector<std::string_view> elements;
  const bool walked = cursor.read_array([&] {
    cursor.kind();  // to the value's first character
    const std::size_t start = cursor.offset();
    if (!cursor.skip()) return false;
    elements.push_back(body.substr(start, cursor.offset() - start));
    return elements.size() <= most_items;
  });
  if (elements.size() > most_items) return BatchDefect::too_many_items;
  if (!walked || !cursor.at_end()) return BatchDefect::broken_array;
  for (const std::string_view element : elements) take_item(element, now, batch);
  return batch.items.empty() ? BatchDefect::empty : BatchDefect::none;
}

void append_error(std::string& json, const ItemError& error) {
  json += R"({"index":)";
  json += std::to_string(error.index);
  json += R"(,"statusCode":)";
  json += std::to_string(error.status);
  json += R"(,"message":")";
  json += error.message;  // no quote in it: rules and raw JSON text only
  json += R"("})";
}

}  // namespace

BatchDefect read_batch(std::string_view body, WallTime now, TrackBatch& batch) {
  batch.items.clear();
  batch.errors.clear();
  const std::size_t start = body.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return BatchDefect::empty;
  const BatchDefect defect =
      body[start] == '[' ? read_array(body, now, batch) : read_lines(body, now, batch);
  if (defect != BatchDefect::none) {
    batch.items.clear();
    batch.errors.clear();
  }
  return defect;
}

void reject_items(TrackBatch& batch, std::vector<ItemError> more) {
  for (ItemError& error : more) {
    if (error.index < batch.items.size()) batch.errors.push_back(std::move(error));
  }
  std::ranges::stable_sort(batch.errors, {}, &ItemError::index);  // the item's own error first
  const auto same_item = [](const ItemError& a, const ItemError& b) { return a.index == b.index; };
  batch.errors.erase(std::unique(batch.errors.begin(), batch.errors.end(), same_item),
                     batch.errors.end());
}

unsigned status_of(const TrackBatch& batch) noexcept {
  if (batch.errors.empty()) return 200;
  return batch.accepted() > 0 ? 206 : batch.errors.front().status;
}

std::string answer_for(const TrackBatch& batch) {
  std::string json = R"({"itemsReceived":)" + std::to_string(batch.items.size()) +
                     R"(,"itemsAccepted":)" + std::to_string(batch.accepted()) +
                     R"(,"appId":null,"errors":[)";
  for (const ItemError& error : batch.errors) {
    if (json.back() != '[') json += ',';
    append_error(json, error);
  }
  json += "]}";
  return json;
}

std::string answer_for_defect(unsigned status, std::string_view message) {
  std::string json = R"({"itemsReceived":0,"itemsAccepted":0,"appId":null,"errors":[)";
  append_error(json, {0, status, std::string(message)});
  json += "]}";
  return json;
}

}  // namespace posthaste::tools
