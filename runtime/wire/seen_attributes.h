#pragma once

/// The attributes of one record, event or log, sorted while its entries are walked once: those that
/// the mapping knows into a place each, the others into a list for the properties. Rules then read
/// by name, and mark what a field or tag of the envelope carries; what nobody carries becomes a
/// property.
///
/// Threads: none; belongs to one encoder, used again for every record (keeps its memory).

#include "runtime/wire/known_attribute.h"
#include "runtime/wire/value_text.h"

#include <array>
#include <bit>
#include <initializer_list>
#include <span>
#include <vector>

namespace posthaste::wire {

/// A set of known keys, for questions about several at once.
struct KnownSet {
  std::array<std::uint64_t, 2> words{};
  static_assert(known_count <= 128);

  constexpr KnownSet() = default;
  constexpr KnownSet(std::initializer_list<Known> keys) {
    for (const Known key : keys) set(key);
  }
  constexpr void set(Known key) noexcept { words[index(key) / 64] |= bit(key); }
  constexpr bool test(Known key) const noexcept { return (words[index(key) / 64] & bit(key)) != 0; }
  constexpr bool any() const noexcept { return (words[0] | words[1]) != 0; }
  constexpr KnownSet operator&(const KnownSet& other) const noexcept {
    KnownSet both;
    both.words = {words[0] & other.words[0], words[1] & other.words[1]};
    return both;
  }
  constexpr KnownSet& operator|=(const KnownSet& other) noexcept {
    for (std::size_t i = 0; i < words.size(); ++i) words[i] |= other.words[i];
    return *this;
  }
  constexpr KnownSet without(const KnownSet& other) const noexcept {
    KnownSet rest;
    rest.words = {words[0] & ~other.words[0], words[1] & ~other.words[1]};
    return rest;
  }
  template <class F>
  constexpr void for_each(F&& f) const {
    any_of([&f](Known key) {
      f(key);
      return false;
    });
  }
  /// Whether `f` says so of one of them; asks no further then.
  template <class F>
  constexpr bool any_of(F&& f) const {
    for (std::size_t i = 0; i < words.size(); ++i) {
      for (std::uint64_t left = words[i]; left != 0; left &= left - 1) {
        if (f(static_cast<Known>(64 * i + static_cast<std::size_t>(std::countr_zero(left)))))
          return true;
      }
    }
    return false;
  }

private:
  static constexpr std::size_t index(Known key) noexcept { return static_cast<std::size_t>(key); }
  static constexpr std::uint64_t bit(Known key) noexcept {
    return std::uint64_t{1} << (index(key) % 64);
  }
};

class SeenAttributes {
public:
  struct Property {
    std::string_view key;
    model::ValueView value;
  };

  explicit SeenAttributes(TextScratch& scratch) noexcept : scratch_(scratch) {}

  void clear() noexcept {
    seen_ = {};
    carried_ = {};
    others_.clear();
  }
  /// `entry` is an attribute. A known key seen twice keeps its last value.
  [[gnu::always_inline]] void add(const model::EntryView& entry) {
    // EntryRange has checked that key and value lie in the payload.
    const bool word = model::is_word(entry.type());
    const char* const payload = entry.payload.data();
    const std::size_t key_size = entry.head.key_size;
    const std::string_view key(payload + (word ? 8 : 0), key_size);
    const model::ValueView value(
        entry.type(), word ? std::string_view(payload, 8)
                           : std::string_view(payload + key_size, entry.head.size - key_size));
    if (const auto known = find_known(key)) [[likely]] {
      seen_.set(*known);
      values_[static_cast<std::size_t>(*known)] = value;
    } else {
      others_.push_back({key, value});
    }
  }

  bool has(Known key) const noexcept { return seen_.test(key); }
  bool has_any(const KnownSet& keys) const noexcept { return (seen_ & keys).any(); }
  /// Only for a key that it has.
  const model::ValueView& value(Known key) const noexcept {
    return values_[static_cast<std::size_t>(key)];
  }

  /// The first of `keys` whose value is given (not empty, not 0).
  template <Known... keys>
  std::optional<Known> first_of() const noexcept {
    constexpr KnownSet set{keys...};
    if (!has_any(set)) return std::nullopt;
    std::optional<Known> first;
    // The first that is given ends the search.
    static_cast<void>((is_given(keys, first) || ...));
    return first;
  }
  /// Its text; empty if there is none.
  std::string_view text(std::optional<Known> key) {
    return key && has(*key) ? text_of(value(*key), scratch_) : std::string_view();
  }
  template <Known... keys>
  std::string_view text() {
    return text(first_of<keys...>());
  }
  /// The same, and says that the envelope carries it.
  std::string_view carry(std::optional<Known> key) {
    if (!key) return {};
    carried(*key);
    return text(key);
  }
  template <Known... keys>
  std::string_view carry() {
    return carry(first_of<keys...>());
  }
  /// The value as a whole number: an integer, an integral double, or digits.
  std::optional<std::int64_t> integer(std::optional<Known> key) const noexcept;

  /// The value as a number: a number, or a text that says one as JavaScript reads it (with blanks
  /// around it, or as 0x1F4), as the exporter that we follow does.
  std::optional<double> number(std::optional<Known> key) const noexcept;

  /// The envelope carries `key` in a field or tag, so it is no property.
  void carried(Known key) noexcept { carried_.set(key); }
  void carried(const KnownSet& keys) noexcept { carried_ |= keys; }
  /// The same for any of `keys` whose text is `text`.
  void carried_as(std::string_view text, std::initializer_list<Known> keys);

  const KnownSet& all() const noexcept { return seen_; }
  /// Known keys that are to become properties.
  KnownSet left() const noexcept { return seen_.without(carried_); }
  std::span<const Property> others() const noexcept { return others_; }
  TextScratch& scratch() noexcept { return scratch_; }

private:
  bool is_given(Known key, std::optional<Known>& first) const noexcept {
    if (!has(key) || !is_truthy(value(key))) return false;
    first = key;
    return true;
  }

  TextScratch& scratch_;
  KnownSet seen_;
  KnownSet carried_;
  std::array<model::ValueView, known_count> values_;
  std::vector<Property> others_;
};

}  // namespace posthaste::wire
