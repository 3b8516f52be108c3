#pragma once

/// Attribute values as text, the form that tags, fields and properties take: strings as they are,
/// `true`, `42`, `1.5`, NaN and infinities by name, bytes as base64, arrays, lists and maps as JSON
/// text in which whole elements are left out where the limit is reached, no value as `null`.
///
/// Pure; called by the encoders.

#include "runtime/model/record_view.h"
#include "runtime/wire/byte_buffer.h"
#include "runtime/wire/text_scratch.h"

namespace posthaste::wire {

/// What a value's JSON text is cut to where nothing else says so.
inline constexpr std::size_t json_text_limit = 8'192;

/// The text of any value, JSON text at most `most` bytes long; borrows from the record or from
/// `scratch`.
std::string_view text_of_other(const model::ValueView& value, TextScratch& scratch,
                               std::size_t most);
inline std::string_view text_of(const model::ValueView& value, TextScratch& scratch,
                                std::size_t most = json_text_limit) {
  if (value.type() == AttributeType::string) [[likely]]
    return value.string();
  return text_of_other(value, scratch, most);
}

/// OpenTelemetry's booleans, 0, 0.0 and empty strings count as "not given" where one of several
/// attributes is chosen.
bool is_truthy_other(const model::ValueView& value) noexcept;
inline bool is_truthy(const model::ValueView& value) noexcept {
  if (value.type() == AttributeType::string) [[likely]]
    return !value.string().empty();
  return is_truthy_other(value);
}

}  // namespace posthaste::wire
