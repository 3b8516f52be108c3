#include "runtime/wire/properties.h"

#include "runtime/wire/span_rules.h"
#include "runtime/wire/url_parts.h"

#include <algorithm>
#include <cmath>

namespace posthaste::wire {
namespace {

constexpr std::string_view kept_prefix = "microsoft.gen_ai.main_agent.";

bool belongs_to_exporters(std::string_view key) noexcept {
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

void PropertyWriter::attributes(SeenAttributes& seen) {
  seen.left().without(never_properties).without(ours_).for_each([&](Known key) {
    known(key, seen);
  });
  for (const SeenAttributes::Property& property : seen.others()) other(property, seen);
}

void PropertyWriter::open(std::string_view key) {
  ByteBuffer& out = json_.out();
  char* at = out.room(24 + escaped_bound(key.size()));
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
  out.end_at(at + 3);
}

void PropertyWriter::known(Known key, SeenAttributes& seen) {
  open(key_of(key));
  const model::ValueView& value = seen.value(key);
  if (value.type() == AttributeType::string) {
    const std::string_view text = without_secrets(key, value.string(), seen.scratch());
    json_.text(cut_bytes(text, value_limit_));
  } else {
    this->value(value);
  }
  json_.raw("\"");
}

void PropertyWriter::other(const SeenAttributes::Property& property, SeenAttributes& seen) {
  const std::string_view key = cut_units(property.key, limit::property_key);
  if (belongs_to_exporters(key)) return;
  if (key.size() < property.key.size() && comes_again(property, key, seen)) return;
  open(key);
  const std::string_view text = property.value.string();
  const bool whole = text.size() > value_limit_ && value_limit_ == TextLimits{}.property &&
                     property.value.type() == AttributeType::string && is_conversation(key);
  whole ? json_.text(cut_bytes(text, limit::conversation)) : value(property.value);
  json_.raw("\"");
}

void PropertyWriter::value(const model::ValueView& value) {
  switch (value.type()) {
    case AttributeType::string: return json_.text(cut_bytes(value.string(), value_limit_));
    case AttributeType::boolean: return json_.boolean(value.boolean());
    case AttributeType::int64: return json_.integer(value.int64());
    case AttributeType::float64: {
      const double number = value.float64();
      if (std::isfinite(number)) return json_.number(number);
      if (std::isnan(number)) return json_.raw("NaN");
      return json_.raw(number < 0 ? std::string_view("-Infinity") : std::string_view("Infinity"));
    }
    default: break;
  }
  ByteBuffer text;
  append_array_text(value, value_limit_, text);
  json_.text(text.view());
}

void PropertyWriter::text(Known key, std::string_view text) {
  if (text.empty()) return;
  ours_.set(key);
  open(key_of(key));
  json_.text(cut_bytes(text, value_limit_));
  json_.raw("\"");
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
