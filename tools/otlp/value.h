#pragma once

/// An OTLP AnyValue: unset, one of the plain types, or an array or map of further values. It
/// borrows: from the input, or from the reader's ItemMemory.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace posthaste::tools::otlp {

struct KeyValue;

enum class ValueKind : std::uint8_t { unset, string, boolean, int64, float64, bytes, array, map };

class Value {
public:
  /// How deep arrays and maps may lie in each other; deeper input is malformed.
  static constexpr int deepest = 64;

  Value() noexcept : int64_(0) {}
  static Value of_string(std::string_view text) noexcept { return {ValueKind::string, text}; }
  static Value of_bytes(std::string_view bytes) noexcept { return {ValueKind::bytes, bytes}; }
  static Value of_boolean(bool value) noexcept {
    Value made(ValueKind::boolean);
    made.boolean_ = value;
    return made;
  }
  static Value of_int64(std::int64_t value) noexcept {
    Value made(ValueKind::int64);
    made.int64_ = value;
    return made;
  }
  static Value of_float64(double value) noexcept {
    Value made(ValueKind::float64);
    made.float64_ = value;
    return made;
  }
  static Value of_array(std::span<const Value> elements) noexcept;
  static Value of_map(std::span<const KeyValue> members) noexcept;

  ValueKind kind() const noexcept { return kind_; }
  /// Each is valid only for its own kind; `text` for strings and bytes.
  std::string_view text() const noexcept { return {text_, size_}; }
  bool boolean() const noexcept { return boolean_; }
  std::int64_t int64() const noexcept { return int64_; }
  double float64() const noexcept { return float64_; }
  std::span<const Value> elements() const noexcept;
  std::span<const KeyValue> members() const noexcept;

private:
  explicit Value(ValueKind kind) noexcept : kind_(kind), int64_(0) {}
  Value(ValueKind kind, std::string_view text) noexcept
      : kind_(kind), size_(text.size()), text_(text.data()) {}

  ValueKind kind_ = ValueKind::unset;
  std::size_t size_ = 0;
  union {
    const char* text_;
    bool boolean_;
    std::int64_t int64_;
    double float64_;
    const Value* elements_;
    const KeyValue* members_;
  };
};

struct KeyValue {
  std::string_view key;
  Value value;
};

inline Value Value::of_array(std::span<const Value> elements) noexcept {
  Value made(ValueKind::array);
  made.size_ = elements.size();
  made.elements_ = elements.data();
  return made;
}
inline Value Value::of_map(std::span<const KeyValue> members) noexcept {
  Value made(ValueKind::map);
  made.size_ = members.size();
  made.members_ = members.data();
  return made;
}
inline std::span<const Value> Value::elements() const noexcept {
  return {elements_, size_};
}
inline std::span<const KeyValue> Value::members() const noexcept {
  return {members_, size_};
}

}  // namespace posthaste::tools::otlp
