#pragma once

/// Attribute values as text, the form that tags, fields and properties take: strings as they are,
/// `true`, `42`, `1.5`, NaN and infinities by name, arrays as JSON text in which whole elements are
/// left out where the limit is reached.
///
/// Pure; called by the encoders.

#include "runtime/model/record_view.h"
#include "runtime/wire/byte_buffer.h"
#include "runtime/wire/text_scratch.h"

namespace posthaste::wire {

/// `array` as JSON text of at most `most` bytes, appended to `out`.
void append_array_text(const model::ValueView& array, std::size_t most, ByteBuffer& out);

/// The text of any value; borrows from the record or from `scratch`.
std::string_view text_of_other(const model::ValueView& value, TextScratch& scratch);
inline std::string_view text_of(const model::ValueView& value, TextScratch& scratch) {
  if (value.type() == AttributeType::string) [[likely]]
    return value.string();
  return text_of_other(value, scratch);
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
