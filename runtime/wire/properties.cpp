#include "runtime/wire/properties.h"

#include "runtime/wire/json_number.h"
#include "runtime/wire/span_rules.h"
#include "runtime/wire/url_parts.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace posthaste::wire {
namespace {

constexpr std::string_view kept_prefix = "microsoft.gen_ai.main_agent.";

bool belongs_to_exporters(std::string_view key) noexcept {
  if (key.empty() || (key.front() != '_' && key.front() != 'm')) return false;
  if (key.starts_with("_MS.")) return key != "_MS.ProcessedByMetricExtractors";
  return key.starts_with("microsoft.") && !key.starts_with(kept_prefix);
}

/// What a language model read and wrote may be longer than other values.
bool is_conversation(std::string_view key) noexcept {
  constexpr std::string_view keys[] = {"gen_ai.input.messages",        "gen_ai.output.messages",
                                       "gen_ai.system_instructions",   "gen_ai.tool.definitions",
                                       "gen_ai.tool.call.arguments",   "gen_ai.tool.call.result",
                                       "gen_ai.evaluation.explanation"};
  return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

/// Two long keys that are one when cut: the later attribute wins, as of two equal keys.
bool comes_again(const SeenAttributes::Property& property, std::string_view cut,
                 SeenAttributes& seen) {
  const auto others = seen.others();
  return std::any_of(&property + 1, others.data() + others.size(), [cut](const auto& later) {
    return cut_units(later.key, limit::property_key) == cut;
  });
}

/// The same of a metric point's.
bool comes_again(std::string_view cut, model::EntryRange later) {
  while (const auto entry = later.next()) {
    if (cut_units(entry->key(), limit::property_key) == cut) return true;
  }
  return false;
}

/// Around a key: separators, quotation marks, the name of the map before the first.
constexpr std::size_t key_overhead = 24;

/// The text of a value that is a word.
constexpr std::size_t longest_word = 32;

char* put_any_number(char* at, double number) noexcept {
  if (std::isfinite(number)) return put_number(at, number);
  if (std::isnan(number)) return put_literal(at, "NaN");
  return number < 0 ? put_literal(at, "-Infinity") : put_literal(at, "Infinity");
}

std::string_view without_secrets(Known key, std::string_view text, TextScratch& scratch) {
  switch (key) {
    case Known::url_full:
    case Known::http_url:
    case Known::http_target: return redacted_url(text, scratch);
    case Known::url_query: return redacted_query(text, scratch);
    default: return text;
  }
}

}  // namespace

void PropertyWriter::attributes(SeenAttributes& seen, const KnownSet& never, Null null) {
  null_ = null;
  seen.left().without(never).without(ours_).for_each([&](Known key) { known(key, seen); });
  for (const SeenAttributes::Property& property : seen.others()) other(property, seen);
}

void PropertyWriter::all(model::EntryRange attributes, TextScratch& scratch) {
  while (const auto entry = attributes.next()) {
    if (entry->head.kind != model::EntryKind::attribute || is_left_out(entry->value())) continue;
    const std::string_view key = cut_units(entry->key(), limit::property_key);
    if (key.size() < entry->key().size() && comes_again(key, attributes)) continue;
    value_property(key, entry->value(), scratch);
  }
}

char* PropertyWriter::put_key(char* at, std::string_view key) noexcept {
  if (empty_) {
    std::memcpy(at, R"(,"properties":{")", 16);
    at += 16;
  } else {
    std::memcpy(at, ",\"", 2);
    at += 2;
  }
  empty_ = false;
  at = escape(at, key);
  std::memcpy(at, "\":\"", 3);
  return at + 3;
}

char* PropertyWriter::put_word(char* at, const model::ValueView& value) noexcept {
  if (value.type() == AttributeType::float64) return put_any_number(at, value.float64());
  if (value.type() == AttributeType::int64) {
    return std::to_chars(at, at + longest_word, value.int64()).ptr;
  }
  return value.boolean() ? put_literal(at, "true") : put_literal(at, "false");
}

void PropertyWriter::open(std::string_view key) {
  ByteBuffer& out = json_.out();
  out.end_at(put_key(out.room(key_overhead + escaped_bound(key.size())), key));
}

void PropertyWriter::text_property(std::string_view key, std::string_view value) {
  ByteBuffer& out = json_.out();
  const std::size_t bound = escaped_bound(key.size()) + escaped_bound(value.size());
  char* at = put_key(out.room(key_overhead + bound), key);
  at = escape(at, value);
  *at++ = '"';
  out.end_at(at);
}

std::size_t PropertyWriter::limit_of(std::string_view key,
                                     const model::ValueView& value) const noexcept {
  const bool may_be_long =
      value.type() != AttributeType::string || value.string().size() > value_limit_;
  return may_be_long && is_conversation(key) ? conversation_limit_ : value_limit_;
}

void PropertyWriter::value_property(std::string_view key, const model::ValueView& value,
                                    TextScratch& scratch) {
  if (value.type() == AttributeType::string) {
    return text_property(key, cut_bytes(value.string(), limit_of(key, value)));
  }
  if (value.type() > AttributeType::float64) {
    return text_property(key, text_of(value, scratch, limit_of(key, value)));
  }
  ByteBuffer& out = json_.out();
  char* at = put_key(out.room(key_overhead + escaped_bound(key.size()) + longest_word), key);
  at = put_word(at, value);
  *at++ = '"';
  out.end_at(at);
}

void PropertyWriter::known(Known key, SeenAttributes& seen) {
  const model::ValueView& value = seen.value(key);
  if (value.type() != AttributeType::string)
    return value_property(key_of(key), value, seen.scratch());
  // An empty one of the exporters' list says nothing that a field could carry.
  if (value.string().empty() && never_properties_of_events.test(key)) return;
  const std::string_view text = without_secrets(key, value.string(), seen.scratch());
  text_property(key_of(key), cut_bytes(text, value_limit_));
}

void PropertyWriter::other(const SeenAttributes::Property& property, SeenAttributes& seen) {
  const std::string_view key = cut_units(property.key, limit::property_key);
  if (belongs_to_exporters(key)) return;
  if (key.size() < property.key.size() && comes_again(property, key, seen)) return;
  const model::ValueView& value = property.value;
  if (is_left_out(value)) return;
  value_property(key, value, seen.scratch());
}

void PropertyWriter::text(Known key, std::string_view text) {
  if (text.empty()) return;
  ours_.set(key);
  text_property(key_of(key), cut_bytes(text, value_limit_));
}

void PropertyWriter::text(Known key, std::string_view text, const SeenAttributes& seen) {
  if (seen.has(key) && seen.value(key).type() != AttributeType::none) return;
  this->text(key, text);
}

void PropertyWriter::constant(std::string_view key, std::string_view text) {
  if (!text.empty()) text_property(key, cut_bytes(text, value_limit_));
}

void PropertyWriter::count(Known key, std::uint64_t count) {
  if (count == 0) return;
  ours_.set(key);
  open(key_of(key));
  json_.integer(static_cast<std::int64_t>(count));
  json_.raw("\"");
}

void PropertyWriter::links(std::span<const model::LinkView> links) {
  if (links.empty()) return;
  open("_MS.links");
  const std::size_t count = std::min({links.size(), limit::links, value_limit_ / 81});
  for (std::size_t i = 0; i < count; ++i) {
    json_.raw(i == 0 ? std::string_view(R"([{\"operation_Id\":\")")
                     : std::string_view(R"(,{\"operation_Id\":\")"));
    json_.hex16(links[i].head.trace_id.bytes.data());
    json_.raw(R"(\",\"id\":\")");
    json_.hex8(links[i].head.span_id.bytes.data());
    json_.raw(R"(\"})");
  }
  json_.raw(count == 0 ? std::string_view("[]\"") : std::string_view("]\""));
}

void PropertyWriter::close() {
  if (!empty_) json_.raw("}");
}

}  // namespace posthaste::wire
