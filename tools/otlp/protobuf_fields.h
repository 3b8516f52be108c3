#pragma once

/// The fields of one protobuf message, one after the other. Below the OTLP reader, above protozero;
/// knows no message.
///
/// What is malformed throws ProtobufDefect, with the place; readers catch it at their boundary. A
/// known field of another wire type is malformed too: here it means another message, not a newer
/// one. Threads: none. Texts borrow from the input.

#include "tools/otlp/visitor.h"

#include <protozero/pbf_reader.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace posthaste::tools::otlp {

struct ProtobufDefect {
  Defect defect;
};

/// Where reading is: the input, and the names of the fields that lead to the message at hand.
class ProtobufPlace {
public:
  explicit ProtobufPlace(std::string_view input) noexcept : input_(input) {}

  void enter(const char* name) { names_.push_back(name); }
  void leave() noexcept { names_.pop_back(); }
  [[noreturn]] void fail(const char* at, std::string reason) const;

private:
  std::string_view input_;
  std::vector<const char*> names_;
};

class ProtobufFields {
public:
  ProtobufFields(std::string_view message, ProtobufPlace& place)
      : reader_(message.data(), message.size()), place_(place) {}

  /// Goes to the next field; false at the end.
  bool next();
  std::uint32_t number() const noexcept { return reader_.tag(); }

  std::string_view text(const char* name);  // string or bytes
  /// Calls `read(fields)` with those of the message that this field is.
  template <class Read>
  void message(const char* name, Read&& read) {
    const std::string_view bytes = text(name);
    place_.enter(name);
    ProtobufFields fields(bytes, place_);
    read(fields);
    place_.leave();
  }
  std::uint64_t fixed64(const char* name);
  std::uint32_t fixed32(const char* name);
  std::int64_t sfixed64(const char* name);
  double real(const char* name);
  std::uint64_t uint64(const char* name);
  std::int64_t int64(const char* name);
  std::uint32_t uint32(const char* name);
  std::int32_t enumeration(const char* name);
  std::int32_t sint32(const char* name);
  bool boolean(const char* name);
  template <std::size_t N>
  void id(const char* name, std::array<std::uint8_t, N>& bytes) {
    copy_id(name, bytes);
  }
  /// Repeated numbers, packed or one by one: calls `add(value)` for each.
  template <class Add>
  void fixed64s(const char* name, Add&& add) {
    if (!is_packed()) return add(fixed64(name));
    guarded([&] {
      for (const std::uint64_t each : reader_.get_packed_fixed64()) add(each);
    });
  }
  template <class Add>
  void reals(const char* name, Add&& add) {
    if (!is_packed()) return add(real(name));
    guarded([&] {
      for (const double each : reader_.get_packed_double()) add(each);
    });
  }
  template <class Add>
  void uint64s(const char* name, Add&& add) {
    if (!is_packed()) return add(uint64(name));
    guarded([&] {
      for (const std::uint64_t each : reader_.get_packed_uint64()) add(each);
    });
  }
  void skip();
  [[noreturn]] void fail(std::string reason) const;

private:
  template <class Read>
  auto guarded(Read&& read) {
    try {
      return read();
    } catch (const protozero::exception& error) {
      fail(reason_of(error));
    }
  }
  static std::string reason_of(const protozero::exception& error);
  bool is_packed() const noexcept {
    return reader_.wire_type() == protozero::pbf_wire_type::length_delimited;
  }
  void expect(const char* name, protozero::pbf_wire_type type) const;
  void copy_id(const char* name, std::span<std::uint8_t> bytes);

  protozero::pbf_reader reader_;
  ProtobufPlace& place_;
  const char* at_ = nullptr;  // where the field at hand begins
};

}  // namespace posthaste::tools::otlp
