#include "runtime/wire/value_text.h"

#include "runtime/wire/base64.h"
#include "runtime/wire/json_writer.h"

#include <cmath>

namespace posthaste::wire {
namespace {

using posthaste::AttributeType;

/// A value as JSON text that ends in front of a limit. What would go past it is left out by whole
/// elements, those of inner arrays first, and nothing follows.
class JsonText {
public:
  JsonText(ByteBuffer& out, std::size_t most) noexcept
      : json_(out), out_(out), end_(out.size() + most) {}

  /// False where something was left out. Writes nothing if not even an empty form fits.
  bool value(const model::ValueView& value) {
    switch (value.type()) {
      case AttributeType::string: return scalar([&] { text(value.string()); });
      case AttributeType::boolean: return scalar([&] { json_.boolean(value.boolean()); });
      case AttributeType::int64: return scalar([&] { json_.integer(value.int64()); });
      case AttributeType::float64: return scalar([&] { json_.number(value.float64()); });
      case AttributeType::none: return scalar([&] { json_.raw("null"); });
      case AttributeType::bytes: return scalar([&] { base64(value.string()); });
      case AttributeType::list: return bracketed("[", "]", [&] { return elements(value); });
      case AttributeType::map: return bracketed("{", "}", [&] { return members(value); });
      default: return bracketed("[", "]", [&] { return packed(value); });
    }
  }

private:
  template <class Write>
  bool scalar(Write&& write) {
    const std::size_t before = out_.size();
    write();
    if (out_.size() <= end_) return true;
    out_.truncate(before);
    return false;
  }
  template <std::size_t N, class Write>
  bool bracketed(const char (&open)[N], const char (&close)[N], Write&& write) {
    if (out_.size() + 2 > end_) return false;
    json_.raw(open);
    --end_;
    const bool whole = write();
    ++end_;
    json_.raw(close);
    return whole;
  }
  /// An element, with what stands in front of it; neither where none of it fits.
  template <class Before>
  bool element(Before&& before, const model::ValueView& value) {
    const std::size_t begin = out_.size();
    before();
    const std::size_t at = out_.size();
    const bool whole = this->value(value);
    if (out_.size() == at) out_.truncate(begin);
    return whole;
  }
  bool elements(const model::ValueView& list) {
    model::EntryRange entries = list.entries();
    const std::size_t begin = out_.size();
    while (const auto entry = entries.next()) {
      const auto comma = [&] { separate(begin); };
      if (!element(comma, entry->value())) return false;
    }
    return true;
  }
  bool members(const model::ValueView& map) {
    model::EntryRange entries = map.entries();
    const std::size_t begin = out_.size();
    while (const auto entry = entries.next()) {
      if (comes_again(entry->key(), entries)) continue;
      const auto key = [&] {
        separate(begin);
        text(entry->key());
        json_.raw(":");
      };
      if (!element(key, entry->value())) return false;
    }
    return true;
  }
  bool packed(const model::ValueView& array) {
    const std::size_t begin = out_.size();
    bool whole = true;
    array.for_each_element([&](auto each) {
      if (!whole) return;
      whole = scalar([&] {
        separate(begin);
        write(each);
      });
    });
    return whole;
  }

  void separate(std::size_t begin) {
    if (out_.size() != begin) json_.raw(",");
  }
  static bool comes_again(std::string_view key, model::EntryRange later) {
    while (const auto entry = later.next()) {
      if (entry->key() == key) return true;
    }
    return false;
  }
  void write(std::string_view element) { text(element); }
  void write(bool element) { json_.boolean(element); }
  void write(std::int64_t element) { json_.integer(element); }
  void write(double element) { json_.number(element); }

  /// Line separators stay as they are: this text is escaped once more as part of the item.
  void text(std::string_view text) {
    json_.raw("\"");
    for (;;) {
      std::size_t at = text.find("\xE2\x80");
      while (at < text.size() && !is_separator(text.substr(at, 3))) {
        at = text.find("\xE2\x80", at + 2);
      }
      json_.text(text.substr(0, at));
      if (at >= text.size()) break;
      out_.append(text.substr(at, 3));
      text.remove_prefix(at + 3);
    }
    json_.raw("\"");
  }
  static bool is_separator(std::string_view character) noexcept {
    return character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9";
  }
  void base64(std::string_view bytes) {
    json_.raw("\"");
    append_base64(bytes, out_);
    json_.raw("\"");
  }

  JsonWriter json_;
  ByteBuffer& out_;
  std::size_t end_;  // the text ends here at the latest; less by a byte for each open bracket
};

}  // namespace

std::string_view text_of_other(const model::ValueView& value, TextScratch& scratch,
                               std::size_t most) {
  switch (value.type()) {
    case AttributeType::boolean: return value.boolean() ? "true" : "false";
    case AttributeType::int64: return scratch.integer(value.int64());
    case AttributeType::float64: return scratch.number(value.float64());
    case AttributeType::none: return "null";
    default: break;
  }
  ByteBuffer& text = scratch.buffer();
  if (value.type() == AttributeType::bytes) {
    append_base64(value.string().substr(0, most / 4 * 3), text);
  } else {
    JsonText(text, most).value(value);
  }
  return scratch.join({text.view()});
}

bool is_truthy_other(const model::ValueView& value) noexcept {
  switch (value.type()) {
    case AttributeType::boolean: return value.boolean();
    case AttributeType::int64: return value.int64() != 0;
    case AttributeType::float64: return value.float64() != 0 && !std::isnan(value.float64());
    case AttributeType::none: return false;
    default: return true;
  }
}

}  // namespace posthaste::wire
