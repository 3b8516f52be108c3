#include "runtime/wire/otlp_reply.h"

#include "runtime/wire/json_cursor.h"

#include <protozero/pbf_reader.hpp>

#include <charconv>
#include <exception>

namespace posthaste::wire {
namespace {

constexpr std::size_t message_limit = 256;

bool is_count(std::string_view key) noexcept {
  return key == "rejectedSpans" || key == "rejectedLogRecords" || key == "rejectedDataPoints";
}

/// A 64-bit number of the JSON mapping: a text, or a number.
bool read_count(JsonCursor& json, std::uint64_t& count) {
  std::string text;
  std::int64_t value = 0;
  JsonCursor ahead = json;
  if (ahead.string(text, 24)) {
    json = ahead;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return false;
  } else if (!json.integer(value)) {
    return false;
  }
  count = value > 0 ? static_cast<std::uint64_t>(value) : 0;
  return true;
}

bool read_json_part(JsonCursor& json, OtlpReply& reply) {
  return json.object([&](std::string_view key) {
    if (is_count(key)) return json.null() || read_count(json, reply.rejected);
    if (key == "errorMessage") return json.null() || json.string(reply.message, message_limit);
    return json.skip();
  });
}

template <class F>
std::optional<OtlpReply> read_json(std::string_view body, F&& member) {
  OtlpReply reply;
  JsonCursor json(body);
  const bool read = json.object([&](std::string_view key) { return member(json, key, reply); });
  if (!read || !json.at_end()) return std::nullopt;
  return reply;
}

std::string cut(protozero::data_view text) {
  return {text.data(), std::min(text.size(), message_limit)};
}

/// Field 1 is the count, field 2 the message.
void read_partial(protozero::pbf_reader fields, OtlpReply& reply) {
  while (fields.next()) {
    if (fields.tag() == 1 && fields.wire_type() == protozero::pbf_wire_type::varint) {
      const std::int64_t value = fields.get_int64();
      reply.rejected = value > 0 ? static_cast<std::uint64_t>(value) : 0;
    } else if (fields.tag() == 2 &&
               fields.wire_type() == protozero::pbf_wire_type::length_delimited) {
      reply.message = cut(fields.get_view());
    } else {
      fields.skip();
    }
  }
}

template <class F>
std::optional<OtlpReply> read_protobuf(std::string_view body, F&& field) {
  OtlpReply reply;
  try {
    protozero::pbf_reader fields(body.data(), body.size());
    while (fields.next()) {
      if (fields.wire_type() != protozero::pbf_wire_type::length_delimited ||
          !field(fields, reply)) {
        fields.skip();
      }
    }
  } catch (const protozero::exception&) {
    return std::nullopt;
  }
  return reply;
}

}  // namespace

std::optional<OtlpReply> parse_otlp_success(std::string_view body, bool json) {
  if (body.empty()) return OtlpReply{};
  if (body.size() > otlp_reply_limit) return std::nullopt;
  if (json) {
    return read_json(body, [](JsonCursor& cursor, std::string_view key, OtlpReply& reply) {
      if (key != "partialSuccess") return cursor.skip();
      return cursor.null() || read_json_part(cursor, reply);
    });
  }
  return read_protobuf(body, [](protozero::pbf_reader& fields, OtlpReply& reply) {
    if (fields.tag() != 1) return false;
    read_partial(fields.get_message(), reply);
    return true;
  });
}

std::optional<OtlpReply> parse_otlp_refusal(std::string_view body, bool json) {
  if (body.empty() || body.size() > otlp_reply_limit) return std::nullopt;
  if (json) {
    return read_json(body, [](JsonCursor& cursor, std::string_view key, OtlpReply& reply) {
      if (key != "message") return cursor.skip();
      return cursor.null() || cursor.string(reply.message, message_limit);
    });
  }
  return read_protobuf(body, [](protozero::pbf_reader& fields, OtlpReply& reply) {
    if (fields.tag() != 2) return false;
    reply.message = cut(fields.get_view());
    return true;
  });
}

}  // namespace posthaste::wire
