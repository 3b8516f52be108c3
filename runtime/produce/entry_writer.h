#pragma once

/// Writes entries of a record (model/record.h): measures them first, so that a caller takes the
/// room in one piece, then puts their bytes into a sink with `put(const void*, size)`. Pure;
/// application threads.

#include "runtime/model/record.h"
#include "runtime/produce/cut_text.h"
#include "runtime/produce/small_copy.h"

#include <posthaste/attributes.h>

#include <algorithm>
#include <cstdint>

namespace posthaste::produce {

inline constexpr std::size_t key_limit = 1024;  // bytes; a longer key is not an attribute

constexpr std::uint32_t entry_size(std::uint32_t payload) noexcept {
  return static_cast<std::uint32_t>(sizeof(model::EntryHead)) + model::padded(payload);
}

/// Calls `f(key, element)` for each element of a list or a map; none where it lies too deep.
template <class F>
void for_each_nested(const AttributeValue& value, int depth, F&& f) noexcept {
  if (depth >= model::nesting_limit) return;
  if (value.type() == AttributeType::list) {
    for (const AttributeValue& element : value.list()) f(std::string_view(), element);
  } else if (value.type() == AttributeType::map) {
    for (const Attribute& each : value.map()) {
      if (each.key.size() <= key_limit) f(each.key, each.value);
    }
  }
}

/// Bytes that the value takes, strings cut to `value_length` characters; `depth` levels of lists
/// and maps are around it. Saturates.
inline std::uint32_t value_size(const AttributeValue& value, std::uint32_t value_length,
                                int depth = 0) noexcept {
  constexpr std::size_t most = 4 * std::size_t{model::record_size_limit};
  const auto bounded = [most](std::size_t size) {
    return static_cast<std::uint32_t>(std::min(size, most));
  };
  switch (value.type()) {
    case AttributeType::string: return bounded(cut_characters(value.string(), value_length).size());
    case AttributeType::boolean:
    case AttributeType::int64:
    case AttributeType::float64: return 8;
    case AttributeType::boolean_array: return bounded(value.booleans().size());
    case AttributeType::int64_array: return bounded(std::min(value.int64s().size(), most) * 8);
    case AttributeType::float64_array: return bounded(std::min(value.float64s().size(), most) * 8);
    case AttributeType::bytes: return bounded(value.bytes().size());
    case AttributeType::none: return 0;
    case AttributeType::string_array:
    case AttributeType::list:
    case AttributeType::map: break;
  }
  std::size_t size = 0;
  if (value.type() != AttributeType::string_array) {
    for_each_nested(value, depth, [&](std::string_view key, const AttributeValue& element) {
      if (size > most) return;
      const auto key_size = static_cast<std::uint32_t>(key.size());
      size += entry_size(key_size + value_size(element, value_length, depth + 1));
    });
    return bounded(size);
  }
  for (const std::string_view element : value.strings()) {
    size += 4 + std::min(cut_characters(element, value_length).size(), most);
    if (size > most) break;
  }
  return bounded(size);
}

template <class Sink>
void put_valued_entry(Sink&& sink, model::EntryKind kind, std::string_view key,
                      const AttributeValue& value, std::uint32_t value_bytes,
                      std::uint32_t value_length, int depth = 0) noexcept;

/// Puts a value of at most `size` bytes; a string longer than that is cut.
template <class Sink>
void put_value(Sink&& sink, const AttributeValue& value, std::uint32_t size,
               std::uint32_t value_length, int depth = 0) noexcept {
  switch (value.type()) {
    case AttributeType::string: sink.put(value.string().data(), size); return;
    case AttributeType::boolean:
    case AttributeType::int64:
    case AttributeType::float64: {
      const std::uint64_t word = value.word();
      sink.put(&word, 8);
      return;
    }
    case AttributeType::boolean_array: sink.put(value.booleans().data(), size); return;
    case AttributeType::int64_array: sink.put(value.int64s().data(), size); return;
    case AttributeType::float64_array: sink.put(value.float64s().data(), size); return;
    case AttributeType::string_array:
      for (const std::string_view element : value.strings()) {
        const std::string_view kept = cut_characters(element, value_length);
        const auto length = static_cast<std::uint32_t>(kept.size());
        sink.put(&length, 4);
        sink.put(kept.data(), length);
      }
      return;
    case AttributeType::bytes: sink.put(value.bytes().data(), size); return;
    case AttributeType::none: return;
    case AttributeType::list:
    case AttributeType::map:
      for_each_nested(value, depth, [&](std::string_view key, const AttributeValue& element) {
        put_valued_entry(sink, model::EntryKind::attribute, key, element,
                         value_size(element, value_length, depth + 1), value_length, depth + 1);
      });
      return;
  }
}

template <class Sink>
void put_padding(Sink&& sink, std::uint32_t payload) noexcept {
  static constexpr char zeros[8] = {};
  sink.put(zeros, model::padded(payload) - payload);
}

template <class Sink>
void put_text_entry(Sink&& sink, model::EntryKind kind, std::string_view text) noexcept {
  const auto size = static_cast<std::uint32_t>(text.size());
  const model::EntryHead head{kind, 0, 0, size};
  sink.put(&head, sizeof head);
  sink.put(text.data(), size);
  put_padding(sink, size);
}

/// One attribute or body (a body has no key). `value_bytes` as value_size said, or less for a
/// string.
template <class Sink>
void put_valued_entry(Sink&& sink, model::EntryKind kind, std::string_view key,
                      const AttributeValue& value, std::uint32_t value_bytes,
                      std::uint32_t value_length, int depth) noexcept {
  const auto key_size = static_cast<std::uint16_t>(key.size());
  const std::uint32_t payload = key_size + value_bytes;
  const model::EntryHead head{kind, static_cast<std::uint8_t>(value.type()), key_size, payload};
  sink.put(&head, sizeof head);
  if (model::is_word(value.type())) {
    put_value(sink, value, value_bytes, value_length);
    sink.put(key.data(), key_size);
  } else {
    sink.put(key.data(), key_size);
    put_value(sink, value, value_bytes, value_length, depth);
  }
  put_padding(sink, payload);
}

/// The same as value_size, in line for what most values are.
[[gnu::always_inline]] inline std::uint32_t short_value_size(const AttributeValue& value,
                                                             std::uint32_t value_length) noexcept {
  if (model::is_word(value.type())) return 8;
  if (value.type() == AttributeType::string && value.string().size() <= value_length &&
      value.string().size() <= model::record_size_limit) {
    return static_cast<std::uint32_t>(value.string().size());
  }
  return value_size(value, value_length);
}

/// The sink for room that is in one piece.
struct FlatSink {
  std::byte* at;
  void put(const void* bytes, std::uint32_t size) noexcept {
    if (size != 0) std::memcpy(at, bytes, size);
    at += size;
  }
};

/// The same as put_valued_entry, where the room is in one piece; the padding stays as it is.
[[gnu::always_inline]] inline void put_in_place(FlatSink& sink, model::EntryKind kind,
                                                std::string_view key, const AttributeValue& value,
                                                std::uint32_t value_bytes,
                                                std::uint32_t value_length) noexcept {
  const auto key_size = static_cast<std::uint16_t>(key.size());
  const std::uint32_t payload = key_size + value_bytes;
  const model::EntryHead head{kind, static_cast<std::uint8_t>(value.type()), key_size, payload};
  std::byte* const at = sink.at + sizeof head;
  std::memcpy(sink.at, &head, sizeof head);
  if (model::is_word(value.type())) {
    const std::uint64_t word = value.word();
    std::memcpy(at, &word, sizeof word);
    copy_small(at + sizeof word, key.data(), key_size);
  } else {
    copy_small(at, key.data(), key_size);
    if (value.type() == AttributeType::string) {
      copy_small(at + key_size, value.string().data(), value_bytes);
    } else {
      put_value(FlatSink{at + key_size}, value, value_bytes, value_length);
    }
  }
  sink.at = at + model::padded(payload);
}

/// A list of attributes as it will be written: unusable keys and those set again later left out, at
/// most `limit` of them.
class AttributeList {
public:
  AttributeList(Attributes attributes, std::uint32_t limit, std::uint32_t value_length) noexcept
      : attributes_(attributes), value_length_(value_length) {
    if (attributes.size() <= limit && measure_all()) return;
    all_ = false;
    size_ = 0;
    walk(dropped_, [&](const Attribute& attribute) {
      if (kept_ == limit) {
        ++dropped_;
        return;
      }
      ++kept_;
      size_ += size_of(attribute);
    });
  }

