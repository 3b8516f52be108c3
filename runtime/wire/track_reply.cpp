#include "runtime/wire/track_reply.h"

#include "runtime/wire/json_cursor.h"

#include <algorithm>

namespace posthaste::wire {
namespace {

constexpr std::size_t message_limit = 256;

bool read_count(JsonCursor& json, std::optional<std::uint64_t>& count) {
  if (json.null()) return true;
  std::int64_t value = 0;
  if (!json.integer(value)) return false;
  if (value >= 0) count = static_cast<std::uint64_t>(value);
  return true;
}

bool read_error(JsonCursor& json, std::uint32_t items_sent, TrackReply& reply) {
  TrackError error;
  std::int64_t index = -1;
  std::int64_t status = 0;
  const bool read = json.object([&](std::string_view key) {
    if (key == "index") return json.null() || json.integer(index);
    if (key == "statusCode") return json.null() || json.integer(status);
    if (key == "message") return json.null() || json.string(error.message, message_limit);
    return json.skip();
  });
  if (!read) return false;
  if (index < 0 || index >= items_sent) {
    ++reply.ignored;
    return true;
  }
  error.index = static_cast<std::uint32_t>(index);
  error.status = status < 0 || status > 999 ? 0 : static_cast<int>(status);
  reply.errors.push_back(std::move(error));
  return true;
}

void keep_each_index_once(TrackReply& reply) {
  auto& errors = reply.errors;
  std::stable_sort(errors.begin(), errors.end(),
                   [](const TrackError& a, const TrackError& b) { return a.index < b.index; });
  const auto same = [](const TrackError& a, const TrackError& b) { return a.index == b.index; };
  const auto end = std::unique(errors.begin(), errors.end(), same);
  reply.ignored += static_cast<std::uint32_t>(errors.end() - end);
  errors.erase(end, errors.end());
}

}  // namespace

std::optional<TrackReply> parse_track_reply(std::string_view body, std::uint32_t items_sent) {
  if (body.size() > track_reply_limit(items_sent)) return std::nullopt;
  TrackReply reply;
  JsonCursor json(body);
  const bool read = json.object([&](std::string_view key) {
    if (key == "itemsReceived") return read_count(json, reply.items_received);
    if (key == "itemsAccepted") return read_count(json, reply.items_accepted);
    if (key == "errors") {
      return json.null() || json.array([&] { return read_error(json, items_sent, reply); });
    }
    return json.skip();
  });
  if (!read || !json.at_end()) return std::nullopt;
  keep_each_index_once(reply);
  return reply;
}

}  // namespace posthaste::wire
