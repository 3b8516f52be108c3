#pragma once

/// Members of an OTLP/JSON object, each with the comma in front that its place needs. For
/// otlp_json.cpp and otlp_json_points.cpp alone. Exceptions: std::bad_alloc of the buffer.

#include "runtime/model/record_view.h"
#include "runtime/wire/json_writer.h"

#include <posthaste/ids.h>

#include <cstdint>
#include <string_view>

namespace posthaste::wire {

class OtlpJsonFields {
public:
  /// Writes behind what `out` holds; `begin` and `end` write the braces.
  explicit OtlpJsonFields(ByteBuffer& out) noexcept : json_(out) {}

  void begin() {
    json_.raw("{");
    first_ = true;
  }
  void end() { json_.raw("}"); }
  /// `"name":`, with a comma in front of all but an object's first.
  template <std::size_t N>
  void key(const char (&name)[N]) {
    if (!first_) json_.raw(",");
    first_ = false;
    json_.raw("\"");
    json_.raw(name);
    json_.raw("\":");
  }
  template <std::size_t N>
  void text(const char (&name)[N], std::string_view text) {
    key(name);
    json_.quoted(text);
  }
  template <std::size_t N>
  void text_if_any(const char (&name)[N], std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  template <std::size_t N>
  void number(const char (&name)[N], std::int64_t value) {
    key(name);
    json_.integer(value);
  }
  template <std::size_t N>
  void number_if_any(const char (&name)[N], std::int64_t value) {
    if (value != 0) number(name, value);
  }
  template <std::size_t N>
  void word(const char (&name)[N], std::uint64_t value) {
    key(name);
    word_value(value);
  }
  template <std::size_t N>
  void float64(const char (&name)[N], double value) {
    key(name);
    float64_value(value);
  }
  template <std::size_t N>
  void id(const char (&name)[N], const TraceId& id) {
    key(name);
    json_.raw("\"");
    json_.hex16(id.bytes.data());
    json_.raw("\"");
  }
  template <std::size_t N>
  void id(const char (&name)[N], const SpanId& id) {
    key(name);
    json_.raw("\"");
    json_.hex8(id.bytes.data());
    json_.raw("\"");
  }

  /// A 64-bit number, in quotation marks.
  void word_value(std::uint64_t value);
  void int64_value(std::int64_t value);
  /// What is not finite is the text "NaN", "Infinity" or "-Infinity".
  void float64_value(double value);
  JsonWriter& json() noexcept { return json_; }
  /// What follows is not an object's first member, or is.
  void set_first(bool first) noexcept { first_ = first; }

private:
  JsonWriter json_;
  bool first_ = true;
};

/// An AnyValue, `{"stringValue":"..."}`.
void append_otlp_json_value(JsonWriter& json, const model::ValueView& value, int depth = 0);

}  // namespace posthaste::wire
