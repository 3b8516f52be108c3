#pragma once

/// Appends JSON to a ByteBuffer: the hot loop of the encoders. It writes what it is told and keeps
/// no state, so commas and brackets are the caller's, as parts of constant fragments.
///
/// Whatever bytes an application hands in, what comes out is valid JSON in valid UTF-8: control
/// characters, quotation marks, backslashes, U+2028 and U+2029 are escaped, bytes that are no UTF-8
/// become U+FFFD.
///
/// Threads: none. Exceptions: std::bad_alloc of the buffer.

#include "runtime/wire/byte_buffer.h"
#include "runtime/wire/hex.h"

#include <cstdint>

namespace posthaste::wire {

class JsonWriter {
public:
  explicit JsonWriter(ByteBuffer& out) noexcept : out_(out) {}

  ByteBuffer& out() noexcept { return out_; }
  template <std::size_t N>
  void raw(const char (&literal)[N]) {
    out_.literal(literal);
  }
  void raw(std::string_view text) { out_.append(text); }

  /// The characters of a string, escaped, without its quotation marks.
  void text(std::string_view text);
  void quoted(std::string_view text);
  void integer(std::int64_t value);
  /// The shortest decimal text that reads back, as ECMAScript writes numbers; `null` when not
  /// finite.
  void number(double value);
  void boolean(bool value);
  /// Lower-case hexadecimal digits of 8 or 16 bytes.
  void hex8(const std::uint8_t* bytes) { out_.end_at(put_hex8(out_.room(16), bytes)); }
  void hex16(const std::uint8_t* bytes) { out_.end_at(put_hex16(out_.room(32), bytes)); }

private:
  ByteBuffer& out_;
};

/// Room that `escape` may need for `size` bytes.
constexpr std::size_t escaped_bound(std::size_t size) noexcept {
  return 6 * size + 16;
}
/// Writes `text` escaped to `at`, which has `escaped_bound` bytes; returns the end.
char* escape(char* at, std::string_view text) noexcept;
/// The same without vector instructions; `escape` where there are none.
char* escape_portably(char* at, std::string_view text) noexcept;

}  // namespace posthaste::wire
