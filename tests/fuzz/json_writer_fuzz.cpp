// Any bytes as a string, any bits as a number: valid JSON that reads back.

#include "runtime/base/utf8.h"
#include "runtime/wire/json_cursor.h"
#include "runtime/wire/json_writer.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace wire = posthaste::wire;

namespace {

/// As the writer promises it: U+FFFD for each byte that belongs to no character.
std::string as_text(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = posthaste::utf8_length(bytes);
    if (length == 0) text += "\xEF\xBF\xBD";
    text += bytes.substr(0, length);
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

void check_string(std::string_view bytes) {
  wire::ByteBuffer out;
  wire::JsonWriter(out).quoted(bytes);
  std::string read;
  wire::JsonCursor json(out.view());
  if (!json.string(read, 6 * bytes.size()) || !json.at_end() || read != as_text(bytes))
    std::abort();
  std::string portable(wire::escaped_bound(bytes.size()), '\0');
  portable.resize(
      static_cast<std::size_t>(wire::escape_portably(portable.data(), bytes) - portable.data()));
  if (out.view().substr(1, out.size() - 2) != portable) std::abort();
}

void check_number(std::uint64_t bits) {
  const auto value = std::bit_cast<double>(bits);
  wire::ByteBuffer out;
  wire::JsonWriter(out).number(value);
  const std::string text(out.view());
  const bool same =
      std::isfinite(value) ? std::strtod(text.c_str(), nullptr) == value : text == "null";
  if (!same || !wire::JsonCursor(text).skip()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_string({reinterpret_cast<const char*>(data), size});
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < size && i < 8; ++i) bits |= std::uint64_t{data[i]} << (8 * i);
  check_number(bits);
  return 0;
}
