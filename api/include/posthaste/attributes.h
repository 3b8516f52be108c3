#pragma once

/// Attribute values as OpenTelemetry defines them: a string, a boolean, a signed 64-bit integer, a
/// double, or an array of one of these; for the bodies and attributes of logs also bytes, lists of
/// values of any type, maps, and nothing at all. An AttributeValue borrows: what it refers to must
/// live until the call that it is passed to returns, and nothing longer. Values are copied by that
/// call. Lists and maps within each other are kept 8 levels deep; what is below is left out.

#include <posthaste/export.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace posthaste {

enum class AttributeType : std::uint8_t {
  string = 1,
  boolean = 2,
  int64 = 3,
  float64 = 4,
  string_array = 5,
  boolean_array = 6,
  int64_array = 7,
  float64_array = 8,
  bytes = 9,
  list = 10,  // values of any type
  map = 11,
  none = 12,
};

class Attributes;
struct Attribute;

class AttributeValue {
public:
  /// No value: OpenTelemetry's null.
  AttributeValue() noexcept : type_(AttributeType::none), word_(0) {}
  AttributeValue(std::string_view value POSTHASTE_BORROWED) noexcept
      : type_(AttributeType::string), size_(value.size()), string_(value.data()) {}
  AttributeValue(const std::string& value POSTHASTE_BORROWED) noexcept
      : AttributeValue(std::string_view(value)) {}
  /// Null is the empty string.
  AttributeValue(const char* value) noexcept
      : AttributeValue(value == nullptr ? std::string_view() : std::string_view(value)) {}
  AttributeValue(double value) noexcept : type_(AttributeType::float64), float64_(value) {}
  AttributeValue(float value) noexcept : AttributeValue(static_cast<double>(value)) {}
  /// `bool` and every integer; an unsigned value above the signed maximum becomes the maximum.
  template <class T>
  requires std::is_integral_v<T> AttributeValue(T value)
  noexcept {
    if constexpr (std::is_same_v<T, bool>) {
      type_ = AttributeType::boolean;
      word_ = value ? 1 : 0;
    } else {
      type_ = AttributeType::int64;
      if constexpr (std::is_unsigned_v<T> && sizeof(T) >= sizeof(std::int64_t)) {
        int64_ = value > static_cast<T>(INT64_MAX) ? INT64_MAX : static_cast<std::int64_t>(value);
      } else {
        int64_ = static_cast<std::int64_t>(value);
      }
    }
  }
  AttributeValue(std::span<const std::string_view> values) noexcept
      : type_(AttributeType::string_array), size_(values.size()), strings_(values.data()) {}
  AttributeValue(std::span<const bool> values) noexcept
      : type_(AttributeType::boolean_array), size_(values.size()), booleans_(values.data()) {}
  AttributeValue(std::span<const std::int64_t> values) noexcept
      : type_(AttributeType::int64_array), size_(values.size()), int64s_(values.data()) {}
  AttributeValue(std::span<const double> values) noexcept
      : type_(AttributeType::float64_array), size_(values.size()), float64s_(values.data()) {}
  static AttributeValue bytes(std::span<const std::byte> bytes) noexcept {
    AttributeValue value;
    value.type_ = AttributeType::bytes;
    value.size_ = bytes.size();
    value.bytes_ = bytes.data();
    return value;
  }
  static AttributeValue list(std::span<const AttributeValue> values) noexcept;
  static AttributeValue map(const Attributes& entries) noexcept;

  /// A boolean, int64 or float64 from its bits, as word() gives them.
  AttributeValue(AttributeType type, std::uint64_t word) noexcept : type_(type), word_(word) {}

  AttributeType type() const noexcept { return type_; }

  /// Each is valid only for its own type().
  std::string_view string() const noexcept { return {string_, size_}; }
  bool boolean() const noexcept { return word_ != 0; }
  std::int64_t int64() const noexcept { return int64_; }
  double float64() const noexcept { return float64_; }
  /// The bits of a boolean (0 or 1), int64 or float64.
  std::uint64_t word() const noexcept { return word_; }
  std::span<const std::string_view> strings() const noexcept { return {strings_, size_}; }
  std::span<const bool> booleans() const noexcept { return {booleans_, size_}; }
  std::span<const std::int64_t> int64s() const noexcept { return {int64s_, size_}; }
  std::span<const double> float64s() const noexcept { return {float64s_, size_}; }
  std::span<const std::byte> bytes() const noexcept { return {bytes_, size_}; }
  std::span<const AttributeValue> list() const noexcept;
  Attributes map() const noexcept;

private:
  AttributeType type_;
  std::size_t size_ = 0;
  union {
    const char* string_;
    std::uint64_t word_;
    std::int64_t int64_;
    double float64_;
    const std::string_view* strings_;
    const bool* booleans_;
    const std::int64_t* int64s_;
    const double* float64s_;
    const std::byte* bytes_;
    const AttributeValue* list_;
    const Attribute* map_;
  };
};

/// A key and its value; both borrow.
struct Attribute {
  std::string_view key;
  AttributeValue value;
};

/// Attributes as arguments: `{{"http.route", "/pay"}, {"retries", 2}}`, or a span of your own. It
/// borrows: `const Attributes kept = {{"a", 1}};` would refer to a list that is gone. To keep some,
/// keep an array of Attribute.
class Attributes {
public:
  Attributes() = default;
  Attributes(std::initializer_list<Attribute> list POSTHASTE_BORROWED) noexcept
      : list_(list.begin(), list.size()) {}
  Attributes(std::span<const Attribute> list) noexcept : list_(list) {}

  const Attribute* begin() const noexcept { return list_.data(); }
  const Attribute* end() const noexcept { return list_.data() + list_.size(); }
  std::size_t size() const noexcept { return list_.size(); }
  bool empty() const noexcept { return list_.empty(); }

private:
  std::span<const Attribute> list_;
};

inline AttributeValue AttributeValue::list(std::span<const AttributeValue> values) noexcept {
  AttributeValue value;
  value.type_ = AttributeType::list;
  value.size_ = values.size();
  value.list_ = values.data();
  return value;
}
inline AttributeValue AttributeValue::map(const Attributes& entries) noexcept {
  AttributeValue value;
  value.type_ = AttributeType::map;
  value.size_ = entries.size();
  value.map_ = entries.begin();
  return value;
}
inline std::span<const AttributeValue> AttributeValue::list() const noexcept {
  return {list_, size_};
}
inline Attributes AttributeValue::map() const noexcept {
  return Attributes(std::span<const Attribute>(map_, size_));
}

}  // namespace posthaste