  std::uint32_t kept() const noexcept { return kept_; }
  std::uint32_t dropped() const noexcept { return dropped_; }
  std::uint64_t size() const noexcept { return size_; }

  template <class Sink>
  void put(Sink&& sink) const noexcept {
    for_each_kept([&](const Attribute& attribute) {
      put_valued_entry(sink, model::EntryKind::attribute, attribute.key, attribute.value,
                       value_size(attribute.value, value_length_), value_length_);
    });
  }
  void put(FlatSink& sink) const noexcept {
    if (!all_) [[unlikely]]
      return put<FlatSink&>(sink);
    for (const Attribute& each : attributes_) {
      put_in_place(sink, model::EntryKind::attribute, each.key, each.value,
                   short_value_size(each.value, value_length_), value_length_);
    }
  }

private:
  std::uint64_t size_of(const Attribute& attribute) const noexcept {
    return entry_size(static_cast<std::uint32_t>(attribute.key.size()) +
                      short_value_size(attribute.value, value_length_));
  }
  static bool is_usable(std::string_view key) noexcept { return key.size() - 1 < key_limit; }

  /// False where a key is not usable, or comes twice.
  bool measure_all() noexcept {
    std::uint64_t seen = 0;  // of keys, by what tells most of them apart
    for (const Attribute& each : attributes_) {
      const std::string_view key = each.key;
      if (!is_usable(key)) [[unlikely]]
        return false;
      const std::size_t sum = key.size() * 8 + static_cast<std::uint8_t>(key.front()) +
                              static_cast<std::uint8_t>(key.back()) * 3u;
      const std::uint64_t bit = std::uint64_t{1} << sum % 64;
      if ((seen & bit) != 0 && is_repeated(each)) [[unlikely]]
        return false;
      seen |= bit;
      size_ += size_of(each);
    }
    kept_ = static_cast<std::uint32_t>(attributes_.size());
    return true;
  }
  /// Whether one before it has the same key.
  bool is_repeated(const Attribute& attribute) const noexcept {
    return std::any_of(attributes_.begin(), &attribute,
                       [&](const Attribute& before) { return before.key == attribute.key; });
  }

  template <class F>
  void for_each_kept(F&& f) const noexcept {
    if (all_) [[likely]] {
      for (const Attribute& each : attributes_) f(each);
      return;
    }
    std::uint32_t left = kept_;
    std::uint32_t ignored = 0;
    walk(ignored, [&](const Attribute& attribute) {
      if (left == 0) return;
      --left;
      f(attribute);
    });
  }
  template <class F>
  void walk(std::uint32_t& unusable, F&& f) const noexcept {
    for (const Attribute* at = attributes_.begin(); at != attributes_.end(); ++at) {
      if (!is_usable(at->key)) {
        ++unusable;
        continue;
      }
      const bool set_again = std::any_of(
          at + 1, attributes_.end(), [&](const Attribute& later) { return later.key == at->key; });
      if (!set_again) f(*at);
    }
  }

  Attributes attributes_;
  std::uint32_t value_length_;
  std::uint32_t kept_ = 0;
  std::uint32_t dropped_ = 0;
  bool all_ = true;  // every attribute is kept
  std::uint64_t size_ = 0;
};

}  // namespace posthaste::produce
