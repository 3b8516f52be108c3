#pragma once

/// Reads a record; the only reader there is, for encoders, for tests and for what a crash left.
/// Every length is checked against the record's end, so damaged bytes give "no more entries", never
/// a read outside. A view borrows; the record must outlive it.

#include "runtime/model/record.h"

#include <optional>
#include <span>
#include <string_view>

namespace posthaste::model {

class EntryRange;

/// One attribute value inside a record.
class ValueView {
public:
  ValueView() = default;
  ValueView(AttributeType type, std::string_view bytes) noexcept : type_(type), bytes_(bytes) {}

  AttributeType type() const noexcept { return type_; }
  std::string_view string() const noexcept { return bytes_; }  // of `bytes` as well
  bool boolean() const noexcept { return word() != 0; }
  std::int64_t int64() const noexcept { return static_cast<std::int64_t>(word()); }
  double float64() const noexcept { return std::bit_cast<double>(word()); }

  /// The elements of a list or a map, as attributes; those of a list have no key.
  EntryRange entries() const noexcept;

  /// Calls `f(element)` with bool, int64_t, double or string_view for each element of an array.
  template <class F>
  void for_each_element(F&& f) const {
    const char* at = bytes_.data();
    const char* const end = at + bytes_.size();
    switch (type_) {
      case AttributeType::boolean_array:
        for (; at < end; ++at) f(*at != 0);
        break;
      case AttributeType::int64_array:
        for (; end - at >= 8; at += 8) f(load<std::int64_t>(at));
        break;
      case AttributeType::float64_array:
        for (; end - at >= 8; at += 8) f(load<double>(at));
        break;
      case AttributeType::string_array:
        while (end - at >= 4) {
          const auto size = load<std::uint32_t>(at);
          at += 4;
          if (size > static_cast<std::size_t>(end - at)) return;
          f(std::string_view(at, size));
          at += size;
        }
        break;
      default: break;
    }
  }

private:
  template <class T>
  static T load(const char* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  std::uint64_t word() const noexcept {
    return bytes_.size() < 8 ? 0 : load<std::uint64_t>(bytes_.data());
  }

  AttributeType type_ = AttributeType::string;
  std::string_view bytes_;
};

/// An entry with its payload, which is long enough for key and value: EntryRange gives no other.
struct EntryView {
  EntryHead head{};
  std::string_view payload;

  AttributeType type() const noexcept { return static_cast<AttributeType>(head.value_type); }
  /// Of an attribute.
  std::string_view key() const noexcept {
    return {payload.data() + (is_word(type()) ? 8 : 0), head.key_size};
  }
  /// Of an attribute or a body.
  ValueView value() const noexcept {
    if (is_word(type())) return {type(), {payload.data(), 8}};
    return {type(), {payload.data() + head.key_size, payload.size() - head.key_size}};
  }
  std::string_view text() const noexcept { return payload; }  // name, operation_name, ...
};

/// The entries of a record, an event or a link, dead ones left out.
class EntryRange {
public:
  explicit EntryRange(std::string_view bytes) noexcept : rest_(bytes) {}
  /// The next live entry, or empty at the end or at the first byte that makes no sense.
  std::optional<EntryView> next() noexcept {
    EntryView entry;
    return next(entry) ? std::optional(entry) : std::nullopt;
  }
  /// The same, false for empty: for loops that count instructions.
  bool next(EntryView& entry) noexcept;
  /// What next() has not passed yet.
  std::string_view bytes() const noexcept { return rest_; }
  /// After the last next(): whether it stopped at something that is no entry, so more may be lost.
  bool damaged() const noexcept { return damaged_; }

private:
  bool stop() noexcept {
    rest_ = {};
    damaged_ = true;
    return false;
  }

  std::string_view rest_;
  bool damaged_ = false;
};

// Here for speed: the encoders' loops.
[[gnu::always_inline]] inline bool EntryRange::next(EntryView& entry) noexcept {
  const auto is_sound = [](const EntryHead& head) {
    const bool valued = head.kind == EntryKind::attribute || head.kind == EntryKind::body;
    if (valued && (head.value_type < 1 || head.value_type > 12)) return false;
    const std::size_t word = is_word(static_cast<AttributeType>(head.value_type)) ? 8 : 0;
    return head.size >= head.key_size + word;
  };
  while (rest_.size() >= sizeof(EntryHead)) {
    EntryHead head;
    std::memcpy(&head, rest_.data(), sizeof head);
    const char* const payload = rest_.data() + sizeof head;
    const std::size_t left = rest_.size() - sizeof head;
    if (head.size > left) return stop();
    const std::size_t padded_size = (std::size_t{head.size} + 7) & ~std::size_t{7};
    const std::size_t step = padded_size < left ? padded_size : left;
    rest_ = {payload + step, left - step};
    if (head.dead()) continue;
    if (!is_sound(head)) return stop();
    entry.head = head;
    entry.payload = {payload, head.size};
    return true;
  }
  return rest_.empty() ? false : stop();
}

inline EntryRange ValueView::entries() const noexcept {
  const bool nested = type_ == AttributeType::list || type_ == AttributeType::map;
  return EntryRange(nested ? bytes_ : std::string_view());
}

struct EventView {
  EventHead head{};
  std::string_view name;
  std::string_view attributes;  // for an EntryRange

  static std::optional<EventView> from(const EntryView& entry) noexcept;
};

struct LinkView {
  LinkHead head{};
  std::string_view trace_state;
  std::string_view attributes;  // for an EntryRange

  static std::optional<LinkView> from(const EntryView& entry) noexcept;
};

class RecordView {
public:
  /// A record at the start of `bytes`; empty if the length makes no sense or the type is unknown.
  static std::optional<RecordView> from(std::span<const std::byte> bytes,
                                        std::uint32_t size_limit = record_size_limit) noexcept {
    if (bytes.size() < sizeof(RecordHead)) return std::nullopt;
    const auto* head = reinterpret_cast<const RecordHead*>(bytes.data());
    const std::uint32_t length = head->length();
    if (length < sizeof(RecordHead) || length > bytes.size() || length > size_limit) return {};
    const auto type = static_cast<std::uint8_t>(head->type);
    if (length % 8 != 0 || type < 1 || type > 3) return std::nullopt;
    return RecordView(head, length);
  }

  /// A record whose length has been checked: out of a lane or the log. Its type may be none.
  static RecordView checked(const RecordHead& head, std::uint32_t length) noexcept {
    return RecordView(&head, length);
  }

  const RecordHead& head() const noexcept { return *head_; }
  std::span<const std::byte> bytes() const noexcept {
    return {reinterpret_cast<const std::byte*>(head_), length_};
  }
  EntryRange entries() const noexcept {
    return EntryRange(
        {reinterpret_cast<const char*>(head_) + sizeof(RecordHead), length_ - sizeof(RecordHead)});
  }
  /// The text of the last live entry of `kind`; empty if there is none. Walks the record.
  std::string_view text(EntryKind kind) const noexcept;
  /// The value of attribute `key`. Walks the record.
  std::optional<ValueView> attribute(std::string_view key) const noexcept;

private:
  RecordView(const RecordHead* head, std::uint32_t length) noexcept
      : head_(head), length_(length) {}
  const RecordHead* head_;
  std::uint32_t length_;  // as it was checked, whatever the head says later
};

}  // namespace posthaste::model
