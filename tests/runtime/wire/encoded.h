#pragma once

/// Encodes a record and reads the lines back with another parser, so that tests speak of items and
/// not of text. A line that is no JSON throws, which fails the test.

#include <posthaste/span_kind.h>

#include "runtime/model/record_builder.h"
#include "runtime/wire/envelope_encoder.h"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace posthaste::wire {

inline EncoderContext plain_context() {
  EncoderContext context;
  context.instrumentation_key = "11111111-2222-3333-4444-555555555555";
  context.resource = model::Resource({{"service.name", "shop"}});
  context.tick_scale = {0, 0, std::uint64_t{1} << 32};
  return context;
}

/// 2026-01-01T00:00:00Z, in ns.
inline constexpr std::uint64_t new_year = 1'767'225'600'000'000'000;

/// One line, read back. Texts of absent members are "-".
class Item {
public:
  explicit Item(boost::json::object object) : object_(std::move(object)) {}

  const boost::json::object& base() const { return data().at("baseData").as_object(); }
  const boost::json::object& data() const { return object_.at("data").as_object(); }
  std::string base_type() const { return text(data(), "baseType"); }
  std::string field(const char* name) const { return text(base(), name); }
  std::string tag(const char* name) const { return text(object_.at("tags").as_object(), name); }
  std::string property(const char* name) const { return text(map("properties"), name); }
  std::string measurement(const char* name) const { return text(map("measurements"), name); }
  std::string top(const char* name) const { return text(object_, name); }
  std::string exception(const char* name) const {
    return text(base().at("exceptions").as_array().at(0).as_object(), name);
  }
  std::vector<std::string> property_keys() const {
    std::vector<std::string> keys;
    for (const auto& member : map("properties")) keys.emplace_back(member.key());
    std::sort(keys.begin(), keys.end());
    return keys;
  }

private:
  boost::json::object map(const char* name) const {
    const auto* found = base().if_contains(name);
    return found == nullptr ? boost::json::object() : found->as_object();
  }
  static std::string text(const boost::json::object& object, const char* name) {
    const auto* found = object.if_contains(name);
    if (found == nullptr) return "-";
    if (found->is_string()) return std::string(found->as_string());
    if (found->is_double()) return std::to_string(found->as_double());
    return boost::json::serialize(*found);
  }

  boost::json::object object_;
};

/// Boost.JSON keeps the last of two equal keys without a word; a key of ours must not come twice.
inline std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; ++at) ++count;
  return count;
}

struct Encoded {
  EncodeResult result;
  std::string text;
  std::vector<Item> items;

  const Item& operator[](std::size_t i) const { return items.at(i); }
};

/// Records may be as long as `convert` makes them.
inline Encoded encode_bytes(std::span<const std::byte> bytes, EncoderContext context) {
  EnvelopeEncoder encoder(std::move(context));
  ByteBuffer out;
  const auto record = model::RecordView::from(bytes, 16u << 20);
  if (!record) throw std::invalid_argument("the test built no record");
  Encoded encoded{encoder.encode(*record, out), std::string(out.view()), {}};
  std::string_view rest = encoded.text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    EXPECT_NE(end, std::string_view::npos) << "every line ends with a line feed";
    EXPECT_LE(end + 1, item_size_limit);
    boost::json::value value = boost::json::parse(rest.substr(0, end));
    encoded.items.emplace_back(value.as_object());
    rest.remove_prefix(end + 1);
  }
  EXPECT_EQ(encoded.items.size(), encoded.result.items);
  return encoded;
}

inline Encoded encode(model::RecordBuilder& builder, EncoderContext context = plain_context()) {
  return encode_bytes(builder.bytes(), std::move(context));
}

/// Attributes with a name: `Attributes` borrows, and its braces end with the statement.
using AttributeList = std::vector<Attribute>;
inline Attributes all_of(const AttributeList& list) {
  return Attributes(std::span(list));
}

/// A span of `kind` that took 45 ms, with a parent.
inline model::RecordBuilder make_span(SpanKind kind, std::string_view name,
                                      const Attributes& attributes = {},
                                      StatusCode status = StatusCode::unset) {
  model::RecordBuilder builder(model::RecordType::span);
  model::RecordHead& head = builder.head();
  head.kind = static_cast<std::uint8_t>(kind);
  head.status = static_cast<std::uint8_t>(status);
  head.flags = model::record_flag::start_is_wall | model::record_flag::end_is_wall;
  head.trace_id = *TraceId::from_hex("0af7651916cd43dd8448eb211c80319c");
  head.span_id = *SpanId::from_hex("00f067aa0ba902b7");
  head.parent_span_id = *SpanId::from_hex("77dfbb4e8a3bdbfc");
  head.start = new_year;
  head.end = new_year + 45'000'000;
  builder.text(model::EntryKind::name, name).attributes(attributes);
  return builder;
}

inline Encoded encode_span(SpanKind kind, std::string_view name, const Attributes& attributes = {},
                           StatusCode status = StatusCode::unset) {
  model::RecordBuilder builder = make_span(kind, name, attributes, status);
  return encode(builder);
}

inline model::RecordBuilder make_log(std::uint8_t severity, std::string_view body,
                                     const Attributes& attributes = {}) {
  model::RecordBuilder builder(model::RecordType::log);
  model::RecordHead& head = builder.head();
  head.kind = severity;
  head.flags = model::record_flag::start_is_wall | model::record_flag::end_is_wall;
  head.trace_id = *TraceId::from_hex("0af7651916cd43dd8448eb211c80319c");
  head.span_id = *SpanId::from_hex("00f067aa0ba902b7");
  head.start = new_year;
  if (!body.empty()) builder.body(body);
  builder.attributes(attributes);
  return builder;
}

}  // namespace posthaste::wire
