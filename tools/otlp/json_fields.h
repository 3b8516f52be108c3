#pragma once

/// Reads JSON as protobuf's JSON mapping has it (as far as OTLP uses it): 64-bit integers as text
/// or numbers, NaN by name, bytes as base64, enumerations as numbers or names, `null` for what is
/// absent. Below the OTLP reader, above JsonCursor; knows no message.
///
/// The first failure is kept with its place, a JSON pointer that is put together on the way out, so
/// that reading what is well-formed costs nothing for it. After it every call fails.
///
/// Threads: none. Memory: strings without escapes borrow from the input, others from ItemMemory.

#include "tools/json_cursor.h"
#include "tools/otlp/item_memory.h"
#include "tools/otlp/visitor.h"

#include <array>
#include <concepts>
#include <limits>
#include <optional>
#include <string>

namespace posthaste::tools::otlp {

class JsonFields {
public:
  /// Levels of JSON: a value takes four for each level of its own.
  static constexpr int deepest = 4 * Value::deepest + 64;

  JsonFields(std::string_view text, ItemMemory& memory) noexcept
      : cursor_(text, deepest), memory_(memory) {}

  /// Calls `member(key)` for each member that is not null; it reads the value and says whether it
  /// could. `null` is an object without members.
  template <class Member>
  bool object(Member&& member) {
    if (cursor_.kind() == JsonKind::null) return skip();
    if (!expect(JsonKind::object)) return false;
    const bool read = cursor_.read_object([&](std::string_view raw) {
      if (cursor_.kind() == JsonKind::null) return cursor_.skip();
      std::string_view key;
      return unescape(raw, key) && within(key, [&] { return member(key); });
    });
    return read || malformed();
  }
  /// Calls `element()` for each element.
  template <class Element>
  bool array(Element&& element) {
    if (!expect(JsonKind::array)) return false;
    std::size_t index = 0;
    const bool read = cursor_.read_array([&] {
      if (!element()) {
        leave(std::to_string(index));
        return false;
      }
      ++index;
      return true;
    });
    return read || malformed();
  }
  /// Calls `read()`, and puts `key` into the place of what fails there.
  template <class Read>
  bool within(std::string_view key, Read&& read) {
    if (read()) return true;
    leave(key);
    return false;
  }

  bool string(std::string_view& value);
  bool bytes(std::string_view& value);  // out of base64, either alphabet, padded or not
  bool boolean(bool& value);
  bool number(double& value);
  /// A whole number, or a double where it does not fit: some encoders write every number without a
  /// fraction as an integer.
  bool integer_or_number(std::int64_t& whole, double& real, bool& is_whole);
  template <std::integral T>
  bool integer(T& value) {
    std::int64_t low = 0;
    std::uint64_t high = 0;
    if constexpr (std::unsigned_integral<T>) {
      if (!unsigned_integer(high, std::numeric_limits<T>::max())) return false;
      value = static_cast<T>(high);
    } else {
      if (!signed_integer(low, std::numeric_limits<T>::min(), std::numeric_limits<T>::max())) {
        return false;
      }
      value = static_cast<T>(low);
    }
    return true;
  }
  /// A number, or `prefix` + one of `names`, which stand for 0, 1, ...
  bool enumeration(std::int32_t& value, std::string_view prefix,
                   std::span<const std::string_view> names);
  /// Hexadecimal digits in any case; no text at all leaves the id as it is.
  template <std::size_t N>
  bool id(std::array<std::uint8_t, N>& bytes) {
    return hexadecimal(bytes);
  }
  bool skip() { return cursor_.skip() || malformed(); }

  bool is_null() { return cursor_.kind() == JsonKind::null; }
  bool at_end() { return cursor_.at_end(); }
  /// Notes the first failure, here.
  bool fail(std::string reason);
  Defect defect() const;

  /// For members that must wait until others were read: go back to a bookmark, and on again.
  JsonCursor bookmark() const noexcept { return cursor_; }
  void go_to(const JsonCursor& bookmark) noexcept { cursor_ = bookmark; }
  ItemMemory& memory() noexcept { return memory_; }

private:
  bool expect(JsonKind kind);
  /// Notes the first failure, where the value at hand begins.
  bool wrong_value(std::string reason);
  bool malformed();
  void leave(std::string_view key);
  bool unescape(std::string_view raw, std::string_view& text);
  bool number_text(std::string_view& text);
  bool signed_integer(std::int64_t& value, std::int64_t least, std::int64_t most);
  bool unsigned_integer(std::uint64_t& value, std::uint64_t most);
  bool hexadecimal(std::span<std::uint8_t> bytes);

  JsonCursor cursor_;
  ItemMemory& memory_;
  std::optional<Defect> defect_;
  std::size_t value_at_ = 0;
};

}  // namespace posthaste::tools::otlp
