#include "tools/otlp/protobuf_fields.h"

#include <algorithm>

namespace posthaste::tools::otlp {
namespace {

using Type = protozero::pbf_wire_type;

const char* name_of(Type type) noexcept {
  switch (type) {
    case Type::varint: return "a varint";
    case Type::fixed64: return "8 bytes";
    case Type::fixed32: return "4 bytes";
    case Type::length_delimited: return "a message or text";
    default: return "unknown";
  }
}

}  // namespace

void ProtobufPlace::fail(const char* at, std::string reason) const {
  Defect defect;
  defect.offset = at == nullptr ? 0 : static_cast<std::size_t>(at - input_.data());
  for (const char* const name : names_) {
    if (!defect.place.empty()) defect.place += '.';
    defect.place += name;
  }
  defect.reason = std::move(reason);
  throw ProtobufDefect{std::move(defect)};
}

void ProtobufFields::fail(std::string reason) const {
  place_.fail(at_, std::move(reason));
}

std::string ProtobufFields::reason_of(const protozero::exception& error) {
  if (dynamic_cast<const protozero::end_of_buffer_exception*>(&error) != nullptr) {
    return "the message ends too early";
  }
  if (dynamic_cast<const protozero::varint_too_long_exception*>(&error) != nullptr) {
    return "a varint of more than 10 bytes";
  }
  if (dynamic_cast<const protozero::invalid_length_exception*>(&error) != nullptr) {
    return "a packed list that ends within a number";
  }
  return "not protobuf: no such field number or wire type";
}

bool ProtobufFields::next() {
  at_ = reader_.data().data();
  return guarded([&] { return reader_.next(); });
}

void ProtobufFields::expect(const char* name, Type type) const {
  if (reader_.wire_type() == type) return;
  fail(std::string(name) + ": expected " + name_of(type) + ", found " +
       name_of(reader_.wire_type()));
}

std::string_view ProtobufFields::text(const char* name) {
  expect(name, Type::length_delimited);
  return guarded([&] {
    const protozero::data_view view = reader_.get_view();
    return std::string_view(view.data(), view.size());
  });
}

std::uint64_t ProtobufFields::fixed64(const char* name) {
  expect(name, Type::fixed64);
  return guarded([&] { return reader_.get_fixed64(); });
}
std::int64_t ProtobufFields::sfixed64(const char* name) {
  expect(name, Type::fixed64);
  return guarded([&] { return reader_.get_sfixed64(); });
}
std::uint32_t ProtobufFields::fixed32(const char* name) {
  expect(name, Type::fixed32);
  return guarded([&] { return reader_.get_fixed32(); });
}
double ProtobufFields::real(const char* name) {
  expect(name, Type::fixed64);
  return guarded([&] { return reader_.get_double(); });
}
std::uint64_t ProtobufFields::uint64(const char* name) {
  expect(name, Type::varint);
  return guarded([&] { return reader_.get_uint64(); });
}
std::int64_t ProtobufFields::int64(const char* name) {
  expect(name, Type::varint);
  return guarded([&] { return reader_.get_int64(); });
}
std::uint32_t ProtobufFields::uint32(const char* name) {
  expect(name, Type::varint);
  return guarded([&] { return reader_.get_uint32(); });
}
std::int32_t ProtobufFields::enumeration(const char* name) {
  expect(name, Type::varint);
  return guarded([&] { return reader_.get_int32(); });
}
std::int32_t ProtobufFields::sint32(const char* name) {
  expect(name, Type::varint);
  return guarded([&] { return reader_.get_sint32(); });
}
bool ProtobufFields::boolean(const char* name) {
  return uint64(name) != 0;
}

void ProtobufFields::copy_id(const char* name, std::span<std::uint8_t> bytes) {
  const std::string_view id = text(name);
  if (id.empty()) return;
  if (id.size() != bytes.size()) {
    fail(std::string(name) + ": expected " + std::to_string(bytes.size()) + " bytes, found " +
         std::to_string(id.size()));
  }
  std::copy(id.begin(), id.end(), bytes.begin());
}

void ProtobufFields::skip() {
  guarded([&] { reader_.skip(); });
}

}  // namespace posthaste::tools::otlp
