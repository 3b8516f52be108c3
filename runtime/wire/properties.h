#pragma once

/// Writes the `properties` of an item: every attribute that nothing else of the item carries, and
/// what we add ourselves. Keys with the prefixes `microsoft.` and `_MS.` belong to the exporters
/// and stay out. Threads: none.

#include "runtime/wire/item_writer.h"
#include "runtime/wire/seen_attributes.h"

#include <span>

namespace posthaste::wire {

class PropertyWriter {
public:
  explicit PropertyWriter(ItemWriter& item) noexcept
      : json_(item.json()),
        value_limit_(item.limits().property),
        conversation_limit_(item.limits().conversation) {}

  /// Attributes without a value are left out, as on spans, or are the text `null`, as on logs.
  enum class Null : std::uint8_t { left_out, text };
  /// Every attribute that is left and not of `never`. Those with URLs are written without their
  /// secrets.
  void attributes(SeenAttributes& seen, const KnownSet& never, Null null);
  /// Every attribute of a metric point, whatever its key.
  void all(model::EntryRange attributes, TextScratch& scratch);
  /// One of ours, whose key needs no escaping; an empty text writes nothing.
  void text(Known key, std::string_view text);
  /// The same, but an attribute of that key which the application gave stays.
  void text(Known key, std::string_view text, const SeenAttributes& seen);
  /// One of ours that no attribute is called, whose key needs no escaping.
  void constant(std::string_view key, std::string_view text);
  void count(Known key, std::uint64_t count);
  /// `_MS.links`, at most 100 of them.
  void links(std::span<const model::LinkView> links);
  /// Must be called; without a property it writes nothing.
  void close();

private:
  void known(Known key, SeenAttributes& seen);
  void other(const SeenAttributes::Property& property, SeenAttributes& seen);
  bool is_left_out(const model::ValueView& value) const noexcept {
    return value.type() == AttributeType::none && null_ == Null::left_out;
  }
  /// Writes what comes before a value at `at`, which has room for it.
  char* put_key(char* at, std::string_view key) noexcept;
  static char* put_word(char* at, const model::ValueView& value) noexcept;
  void open(std::string_view key);
  void text_property(std::string_view key, std::string_view value);
  void value_property(std::string_view key, const model::ValueView& value, TextScratch& scratch);
  /// What a value's text is cut to; values that are short anyhow need no look at the key.
  std::size_t limit_of(std::string_view key, const model::ValueView& value) const noexcept;

  JsonWriter& json_;
  std::size_t value_limit_;
  std::size_t conversation_limit_;
  Null null_ = Null::left_out;
  KnownSet ours_;  // written by text() and count(): an attribute of that key is not written again
  bool empty_ = true;
};

}  // namespace posthaste::wire
